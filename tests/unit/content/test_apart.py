"""Work in a process that can be ended: it answers, it raises, and it cannot stay."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from content.apart import Overrun, apart
from domain.errors import Malformed
from tests.support.helpers import assert_eventually


class Awkward(Exception):
    """An error that cannot be made from its words alone."""

    def __init__(self, one: int, *, two: int) -> None:
        super().__init__(f"{one} and {two}")


def _compute_for_ever() -> None:
    while True:
        pass


def _fail(how: str) -> None:
    if how == "awkward":
        raise Awkward(1, two=2)
    raise Malformed("no", hint="do this")


def _once_killed(marker: Path) -> str:
    """Be killed in the middle of it the first time."""
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def _print_and_answer() -> str:
    sys.stdout.write("a word that is no answer\n")
    return "answer"


async def test_work_is_done_in_another_process() -> None:
    """With what it is given, and its answer comes back."""
    assert await apart(partial(max, 3, 4)) == 4
    assert await apart(os.getpid) != os.getpid()
    assert await apart(_print_and_answer) == "answer"


async def test_many_pieces_of_work_wait_for_each_other() -> None:
    """There are few processes; each answer finds whoever asked."""
    assert await asyncio.gather(*(apart(partial(max, number, 0)) for number in range(20))) == list(range(20))


async def test_errors_come_back() -> None:
    """With their hint; one that cannot be carried over comes as its words."""
    with pytest.raises(Malformed, match="no") as caught:
        await apart(partial(_fail, "plainly"))
    assert caught.value.hint == "do this"
    with pytest.raises(RuntimeError, match="1 and 2"):
        await apart(partial(_fail, "awkward"))


async def test_work_without_end_is_ended() -> None:
    """By the kernel, and the next piece of work finds a new process."""
    for _ in range(3):
        with pytest.raises(Overrun):
            await apart(_compute_for_ever, seconds=0.1)
    assert await apart(partial(max, 3, 4)) == 4


async def test_work_whose_process_is_killed_is_taken_up_again(tmp_path: Path) -> None:
    """Once: somebody may have killed it for another reason than this piece of work."""
    assert await apart(partial(_once_killed, tmp_path / "marker")) == "done"
    with pytest.raises(Overrun):
        await apart(partial(os._exit, 3))


async def test_no_process_outlives_whoever_started_it() -> None:
    """Killed without a word, at rest or at work: the one ends at once, the other when its time is up."""
    program = (
        "import asyncio, os, sys\n"
        "from functools import partial\n"
        "from content.apart import apart\n"
        "from tests.unit.content import test_apart\n"
        "async def main():\n"
        "    busy = asyncio.create_task(apart(test_apart._report_and_compute, seconds=1.0))\n"
        "    print(await apart(os.getpid), flush=True)\n"
        "    await busy\n"
        "asyncio.run(main())\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    assert parent.stdout is not None
    assert parent.stderr is not None
    idle, busy = int(await parent.stdout.readline()), int(await parent.stderr.readline())
    parent.kill()
    await parent.wait()

    async def gone() -> None:
        assert not _alive(idle)
        assert not _alive(busy)

    await assert_eventually(gone)


def _report_and_compute() -> None:
    sys.stderr.write(f"{os.getpid()}\n")
    sys.stderr.flush()
    _compute_for_ever()


def _alive(process: int) -> bool:
    """Whether it runs; one that has ended and that nobody has asked after yet does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_the_event_loop_is_free_meanwhile() -> None:
    """What the work takes of the processor is not this thread's."""
    began = time.thread_time()
    with pytest.raises(Overrun):
        await apart(_compute_for_ever, seconds=0.5)
    assert time.thread_time() - began < 0.2
