"""The image holds everything that runs in it, and nothing that is nobody's business."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from docker.utils.build import exclude_paths

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = [name for name in PROJECT["tool"]["importlinter"]["root_packages"] if name != "bench"]
MODULES = ["composition", "entrypoint", "settings", "telemetry", "worker"]

_IMPORT = """
import importlib, pkgutil, sys

class Absent:
    "What is not installed in the image."
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"no module named {name}", name=name)

sys.meta_path.insert(0, Absent())
for name in NAMES:
    for inner in pkgutil.walk_packages(getattr(importlib.import_module(name), "__path__", []), f"{name}."):
        importlib.import_module(inner.name)
print(sorted({sys.modules[name].__file__ for name in NAMES}))
"""


def _in_the_context() -> set[str]:
    """What Docker would send to the builder: by its own client's reading of .dockerignore."""
    patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    return {path for path in exclude_paths(str(ROOT), patterns) if (ROOT / path).is_file()}


def _copied() -> set[str]:
    """What the Dockerfile's COPY lines take of it."""
    sources = re.findall(r"^COPY (.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    return {path for line in sources for source in line.split() for path in _within(source)}


def _within(source: str) -> Iterable[str]:
    inside = source.removesuffix("/") + "/"
    return (path for path in _in_the_context() if source == "." or path == source or path.startswith(inside))


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image's folder, with exactly its files."""
    folder = tmp_path_factory.mktemp("image")
    for path in _copied():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, folder / path)
    return folder


def _not_installed() -> list[str]:
    """What the groups alone ask for: the image is made without them."""
    asked = (one for group in PROJECT["dependency-groups"].values() for one in group)
    return [re.split(r"[^\w-]", one)[0].replace("-", "_") for one in asked]


def test_everything_that_runs_is_in_the_image_with_all_that_it_imports(image: Path) -> None:
    """Each package and module is imported in full from the image's files, without what only this checkout installs."""
    names = [*PACKAGES, *MODULES]
    done = subprocess.run(
        [sys.executable, "-c", f"ABSENT = {_not_installed()}\nNAMES = {names}\n{_IMPORT}"],
        cwd=image,
        env={"PYTHONPATH": str(image), "PYTHONSAFEPATH": "1", "PYTHONTZPATH": "", "TOUCHLINE_ENV_FILE": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(str(image)) == len(names), "imported from the image, and from nowhere else"


def test_the_image_holds_the_migrations_and_the_queries(image: Path) -> None:
    """What is read and not imported is there as well."""
    schema = ROOT / "schema"
    wanted = {path.relative_to(schema) for path in schema.rglob("*.sql")}
    assert wanted == {path.relative_to(image / "schema") for path in (image / "schema").rglob("*.sql")}


def test_nothing_else_is_in_the_image() -> None:
    """No secrets, no tests, no state: what the list does not name stays out."""
    out = {path.partition("/")[0] for path in _copied()} - {*PACKAGES, *(f"{name}.py" for name in MODULES)}
    # Docker keeps these two for itself, whatever the list says.
    assert out - {"Dockerfile", ".dockerignore"} == {"pyproject.toml", "uv.lock", "schema", "console"}
    assert {path for path in _copied() if path.startswith("console/")} == {
        str(file.relative_to(ROOT)) for file in (ROOT / "console" / "dist").rglob("*") if file.is_file()
    }


def test_the_modules_at_the_root_are_those_that_run() -> None:
    """A new one is a package of the image too."""
    assert sorted(path.stem for path in ROOT.glob("*.py")) == MODULES


def test_what_the_image_is_made_from_is_named_to_the_patch() -> None:
    """The same Python next year, and an installer that is known by its hash."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert re.findall(r"^FROM (.+)$", dockerfile, re.MULTILINE) == re.findall(
        r"python:3\.\d+\.\d+-slim-\w+", dockerfile
    )
    assert all("--require-hashes" in line for line in dockerfile.splitlines() if "pip install" in line)
    assert "pip install" in dockerfile
