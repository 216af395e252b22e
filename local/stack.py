"""The local stack: PostgreSQL with its schema and Temporal, started and ended together, found by other commands."""

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from pydantic import ValidationError

from domain.base import Frozen
from domain.errors import Conflict
from local.postgres import LocalPostgres
from local.temporal import LocalTemporal
from store.logins import ensure_login
from store.schema import migrate

CHECKOUT = Path(__file__).resolve().parents[1]
STATE_DIR = CHECKOUT / "var"
"""Where this checkout keeps what it runs on."""

_DATABASE = "touchline"
_LOGIN = "touchline"
_LOCK = "stack.lock"
_INFO = "stack.json"
_THROWAWAY = "throwaway-"
_LOCK_PATIENCE_S = 0.5  # longer than `running_stack` ever holds it


class StackInfo(Frozen):
    """Where a running stack is reached."""

    pid: int
    database_url: str
    owner_url: str
    temporal_address: str
    ui_url: str | None
    api_port: int | None = None
    """Of the API beside it, once that has one."""


class LocalStack:
    """`async with LocalStack(…)`: everything runs inside the block, and has ended after it.

    `keep`: state stays in `state_dir`, there is one stack at a time, and Temporal gives way to whoever answers callers.
    Otherwise state is thrown away, and any number may run side by side. What a killed run left behind is ended, and
    used or removed, by the next.
    """

    def __init__(
        self,
        state_dir: Path = STATE_DIR,
        *,
        keep: bool,
        ui: bool = True,
        dynamic_config: Mapping[str, str] | None = None,
    ) -> None:
        self._state_dir = state_dir.absolute()
        self._keep = keep
        self._ui = ui
        self._dynamic_config = dynamic_config
        self._exit = AsyncExitStack()
        self.folder: Path
        """Where this stack's files are while it runs; a throw-away stack takes them with it."""
        self.postgres: LocalPostgres
        self.temporal: LocalTemporal
        self.api_port: int | None = None
        """Of the API beside it; `announce` tells the other commands."""

    @property
    def database_url(self) -> str:
        """As a role that owns nothing and may only become the application's, which the pool does by itself."""
        return self.postgres.url(_DATABASE, _LOGIN)

    @property
    def owner_url(self) -> str:
        """As the owner of the tables."""
        return self.postgres.url(_DATABASE)

    @property
    def temporal_address(self) -> str:
        """host:port."""
        return self.temporal.address

    @property
    def ui_url(self) -> str | None:
        """Temporal's Web UI; None without one."""
        return self.temporal.ui_url

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as exit_:
            folder = self.folder = await self._own_folder(exit_)
            self.postgres = LocalPostgres(folder, durable=self._keep)
            exit_.push_async_callback(self.postgres.stop if self._keep else self.postgres.remove)
            await self.postgres.start()
            await migrate(self.owner_url)
            await ensure_login(self.owner_url, self.database_url)
            self.temporal = LocalTemporal(
                folder / "temporal",
                ui=self._ui,
                usual_ports=self._keep,
                gives_way=self._keep,
                dynamic_config=self._dynamic_config,
            )
            exit_.push_async_callback(self.temporal.stop if self._keep else self.temporal.kill)
            await self.temporal.start()
            if self._keep:
                self.announce()
                exit_.callback((folder / _INFO).unlink, missing_ok=True)
            self._exit = exit_.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exit.aclose()

    async def _own_folder(self, exit_: AsyncExitStack) -> Path:
        if not self._keep:
            return await exit_.enter_async_context(throwaway_folder(self._state_dir))
        self._state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = await _locked(self._state_dir)
        if lock is None:
            info = _read_info(self._state_dir)
            where = f" (process {info.pid}, Temporal UI {info.ui_url})" if info else ""
            raise Conflict(
                f"the local stack of {self._state_dir.parent} is already running{where}",
                "use that one, or end it with Ctrl-C where it was started",
            )
        exit_.enter_context(lock)
        return self._state_dir

    def announce(self) -> None:
        """Tell the other commands where everything is reached."""
        file = self.folder / _INFO
        info = StackInfo(
            pid=os.getpid(),
            database_url=self.database_url,
            owner_url=self.owner_url,
            temporal_address=self.temporal_address,
            ui_url=self.ui_url,
            api_port=self.api_port,
        )
        unfinished = file.with_suffix(".new")
        unfinished.write_text(info.model_dump_json())
        unfinished.replace(file)


def running_stack(state_dir: Path = STATE_DIR) -> StackInfo | None:
    """The kept stack that runs now, in this process or another; None if there is none."""
    if not (state_dir / _LOCK).exists():
        return None
    # Whoever runs a stack holds its lock, and the kernel lets go of it however that process ends.
    lock = _try_lock(state_dir)
    if lock is not None:
        lock.close()
        return None
    return _read_info(state_dir)


def _read_info(state_dir: Path) -> StackInfo | None:
    try:
        return StackInfo.model_validate_json((state_dir / _INFO).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _try_lock(folder: Path) -> IO[bytes] | None:
    file = (folder / _LOCK).open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


async def _locked(folder: Path) -> IO[bytes] | None:
    deadline = asyncio.get_running_loop().time() + _LOCK_PATIENCE_S
    while (lock := _try_lock(folder)) is None:
        if asyncio.get_running_loop().time() > deadline:
            return None
        await asyncio.sleep(0.02)
    return lock


@asynccontextmanager
async def throwaway_folder(state_dir: Path) -> AsyncIterator[Path]:
    """A folder for the servers of this block, removed after it; so is, before it, what killed runs have left behind."""
    await _remove_leftovers(state_dir)
    with ExitStack() as exit_:
        yield _locked_folder(state_dir, exit_)


def _locked_folder(state_dir: Path, exit_: ExitStack) -> Path:
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Locked before it gets the name that `_remove_leftovers` looks for.
    unnamed = Path(tempfile.mkdtemp(prefix="new-", dir=state_dir))
    lock = _try_lock(unnamed)
    assert lock is not None  # noqa: S101 - the name is random
    folder = state_dir / (_THROWAWAY + unnamed.name.removeprefix("new-"))
    unnamed.rename(folder)
    exit_.enter_context(lock)
    exit_.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _throwaways(state_dir: Path) -> list[Path]:
    return list(state_dir.glob(f"{_THROWAWAY}*"))


async def _remove_leftovers(state_dir: Path) -> None:
    """Clean up after throw-away stacks whose process was killed."""
    for folder in _throwaways(state_dir):
        try:
            lock = _try_lock(folder)
        except FileNotFoundError:  # its owner, or another sweep, was removing it just now
            continue
        if lock is not None:
            with lock:
                await LocalTemporal(folder / "temporal").end_leftover()
                await LocalPostgres(folder).remove()
                shutil.rmtree(folder, ignore_errors=True)
