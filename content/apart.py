"""Work on what strangers and tenants wrote, in processes of its own: a thread cannot be ended, a process can.

Each process does one piece of work after another and ends with whoever started it. The kernel ends it when a piece
takes too much of the processor, also where whoever started it is gone by then, or stuck itself.
"""

import asyncio
import atexit
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any, TypeVar

T = TypeVar("T")

_PROCESSES = 2
"""Of one worker or API, started when they are first needed."""
_PROCESSOR_S = 5.0
"""Ten times what the dearest honest piece of work takes."""
_ALTOGETHER_S = 60.0
"""By the clock, for what waits instead of working."""
_LENGTH = 8
"""Bytes that say how long the next message is."""


class Overrun(Exception):
    """The work took more than it may, or its process was ended twice in the middle of it."""


class _Ended(Exception):
    """The process ended; `overran`: because its time was up."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.overran = status in (-signal.SIGPROF, -signal.SIGALRM)


class _Hand:
    """One thread's process; a new one is started where there is none."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, job: bytes) -> bytes:
        """Have the job done; raises _Ended when the process ends instead."""
        self._process = process = self._process or _start()
        jobs, answers = _pipes(process)
        try:
            _write(jobs, job)
            if (answer := _read(answers)) is not None:
                return answer
        except BrokenPipeError:
            pass
        self._process = None
        answers.close()
        raise _Ended(process.wait())

    def close(self) -> None:
        """End the process, which has nothing to do."""
        if self._process is not None:
            jobs, answers = _pipes(self._process)
            jobs.close()
            answers.close()
            self._process.wait()


class _Hands(threading.local):
    """The process of each thread of `_THREADS`."""

    def __init__(self) -> None:
        self.hand = _Hand()
        atexit.register(self.hand.close)


_HANDS = _Hands()
_THREADS = ThreadPoolExecutor(_PROCESSES, thread_name_prefix="apart")


async def apart(work: Callable[[], T], *, seconds: float = _PROCESSOR_S) -> T:
    """What the work answers, or raises, done in another process; both must be picklable.

    `seconds` are the processor's; raises Overrun when it takes more. Of one process that is ended from outside the
    work is retried once.
    """
    job = pickle.dumps((seconds, work))
    succeeded, outcome = await asyncio.get_running_loop().run_in_executor(_THREADS, _have_done, job)
    if not succeeded:
        raise outcome
    result: T = outcome
    return result


def _have_done(job: bytes) -> tuple[bool, Any]:
    for last in (False, True):
        try:
            answer: tuple[bool, Any] = pickle.loads(_HANDS.hand.ask(job))  # noqa: S301 - our own process wrote it
        except _Ended as ended:
            if ended.overran or last:
                raise Overrun("to read or to render it takes too long") from ended
        else:
            return answer
    raise AssertionError("unreachable")


def _start() -> subprocess.Popen[bytes]:
    # It must find our modules wherever the command was called, and whatever was put before the path.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(
        [sys.executable, "-m", "content.apart"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    """Where jobs go, and where answers come from."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("the process was started without pipes")
    return process.stdin, process.stdout


def _write(stream: IO[bytes], message: bytes) -> None:
    stream.write(len(message).to_bytes(_LENGTH) + message)
    stream.flush()


def _read(stream: IO[bytes]) -> bytes | None:
    """The next message; None when nobody writes one any more."""
    head = stream.read(_LENGTH)
    if len(head) < _LENGTH:
        return None
    size = int.from_bytes(head)
    message = stream.read(size)
    return message if len(message) == size else None


def _serve() -> None:
    """Do what is asked until nobody can ask any more."""
    # Whoever ends our parent lets it finish first, and it may need us for that.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # What the work prints must not come between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    while (job := _read(sys.stdin.buffer)) is not None:
        _write(answers, _answer(job))


def _answer(job: bytes) -> bytes:
    try:
        seconds, work = pickle.loads(job)  # noqa: S301 - our parent wrote it
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.setitimer(signal.ITIMER_REAL, _ALTOGETHER_S)
        return pickle.dumps((True, work()))
    except Exception as error:
        return _failure(error)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _failure(error: Exception) -> bytes:
    """The error, or, where it cannot be carried over, its words."""
    try:
        answer = pickle.dumps((False, error))
        pickle.loads(answer)  # noqa: S301 - written the line before
    except Exception:
        return pickle.dumps((False, RuntimeError(repr(error))))
    return answer


if __name__ == "__main__":
    _serve()
