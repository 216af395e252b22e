"""`./touchline` sets itself up, and hands over exactly what it was given."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_TOOLS = ("sh", "dirname", "readlink", "mktemp", "rm", "mv", "mkdir", "chmod", "cat")

_PYTHON = """#!/bin/sh
[ "$1" = -c ] && exit 0
printf '<%s>' "$@"
printf '\\n%s\\n%s\\n%s\\n' "$PWD" "$PYTHONPATH" "tz=[${PYTHONTZPATH-unset}]"
"""
_UV = """#!/bin/sh
printf '<%s>' "$@" >"$LOG"
mkdir -p "$UV_PROJECT_ENVIRONMENT/bin" && cat "$PYTHON_STUB" >"$UV_PROJECT_ENVIRONMENT/bin/python"
chmod +x "$UV_PROJECT_ENVIRONMENT/bin/python"
"""
_PYTHON_WITH_PIP = """#!/bin/sh
# Answers the version question, and "installs" uv where --target says.
while [ $# -gt 0 ]; do
    [ "$1" = --target ] && target=$2
    shift
done
[ -z "${target-}" ] || { mkdir -p "$target/bin" && cat "$UV_STUB" >"$target/bin/uv" && chmod +x "$target/bin/uv"; }
"""


class Machine:
    """A made-up machine: a checkout whose path has spaces, and a PATH with nothing but what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "my check out"
        self.checkout.mkdir()
        shutil.copy(ROOT / "touchline", self.checkout)
        self.elsewhere = folder / "else where"
        self.elsewhere.mkdir()
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in _TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or pytest.skip(f"no {tool}"))
        self.log = folder / "uv.log"
        self.stubs = {"PYTHON_STUB": self.write(folder / "python.stub", _PYTHON)}
        self.stubs["UV_STUB"] = self.write(folder / "uv.stub", _UV)

    def write(self, path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def run(self, *arguments: str, script: Path | None = None) -> subprocess.CompletedProcess[str]:
        env: Mapping[str, str] = {
            "PATH": str(self.bin),
            "LOG": str(self.log),
            **{name: str(path) for name, path in self.stubs.items()},
        }
        return subprocess.run(
            [script or self.checkout / "touchline", *arguments],
            cwd=self.elsewhere,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_arguments_and_folder_arrive_unchanged(machine: Machine) -> None:
    """From any folder, with spaces anywhere: arguments, current folder and the locked zone files arrive as meant."""
    machine.write(machine.bin / "uv", _UV)
    machine.write(machine.checkout / ".venv/bin/python", _PYTHON)
    done = machine.run("check", "my file.yaml", "")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "<-m><starter.cli><check><my file.yaml><>",
        str(machine.elsewhere),
        str(machine.checkout),
        "tz=[]",
    ]
    assert done.stderr == ""
    assert "<sync><--frozen><--quiet>" in machine.log.read_text()


def test_a_symbolic_link_works_like_the_script(machine: Machine) -> None:
    """Whoever links the script into their PATH still runs the checkout that it belongs to."""
    machine.write(machine.bin / "uv", _UV)
    machine.write(machine.checkout / ".venv/bin/python", _PYTHON)
    (machine.bin / "touchline").symlink_to(machine.checkout / "touchline")
    assert str(machine.checkout) in machine.run("--help", script=machine.bin / "touchline").stdout


def test_without_uv_a_private_one_is_installed_by_pip(machine: Machine) -> None:
    """Python and pip are enough: uv goes into .uv, dependencies into .venv, and only the first run says so."""
    machine.write(machine.bin / "python3", _PYTHON_WITH_PIP)
    first = machine.run("doctor")
    assert first.returncode == 0, first.stderr
    assert "installing uv into .uv" in first.stderr
    assert sorted(p.name for p in machine.checkout.iterdir()) == [".uv", ".venv", "touchline"]
    second = machine.run("doctor")
    assert second.stdout == first.stdout
    assert second.stderr == ""


def test_an_old_python_is_refused_by_name(machine: Machine) -> None:
    """Without Python 3.11 the error says what is needed and how to get it, and nothing is created."""
    machine.write(machine.bin / "python3", "#!/bin/sh\nexit 1\n")
    done = machine.run("demo")
    assert done.returncode == 1
    assert "Python 3.11" in done.stderr
    assert "apt-get install" in done.stderr
    assert [p.name for p in machine.checkout.iterdir()] == ["touchline"]


def test_a_python_without_pip_and_venv_is_told_what_to_install(machine: Machine) -> None:
    """Debian's bare python3 gets the package's name, and no half-made folder stays."""
    machine.write(machine.bin / "python3", '#!/bin/sh\n[ "$1" = -c ]\n')
    done = machine.run("demo")
    assert done.returncode == 1
    assert "apt-get install python3-pip" in done.stderr
    assert [p.name for p in machine.checkout.iterdir()] == ["touchline"]


def test_a_failed_installation_ends_there(machine: Machine) -> None:
    """When dependencies cannot be installed, nothing is run with what happens to be there."""
    machine.write(machine.bin / "uv", "#!/bin/sh\necho no network >&2\nexit 2\n")
    machine.write(machine.checkout / ".venv/bin/python", _PYTHON)
    done = machine.run("demo")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "no network" in done.stderr


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_the_scripts_pass_shellcheck() -> None:
    """Shell has many traps; a linter knows them."""
    for script in ("touchline", ".ci/run"):
        done = subprocess.run(["shellcheck", script], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_the_door_is_executable() -> None:
    """A clone can run it as it is."""
    assert os.access(ROOT / "touchline", os.X_OK)
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
