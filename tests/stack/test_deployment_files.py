"""What describes a deployment agrees with the code."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from settings import Settings
from starter.temporal_server import SEARCH_ATTRIBUTES

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


def test_compose_accepts_the_file() -> None:
    """Compose's own config check passes; it needs no engine."""
    compose = _compose()
    if compose is None:
        pytest.skip("no Compose client is installed")
    done = subprocess.run(
        [*compose, "-f", "docker-compose.yml", "config", "-q"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


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
    decided = re.compile(r"TOUCHLINE_(TEMPORAL_.+|TASK_QUEUE|SEARCH_ATTRIBUTES|TWILIO_BASE_URL|(OUTBOX|STATE)_DIR)")
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
