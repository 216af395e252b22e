"""Programs of the project, forked from a process that has loaded the project's code.

A worker or an API that starts by itself spends most of its start on imports: two seconds of the processor, hundreds of
times in a run of the suite. A fork has them behind it. It is a process like any other: killed, frozen or asked to end,
with an environment, a log and connections of its own. That the programs start by themselves is shown where it is the
rule that is tested: tests/cli/test_processes.py, tests/api/test_process.py.
"""

import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
POSSIBLE = sys.platform == "linux"
"""Elsewhere no socket keeps messages apart, and no child dies with its parent."""
_LOADED = ("composition", "starter.schedules", "cli.app", "api.app")
"""What the programs import, but not they themselves: each run of one executes its module anew."""
_MESSAGE = 1 << 17
"""Bytes; more than an environment and the arguments of a test."""
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Forked:
    """A program that runs, as `subprocess.Popen` would answer for it."""

    def __init__(self, arguments: Sequence[str], sink: IO[bytes], env: Mapping[str, str]) -> None:
        """`arguments`: those of the interpreter, which runs a file, `-m MODULE` or `-c CODE`; `sink`: where it logs."""
        self.pid: int = _asked({"run": arguments, "env": dict(env)}, sink.fileno())
        self._status: int | None = None

    def poll(self) -> int | None:
        if self._status is None:
            self._status = _asked({"poll": self.pid})
        return self._status

    def wait(self) -> int:
        if self._status is None:
            self._status = _asked({"wait": self.pid})
        assert self._status is not None
        return self._status

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)


def _asked(request: Mapping[str, Any], *descriptors: int) -> Any:
    _, channel = _parent()
    socket.send_fds(channel, [json.dumps(request).encode()], descriptors)
    return json.loads(channel.recv(_MESSAGE))


def load() -> None:
    """Begin to load the code, beside whatever else is done: the first program then need not wait for it."""
    _parent()


@cache
def _parent() -> "tuple[subprocess.Popen[bytes], socket.socket]":
    """The process that forks, one for each process of pytest; it ends with that."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHLINE_")}
        process = subprocess.Popen(
            [sys.executable, "-P", __file__],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            env={**inherited, "TOUCHLINE_ENV_FILE": "", "PYTHONPATH": str(ROOT)},
            start_new_session=True,
            cwd="/",
        )
    return process, ours


# --- in the process that forks, and below it -------------------------------------------------------------------------


def _serve() -> list[str]:
    """Fork whenever it is asked for; returns in the children alone, with the arguments of each."""
    loaded = [importlib.import_module(name) for name in _LOADED]
    loaded[-1].description()  # which works out the routes, as the first request of an API would
    # What is loaded is nobody's garbage, and no child should write to its pages.
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=os.dup(0)) as channel:
        while True:
            message, descriptors, _, _ = socket.recv_fds(channel, _MESSAGE, 1)
            match json.loads(message or "null"):
                case {"run": arguments, "env": env}:
                    if not (pid := os.fork()):
                        channel.close()
                        _become(env, *descriptors)
                        return [str(argument) for argument in arguments]
                    os.close(descriptors[0])
                    answer: int | None = pid
                case {"poll": pid}:
                    answer = _status(pid, os.WNOHANG)
                case {"wait": pid}:
                    answer = _status(pid, 0)
                case _:
                    os._exit(0)
            channel.send(json.dumps(answer).encode())


def _status(pid: int, options: int) -> int | None:
    ended, status = os.waitpid(pid, options)
    return os.waitstatus_to_exitcode(status) if ended else None


def _become(env: Mapping[str, str], log: int) -> None:
    """A process of its own, as `local.process` begins one."""
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device
        os.dup2(nothing.fileno(), 0)
    for output in (1, 2):
        os.dup2(log, output)
    os.close(log)
    os.environ.clear()
    os.environ.update(env)


def _run(arguments: list[str]) -> None:
    """As the interpreter runs what it is given."""
    match [argument for argument in arguments if argument != "-P"]:
        case ["-m", module, *rest]:
            sys.argv = [module, *rest]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case ["-c", code, *rest]:
            sys.argv = ["-c", *rest]
            sys.modules["__main__"] = main = ModuleType("__main__")
            exec(compile(code, "<string>", "exec"), main.__dict__)  # noqa: S102 - a test's own program
        case [file, *rest]:
            sys.argv = [file, *rest]
            runpy.run_path(file, run_name="__main__")


if __name__ == "__main__":
    _run(_serve())
