"""`./touchline` sets itself up once, and hands over exactly what it was given."""

import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = Path(sys.executable).resolve()
PATIENCE_S = 300.0
"""Against hanging alone."""
_TOOLS = ("sh", "dirname", "readlink", "mktemp", "rm", "mv", "mkdir", "chmod", "cat", "env", "sed")

_SHIM = f"""#!/bin/sh
# As pyenv's and asdf's: no Python itself, but a program that looks for one.
exec '{PYTHON}' "$@"
"""
_COMMAND_LINE = """\
import os, subprocess, sys, greeting
match sys.argv[1:]:
    case ["again", *arguments]:
        sys.exit(subprocess.run([os.environ["DOOR"], *arguments]).returncode)
    case ["wait"]:
        print("waits", flush=True)
        sys.stdin.read()
    case ["variables"]:
        print(*sorted(name for name in os.environ if name.startswith(("UV_", "VIRTUAL_ENV"))))
    case arguments:
        print(arguments, os.getcwd(), os.environ["PYTHONPATH"], repr(os.environ["PYTHONTZPATH"]), greeting.VERSION)
"""
_PYTHON_WITH_PIP = f"""#!/bin/sh
# "Installs" uv where --target says.
[ "$1 $2" = "-m pip" ] || exec '{PYTHON}' "$@"
[ "$PIP_USER$PIP_REQUIRE_VIRTUALENV" = 00 ] || {{ [ "$3" = --version ] && exit 0 || exit 1; }}
while [ $# -gt 0 ]; do
    [ "$1" = --target ] && target=$2
    shift
done
[ -z "${{target-}}" ] || {{ mkdir -p "$target/bin" && cat "$REAL_UV" >"$target/bin/uv" && chmod +x "$target/bin/uv"; }}
"""


def _uv() -> Path:
    """The one that the door of this checkout uses."""
    found = shutil.which("uv")
    works = found and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0
    own = ROOT / ".uv" / "bin" / "uv"
    if not works and not own.exists():
        pytest.skip("there is no uv")
    return Path(found) if found and works else own


