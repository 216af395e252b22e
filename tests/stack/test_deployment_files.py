"""What describes a deployment agrees with the code."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from domain.ids import SEARCH_ATTRIBUTES
from settings import Settings

ROOT = Path(__file__).resolve().parents[2]
_VARIABLE = re.compile(r"^#? ?(TOUCHLINE_[A-Z_]+)=(.*)$", re.MULTILINE)


def _compose() -> list[str] | None:
    """The Compose client at hand: Docker's plugin, or the stand-alone one."""
    if shutil.which("docker"):
        found = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if found.returncode == 0:
            return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else None


def _services() -> dict[str, dict[str, object]]:
    services: dict[str, dict[str, object]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return services


PASSWORDS = ("POSTGRES_PASSWORD", "TEMPORAL_POSTGRES_PASSWORD", "APP_POSTGRES_PASSWORD")


def _check_by_compose(folder: Path, passwords: Iterable[str]) -> subprocess.CompletedProcess[str]:
    compose = _compose()
    if compose is None:
        pytest.skip("no Compose client is installed")
    env = {name: text for name, text in os.environ.items() if name not in PASSWORDS}
    env_file = folder / "env"
    env_file.write_text("".join(f"{name}=secret\n" for name in passwords))
    return subprocess.run(
        [*compose, "--env-file", env_file, "-f", "docker-compose.yml", "config", "-q"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_compose_accepts_the_file(tmp_path: Path) -> None:
    """Compose's own config check passes; it needs no engine."""
    done = _check_by_compose(tmp_path, PASSWORDS)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("left_out", PASSWORDS)
def test_no_password_has_a_default(tmp_path: Path, left_out: str) -> None:
    """Whoever has not made one is told so by name, and nothing starts with one that everybody knows."""
    done = _check_by_compose(tmp_path, {*PASSWORDS} - {left_out})
    assert done.returncode != 0
    assert left_out in done.stderr
    assert not re.search(r"PASSWORD:?-", (ROOT / "docker-compose.yml").read_text())


def test_the_command_that_makes_the_passwords_makes_them(tmp_path: Path) -> None:
    """It stands at the head of the file, makes each once, of letters and digits, and for its owner's eyes alone."""
    head = (ROOT / "docker-compose.yml").read_text().partition("x-locked")[0]
    command = "\n".join(line.removeprefix("#").removeprefix("   ") for line in head.splitlines() if line[:4] == "#   ")
    subprocess.run(["sh", "-euc", command], cwd=tmp_path, check=True)
    made = dict(line.split("=") for line in (tmp_path / ".env").read_text().splitlines())
    assert tuple(made) == PASSWORDS
    assert all(re.fullmatch(r"[a-z0-9]{40,}", password) for password in made.values())
    assert len({*made.values()}) == len(PASSWORDS)
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0


def test_no_service_may_do_what_it_need_not() -> None:
    """No capability but PostgreSQL's own at its start, no way to more; what is ours writes nowhere but its volumes."""
    for name, service in _services().items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert ("cap_add" in service) is (name == "postgres")
    for name in ("postgres", "migrate", "worker", "api"):
        assert _services()[name]["read_only"] is True, name


def test_only_the_migration_has_the_owner() -> None:
    """Worker and API log in as a role that owns nothing; PostgreSQL's superuser is no server's."""
    users = {name: _database_users(service) for name, service in _services().items()}
    assert users == {
        "postgres": set(),
        "temporal-schema": {"temporal"},
        "temporal": {"temporal"},
        "temporal-namespace": set(),
        "temporal-ui": set(),
        "migrate": {"postgres", "touchline"},
        "worker": {"touchline"},
        "api": {"touchline"},
    }


def _database_users(service: dict[str, object]) -> set[str]:
    environment = service.get("environment", {})
    assert isinstance(environment, dict)
    named = {str(environment[name]) for name in ("SQL_USER", "POSTGRES_USER") if name in environment}
    return named | {user for value in environment.values() for user in re.findall(r"postgres://(\w+):", str(value))}


def test_compose_pins_every_image() -> None:
    """The same file runs the same servers next year."""
    for name, service in _services().items():
        assert re.search(r":\d+\.\d+", str(service["image"])), name


def test_compose_registers_the_search_attributes() -> None:
    """A cluster from the file knows the attributes that workflows carry."""
    command = str(_services()["temporal-namespace"]["command"])
    assert all(attribute in command for attribute in SEARCH_ATTRIBUTES)


def test_compose_hands_over_settings_that_exist() -> None:
    """A process refuses settings that it does not know, so a misspelt one would keep it from starting."""
    known = {f"TOUCHLINE_{name.upper()}" for name in Settings.model_fields}
    for service in ("worker", "api"):
        environment = _services()[service]["environment"]
        assert isinstance(environment, dict)
        assert {name for name in environment if name.startswith("TOUCHLINE_")} <= known


def test_compose_hands_over_every_setting() -> None:
    """What is set in the caller's environment holds, but for what the file itself decides: its servers and folders."""
    decided = re.compile(
        r"TOUCHLINE_(TEMPORAL_.+|TASK_QUEUE|SEARCH_ATTRIBUTES|DATABASE_OWNER_URL|TWILIO_BASE_URL|(OUTBOX|STATE)_DIR)"
    )
    environment = _services()["api"]["environment"]
    assert isinstance(environment, dict)
    left_out = {f"TOUCHLINE_{name.upper()}" for name in Settings.model_fields} - set(environment)
    assert {name for name in left_out if not decided.fullmatch(name)} == set()


def test_compose_gives_worker_and_api_the_same_settings() -> None:
    """What one puts into a message (a link, a token) the other must be able to read."""
    worker, api = _services()["worker"]["environment"], _services()["api"]["environment"]
    assert isinstance(worker, dict)
    assert isinstance(api, dict)
    assert {name: api.get(name, "missing") for name in worker} == worker
    assert {"TOUCHLINE_PUBLIC_URL", "TOUCHLINE_SECRET_KEYS"} <= set(worker)


def test_the_example_file_names_every_setting() -> None:
    """`.env.example` and the settings do not drift apart."""
    named = {name for name, _ in _VARIABLE.findall((ROOT / ".env.example").read_text())}
    assert named == {f"TOUCHLINE_{name.upper()}" for name in Settings.model_fields}


def test_the_example_file_shows_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uncommenting every line that has a value changes nothing."""
    shown = dict(_VARIABLE.findall((ROOT / ".env.example").read_text()))
    for name in shown:
        monkeypatch.delenv(name, raising=False)
    default = Settings(_env_file=None)
    for name, value in shown.items():
        if value:
            monkeypatch.setenv(name, value)
    assert Settings(_env_file=None) == default
