"""Settings come from the environment and from `.env`; what is wrong with them is said in words."""

import os
from pathlib import Path

import pytest

from domain.errors import NotReady
from settings import Settings, read_settings


@pytest.fixture
def env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A `.env` of this test's own, and no variable of ours in the environment."""
    for name in [name for name in os.environ if name.upper().startswith("TOUCHLINE_")]:
        monkeypatch.delenv(name)
    file = tmp_path / "env"
    file.touch()
    monkeypatch.setitem(Settings.model_config, "env_file", file)
    return file


def test_names_of_other_programs_in_the_file_are_theirs(env_file: Path) -> None:
    """Docker compose reads its own variables from the same file."""
    env_file.write_text("POSTGRES_PASSWORD=secret\nTEMPORAL_PORT=7300\nTOUCHLINE_TASK_QUEUE=mine\n")
    assert read_settings().task_queue == "mine"


@pytest.mark.parametrize("place", ["file", "environment"])
def test_an_unknown_name_of_ours_is_an_error_wherever_it_stands(
    env_file: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Nobody reads it, so nothing else would say so; the name that was probably meant is given."""
    if place == "file":
        env_file.write_text("TOUCHLINE_TENNANT=x\n")
    else:
        monkeypatch.setenv("TOUCHLINE_TENNANT", "x")
    with pytest.raises(
        NotReady, match=r"^TOUCHLINE_TENNANT: there is no such setting; did you mean TOUCHLINE_TENANT\?$"
    ):
        read_settings()


def test_the_name_of_the_file_is_known(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no field, because it is read before the fields are."""
    monkeypatch.setenv("TOUCHLINE_ENV_FILE", str(env_file))
    assert read_settings() == Settings()


def test_the_environment_goes_before_the_file(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that one run can differ."""
    env_file.write_text("TOUCHLINE_TASK_QUEUE=file\n")
    monkeypatch.setenv("TOUCHLINE_TASK_QUEUE", "environment")
    assert read_settings().task_queue == "environment"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_PORT", "0"),
        ("SMTP_PORT", "65536"),
        ("DEFAULT_REGION", "UK"),
        ("DEFAULT_REGION", "us"),
        ("PUBLIC_URL", "example.com"),
        ("PUBLIC_URL", "ftp://example.com"),
        ("PUBLIC_URL", "https://"),
        ("PUBLIC_URL", "https://[bad"),
        ("SECRET_KEYS", "k" * 31),
        ("SECRET_KEYS", f"{'k' * 32}, {'o' * 31}"),
    ],
)
def test_a_value_that_could_never_work_is_refused_at_once(
    env_file: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Named, and not found out by the first message that needs it."""
    monkeypatch.setenv(f"TOUCHLINE_{name}", value)
    with pytest.raises(NotReady, match=f"^TOUCHLINE_{name}: "):
        read_settings()


def test_every_fault_is_named_at_once(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One round of fixing is enough."""
    monkeypatch.setenv("TOUCHLINE_SMTP_PORT", "many")
    monkeypatch.setenv("TOUCHLINE_DEFAULT_REGION", "XX")
    with pytest.raises(NotReady) as refused:
        read_settings()
    assert [fault.partition(":")[0] for fault in str(refused.value).split("; ")] == [
        "TOUCHLINE_DEFAULT_REGION",
        "TOUCHLINE_SMTP_PORT",
    ]
