"""Server processes of the local stack: started, awaited, ended, and never left behind."""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

import psutil

from domain.errors import NotReady

_POLL_S = 0.02
_NICE = 7
"""A fifth of what others get of a processor that all of them want."""
_NICEST = 19


class Child(Protocol):
    """What is asked of a process that was started, as of `subprocess.Popen`."""

    pid: int

    def poll(self) -> int | None:
        """What it ended with; None while it runs."""

    def wait(self) -> int:
        """What it ended with, as soon as it has."""

    def send_signal(self, sig: int) -> None:
        """This signal to it, if it still runs."""


class ServerProcess:
    """One child process with a log file. It ends when the process that started it dies, however that happens."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        log: Path,
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
        user: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._log = log
        self._stop_signal = stop_signal
        with _private(log) as sink:
            self._said_before = sink.tell()
            self._child = self._begin([*map(str, argv)], sink, user, env)

    def _begin(self, argv: Sequence[str], sink: IO[bytes], user: str | None, env: Mapping[str, str] | None) -> Child:
        # Its own session: the terminal's Ctrl-C reaches us alone, and we end the servers after the worker.
        # Kernels tie the death signal to the *thread* that starts the child: start servers from the main one.
        return subprocess.Popen(  # noqa: S603 - fixed program, no shell
            [*_dies_with_parent(self._stop_signal), *argv],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            env=env,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether the process is there; says nothing of its health."""
        return self._child.poll() is None

    def listens_on(self, port: int) -> bool:
        """Whether it is this process, and no other, that takes connections on that port."""
        try:
            sockets = psutil.Process(self.pid).net_connections("tcp")
        except psutil.NoSuchProcess:
            return False
        return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in sockets)

    def give_way(self) -> None:
        """Others come first from now on, where the processor is short."""
        with suppress(OSError):  # it may have ended
            # On top of our own: whoever is nice already starts nice servers.
            own = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, self.pid, min(_NICEST, own + _NICE))
            # Linux shares a processor between sessions first: niceness counts within one of them alone (`man sched`).
            Path(f"/proc/{self.pid}/autogroup").write_text(str(_NICE))

    async def until(self, ready: Callable[[], Awaitable[bool]], timeout_s: float) -> None:
        """Wait until `ready` holds. Raises NotReady with the end of the log if it never does."""
        deadline = time.monotonic() + timeout_s
        while not await ready():
            if not self.running:
                raise NotReady(f"{self.name} ended while starting:\n{self.log_tail()}", f"the whole log: {self._log}")
            if time.monotonic() > deadline:
                await self.kill()
                raise NotReady(
                    f"{self.name} was not ready within {timeout_s:g} s:\n{self.log_tail()}",
                    f"the whole log: {self._log}",
                )
            await asyncio.sleep(_POLL_S)

    async def stop(self, timeout_s: float = 20.0) -> None:
        """End in good order; by force after `timeout_s`."""
        if self.running:
            self._child.send_signal(self._stop_signal)
            await _reached(lambda: not self.running, timeout_s)
        await self.kill()

    async def kill(self) -> None:
        """SIGKILL, as a crash would; returns when every process of the server is gone."""
        if not self.running:
            return
        await kill_tree(psutil.Process(self.pid))
        self._child.wait()

    def said(self) -> str:
        """What it has logged; what earlier ones have left in the same file is no part of it."""
        with self._log.open("rb") as log:
            log.seek(self._said_before)
            return log.read().decode(errors="replace")

    def log_tail(self, lines: int = 15) -> str:
        """The end of the log, for an error message."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])


def _private(log: Path) -> IO[bytes]:
    """Logs name people, statements and what went wrong: they are their owner's, also those of former versions."""
    sink = os.fdopen(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")
    os.fchmod(sink.fileno(), 0o600)
    return sink


async def kill_tree(process: psutil.Process) -> None:
    """SIGKILL a process and its children; returns when all are gone."""
    try:
        tree = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for member in tree:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue
    await _gone(tree, 10.0)


async def end_leftover(pid: int, belongs: Callable[[Sequence[str]], bool], stop_signal: signal.Signals) -> None:
    """End a server that an earlier, killed run left behind; `belongs` recognises it by its command line."""
    try:
        process = psutil.Process(pid)
        if not belongs(process.cmdline()):
            return
        process.send_signal(stop_signal)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return
    if not await _gone([process], 20.0):
        await kill_tree(process)


async def _gone(processes: Sequence[psutil.Process], timeout_s: float) -> bool:
    return await _reached(lambda: not any(map(_alive, processes)), timeout_s)


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def _reached(condition: Callable[[], bool], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_POLL_S)
    return True


def _dies_with_parent(signal_: signal.Signals) -> list[str]:
    # Linux only; elsewhere a server that outlives a killed run is ended by the next one (`end_leftover`).
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", signal_.name.removeprefix("SIG"), "--"] if setpriv else []