class Machine:
    """A made-up machine: a checkout whose path has spaces, and a PATH with nothing but what a test puts there.

    The checkout is the door, a command line that tells what it was given, and one dependency, in the checkout itself.
    """

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "my check out"
        for name in ("touchline", "local/door.py"):
            (self.checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.checkout / name)
        self.write(self.checkout / "cli/__main__.py", _COMMAND_LINE)
        self.write(self.checkout / "cli/__init__.py", "")
        self.elsewhere = folder / "else where"
        self.elsewhere.mkdir()
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in _TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or pytest.skip(f"no {tool}"))
        self.door = self.checkout / "touchline"
        self.venv = self.checkout / ".venv"
        self.env = {
            "PATH": str(self.bin),
            "HOME": str(folder),
            "DOOR": str(self.door),
            "REAL_UV": str(_uv()),
            "UV_OFFLINE": "1",
        }
        self.depend_on(1)

    def write(self, path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def has_uv(self) -> None:
        (self.bin / "uv").symlink_to(_uv())

    def depend_on(self, version: int, python: str = ">=3.11") -> None:
        """Lock the dependency in that version, as a pull does."""
        wheel = f"greeting-{version}-py3-none-any.whl"
        about = f"greeting-{version}.dist-info"
        with zipfile.ZipFile(self.checkout / wheel, "w") as file:
            # Of another length each: files of one second and one length are the same to Python's cache.
            file.writestr("greeting.py", f"VERSION = {version}  {'#' * version}\n")
            file.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: greeting\nVersion: {version}\n")
            file.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            file.writestr(f"{about}/RECORD", "")
        self.write(
            self.checkout / "pyproject.toml",
            f'[project]\nname = "touchline"\nversion = "0"\nrequires-python = "{python}"\ndependencies = ["greeting"]\n'
            f'[tool.uv]\npackage = false\nsources = {{ greeting = {{ path = "{wheel}" }} }}\n',
        )
        subprocess.run(
            [_uv(), "lock", "--quiet", "--offline", "--python", PYTHON], cwd=self.checkout, env=self.env, check=True
        )

    def start(
        self, *arguments: str, script: Path | None = None, env: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [script or self.door, *arguments],
            cwd=self.elsewhere,
            env={**self.env, **(env or {})},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(
        self, *arguments: str, script: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        with self.start(*arguments, script=script, env=env) as process:
            return _ended(process)

    def set_up(self) -> None:
        done = self.run("anything")
        assert done.returncode == 0, done.stderr
        # An environment that was made anew lacks it; its inode says little, for the next folder gets the same.
        (self.venv / "mark").touch()

    @property
    def kept(self) -> bool:
        """Whether the environment is still that of `set_up`."""
        return (self.venv / "mark").exists()

    @contextmanager
    def running_program(self) -> Iterator["subprocess.Popen[str]"]:
        with self.start("wait") as program:
            assert program.stdout is not None
            assert program.stdout.readline() == "waits\n"
            yield program
            program.communicate(timeout=PATIENCE_S)

    def lose_python(self) -> None:
        """As after the upgrade of the system's package: the link of the environment leads nowhere."""
        link = self.venv / "bin" / "python"
        link.unlink()
        link.symlink_to(self.bin / "gone" / "python3")


def _ended(process: "subprocess.Popen[str]") -> subprocess.CompletedProcess[str]:
    out, err = process.communicate(timeout=PATIENCE_S)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.fixture
def bare(tmp_path: Path) -> Machine:
    """Without uv and without Python."""
    return Machine(tmp_path)


@pytest.fixture
def machine(bare: Machine) -> Machine:
    """With uv, and a Python that is a shim."""
    bare.has_uv()
    bare.write(bare.bin / "python3", _SHIM)
    return bare


def test_arguments_and_folder_arrive_unchanged(machine: Machine) -> None:
    """From any folder, with spaces anywhere: arguments, current folder and the locked zone files arrive as meant."""
    machine.set_up()
    done = machine.run("check", "my file.yaml", "")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"['check', 'my file.yaml', ''] {machine.elsewhere} {machine.checkout} '' 1\n"
    assert done.stderr == ""


def test_a_symbolic_link_works_like_the_script(machine: Machine) -> None:
    """Whoever links the script into their PATH still runs the checkout that it belongs to."""
    (machine.bin / "touchline").symlink_to(machine.door)
    assert str(machine.checkout) in machine.run("--help", script=machine.bin / "touchline").stdout


def test_without_uv_a_private_one_is_installed_by_pip(bare: Machine) -> None:
    """Python and pip are enough: uv goes into .uv, dependencies into .venv, and only the first run says so."""
    bare.write(bare.bin / "python3", _PYTHON_WITH_PIP)
    # What pyenv leaves on the PATH where the chosen Python has no uv.
    bare.write(bare.bin / "uv", "#!/bin/sh\necho 'pyenv: uv: command not found' >&2\nexit 127\n")
    before = {path.name for path in bare.checkout.iterdir()}
    first = bare.run("doctor", env={"PIP_USER": "1", "PIP_REQUIRE_VIRTUALENV": "1"})
    assert first.returncode == 0, first.stderr
    assert "installing uv into .uv" in first.stderr
    assert {path.name for path in bare.checkout.iterdir()} - before == {".uv", ".venv"}
    second = bare.run("doctor")
    assert second.stdout == first.stdout
    assert second.stderr == ""


def test_an_old_python_is_refused_by_name(bare: Machine) -> None:
    """Without a Python that pyproject.toml asks for, the error says what is needed, and nothing is created."""
    bare.write(bare.bin / "python3", "#!/bin/sh\nexit 1\n")
    before = [*bare.checkout.iterdir()]
    done = bare.run("demo")
    assert done.returncode == 1
    assert "Python 3.11" in done.stderr
    assert "apt-get install" in done.stderr
    assert [*bare.checkout.iterdir()] == before


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (">=3.11", True),
        (">=3.99", False),
        (f">={sys.version_info[0]}.{sys.version_info[1]}.{sys.version_info[2]}", True),
        (f">=3.11,!={sys.version_info[0]}.{sys.version_info[1]}.*", False),
        (f">=3.11, !={sys.version_info[0]}.{sys.version_info[1]}.{sys.version_info[2]}", False),
        (f">=3.11,<{sys.version_info[0]}.{sys.version_info[1]}.{sys.version_info[2] + 1}", True),
    ],
)
def test_which_python_is_fit_says_the_project_alone(machine: Machine, wanted: str, fits: bool) -> None:
    """The door takes a Python if, and only if, `requires-python` does, down to the patch."""
    text = (machine.checkout / "pyproject.toml").read_text()
    (machine.checkout / "pyproject.toml").write_text(text.replace('">=3.11"', f'"{wanted}"'))
    asked: list[Path | str] = [PYTHON, "-I", "-S", machine.checkout / "local/door.py", "fit"]
    assert (subprocess.run(asked, check=False).returncode == 0) is fits


def test_the_door_can_read_what_this_project_asks_for() -> None:
    """A clause of `requires-python` that the door does not know would shut everybody out."""
    assert subprocess.run([PYTHON, "-I", "-S", ROOT / "local/door.py", "fit"], check=False).returncode == 0


def test_a_python_without_pip_and_venv_is_told_what_to_install(bare: Machine) -> None:
    """Debian's bare python3 gets the package's name, and no half-made folder stays."""
    bare.write(bare.bin / "python3", f'#!/bin/sh\n[ "$1" = -m ] && exit 1\nexec \'{PYTHON}\' "$@"\n')
    before = [*bare.checkout.iterdir()]
    done = bare.run("demo")
    assert done.returncode == 1
    assert "apt-get install python3-pip" in done.stderr
    assert [*bare.checkout.iterdir()] == before


def test_a_failed_installation_ends_there_and_is_taken_up_by_the_next_run(machine: Machine) -> None:
    """When dependencies cannot be installed, nothing is run with what happens to be there."""
    wheel = machine.checkout / "greeting-1-py3-none-any.whl"
    away = wheel.rename(wheel.with_suffix(".away"))
    done = machine.run("demo")
    assert (done.returncode, done.stdout) == (1, "")
    assert "could not be installed" in done.stderr
    away.rename(wheel)
    assert machine.run("demo").returncode == 0


def test_doors_below_the_first_leave_the_environment_alone(machine: Machine) -> None:
    """A first run whose program calls the door again, as the test suite does, on a machine whose Python is a shim."""
    first = machine.run("again", "again", "again", "variables")
    assert first.returncode == 0, first.stderr
    assert first.stdout.split() == ["UV_OFFLINE"], "what the first run chose reaches nobody below"
    assert first.stderr.count("installing the locked dependencies") == 1


@pytest.mark.parametrize(
    "foreign",
    [
        {"UV_PYTHON": "python3"},
        {"UV_PYTHON": "3.99", "UV_PYTHON_PREFERENCE": "only-managed", "UV_MANAGED_PYTHON": "1"},
        {"UV_PROJECT_ENVIRONMENT": "elsewhere", "UV_PROJECT": "/nowhere", "UV_WORKING_DIRECTORY": "/nowhere"},
        {"UV_LOCKED": "1", "UV_NO_DEV": "1", "UV_EXCLUDE_NEWER": "2001-01-01", "UV_CONSTRAINT": "none.txt"},
        {"VIRTUAL_ENV": "/nowhere", "PYTHONHOME": "/nowhere"},
    ],
    ids=lambda variables: "+".join(variables),
)
def test_what_the_user_tells_uv_for_other_projects_changes_nothing_here(
    machine: Machine, foreign: dict[str, str]
) -> None:
    """The environment is made, kept and brought up to date where it belongs, for the Python that the door found."""
    assert machine.run("anything", env=foreign).returncode == 0
    (machine.venv / "mark").touch()
    machine.depend_on(2)
    done = machine.run("anything", env=foreign)
    assert (done.returncode, done.stdout.split()[-1]) == (0, "2"), done.stderr
    assert machine.kept


def test_a_changed_lock_is_installed_under_programs_that_run(machine: Machine) -> None:
    """After a pull the next run brings the environment up to date; it does not replace it, and says nothing."""
    machine.set_up()
    with machine.running_program():
        machine.depend_on(2)
        done = machine.run("anything")
    assert (done.returncode, done.stdout.split()[-1], done.stderr) == (0, "2", "")
    assert machine.kept


def test_an_environment_that_others_changed_is_mended(machine: Machine) -> None:
    """A package that was removed by other means is there again, in the same environment."""
    machine.set_up()
    [package] = machine.venv.glob("lib/*/site-packages/greeting.py")
    package.unlink()
    shutil.rmtree(next(package.parent.glob("greeting-*.dist-info")))
    assert machine.run("anything").returncode == 0
    assert machine.kept


def test_a_new_patch_of_python_replaces_nothing(machine: Machine) -> None:
    """uv would throw the environment away, because its notes name the former patch; it works as before."""
    machine.set_up()
    notes = machine.venv / "pyvenv.cfg"
    this = f"{sys.version_info[0]}.{sys.version_info[1]}"
    notes.write_text(notes.read_text().replace(f"version_info = {this}.", f"version_info = {this}.9"))
    machine.depend_on(2)
    done = machine.run("anything")
    assert (done.returncode, done.stdout.split()[-1]) == (0, "2"), done.stderr
    assert machine.kept


def test_an_environment_whose_python_vanished_is_made_anew_and_it_is_said(machine: Machine) -> None:
    """Nothing is left of it that could work, and nobody works with it."""
    machine.set_up()
    machine.lose_python()
    done = machine.run("anything")
    assert (done.returncode, done.stdout.split()[-1]) == (0, "1")
    assert "is gone" in done.stderr
    assert not machine.kept


def test_an_environment_whose_python_became_another_is_made_anew(machine: Machine) -> None:
    """The link leads to a newer minor version by now, which looks for its packages in a folder of its own."""
    machine.set_up()
    notes = machine.venv / "pyvenv.cfg"
    this = f"{sys.version_info[0]}.{sys.version_info[1]}"
    notes.write_text(notes.read_text().replace(f"version_info = {this}.", "version_info = 3.10."))
    done = machine.run("anything")
    assert done.returncode == 0
    assert not machine.kept


def test_nothing_is_replaced_under_a_program_that_runs(machine: Machine) -> None:
    """The Python vanished while a program of the checkout runs: refused, until that has ended, however it ends."""
    machine.set_up()
    with machine.running_program() as program:
        machine.lose_python()
        refused = machine.run("anything")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "programs of this checkout" in refused.stderr
        assert machine.kept
        program.kill()
    assert machine.run("anything").returncode == 0
    assert not machine.kept


def test_first_runs_at_once_make_one_environment(machine: Machine) -> None:
    """Whoever comes while the environment is made waits for it, and then runs."""
    slow = machine.checkout / "slow"
    slow.touch()
    (machine.bin / "uv").unlink()
    machine.write(
        machine.bin / "uv",
        f'#!/bin/sh\n[ "$2" = venv ] && while [ -e "{slow}" ]; do sleep 0.05; done\nexec "$REAL_UV" "$@"\n',
    )
    (machine.bin / "sleep").symlink_to(shutil.which("sleep") or "sleep")
    runs = [machine.start("anything") for _ in range(3)]
    waiting = [_first_line(run) for run in runs]
    slow.unlink()
    done = [_ended(run) for run in runs]
    assert [one.returncode for one in done] == [0, 0, 0], [one.stderr for one in done]
    assert sum("installing the locked" in line for line in waiting) == 1
    assert sum("waiting for it" in line for line in waiting) == 2


def _first_line(run: "subprocess.Popen[str]") -> str:
    assert run.stderr is not None
    return run.stderr.readline()


def test_this_checkouts_own_door_is_no_stranger_to_its_programs() -> None:
    """The suite runs below a door, and calls it again: with a Python of the user's choice, nothing is replaced."""
    door = ROOT / "touchline"
    mark = ROOT / ".venv" / f"mark-{os.getpid()}-{time.monotonic_ns()}"
    mark.touch()
    try:
        for foreign in ({}, {"UV_PYTHON": shutil.which("python3") or str(PYTHON)}):
            env = {**os.environ, **foreign}
            done = subprocess.run([door, "--help"], env=env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            assert mark.exists()
    finally:
        mark.unlink(missing_ok=True)


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
