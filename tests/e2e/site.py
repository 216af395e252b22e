"""One installation for a test: a database, a Temporal server and a folder; its workers are real processes."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from uuid import UUID, uuid4

from composition import engine_of
from domain.contact import Contact
from local.process import Child, ServerProcess
from local.temporal import LocalTemporal
from providers.outbox import OutboxEntry, list_outbox
from settings import Settings
from tests.e2e.forked import POSSIBLE, ROOT, Forked
from tests.support.harness import Rig
from tests.support.helpers import assert_eventually

__all__ = ["ROOT"]

_START_S = 120.0


class Process(ServerProcess):
    """A program of the project under settings of its own, which a test may kill, freeze or ask to end."""

    def __init__(self, arguments: Sequence[str | Path], log: Path, settings: dict[str, Any]) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHLINE_")}
        chosen = {f"TOUCHLINE_{name.upper()}": str(value) for name, value in settings.items()}
        self.log = log
        super().__init__(
            log.stem,
            [sys.executable, *arguments],
            log,
            env={**inherited, "TOUCHLINE_ENV_FILE": "", "PYTHONPATH": str(ROOT), **chosen},
        )

    def _begin(self, argv: Sequence[str], sink: IO[bytes], user: str | None, env: Mapping[str, str] | None) -> Child:
        # `env` is what __init__ has chosen.
        return Forked(argv[1:], sink, env or {}) if POSSIBLE else super()._begin(argv, sink, user, env)

    def send(self, number: signal.Signals) -> None:
        """This signal to this process."""
        self._child.send_signal(number)

    async def exit_status(self, timeout_s: float = 120.0) -> int:
        """What it ended with, as soon as it has."""

        async def ended() -> int:
            status = self._child.poll()
            assert status is not None, self.log_tail()
            return status

        return await assert_eventually(ended, timeout_s=timeout_s)

    async def says(self, words: str, timeout_s: float = 60.0) -> None:
        """Wait until the log holds these words."""

        async def said() -> None:
            assert words in self.log.read_text(), self.log_tail()

        await assert_eventually(said, timeout_s=timeout_s)


@dataclass
class Site:
    """What a test does to an installation; `rig` publishes, enrolls, replies and reads."""

    rig: Rig
    folder: Path
    settings: dict[str, Any]

    @asynccontextmanager
    async def worker(self, **settings: Any) -> AsyncIterator[Process]:
        """A worker process that works; it is killed at the end if it still runs."""
        worker = Process(
            [ROOT / "worker.py"], self.folder / f"worker-{uuid4().hex[:6]}.log", {**self.settings, **settings}
        )
        try:

            async def working() -> bool:
                return '"working"' in worker.log.read_text()

            await worker.until(working, _START_S)
            yield worker
        finally:
            await worker.kill()

    def command(self, *arguments: str | Path, **settings: Any) -> Process:
        """A command of the command line, under way; its log is all that it prints."""
        log = self.folder / f"{arguments[0]}-{uuid4().hex[:6]}.log"
        return Process(["-m", "cli", *arguments], log, {**self.settings, **settings})

    async def contacts(self, count: int, **fields: Any) -> list[Contact]:
        """Contacts of their own addresses."""
        return [await self.rig.contact(**fields) for _ in range(count)]

    async def all_ended(self, completed: int, *, stopped: int = 0, timeout_s: float = 180.0) -> None:
        """Wait until the records say that every enrollment has ended, so many in either way."""
        expected = {status: n for status, n in (("completed", completed), ("stopped", stopped)) if n}

        async def so() -> None:
            rows = await self.rig.rows("SELECT status, count(*) FROM enrollments GROUP BY 1")
            assert {row["status"]: row["count"] for row in rows} == expected, rows

        await assert_eventually(so, timeout_s=timeout_s, poll_s=0.1)

    def outbox(self) -> list[OutboxEntry]:
        """Every hand-over, oldest first."""
        return list_outbox(self.rig.settings.outbox_dir)[::-1]

    def sent_to(self, contact: Contact) -> list[str | None]:
        """Subjects of the emails that this contact was handed, oldest first."""
        return [entry.subject for entry in self.outbox() if entry.message.to == contact.email]

    async def lost_or_doubled(self) -> list[tuple[UUID, int]]:
        """Jobs that are not in the outbox exactly once."""
        jobs = [row["id"] for row in await self.rig.rows("SELECT id FROM message_jobs")]
        handed_over = [entry.message.job_id for entry in self.outbox()]
        return [(job, n) for job in {*jobs, *handed_over} if (n := handed_over.count(job)) != 1]


@asynccontextmanager
async def site_on(database_url: str, temporal: LocalTemporal, folder: Path, **settings: Any) -> AsyncIterator[Site]:
    """An installation that sends to its own outbox unless its settings say otherwise."""
    # Without a cache a workflow that a dead worker held is not first offered to the dead.
    chosen = {
        "database_url": database_url,
        "temporal_address": temporal.address,
        "task_queue": f"test-{uuid4().hex}",
        "outbox_dir": folder / "outbox",
        "log_format": "json",
        "max_cached_workflows": 0,
        **settings,
    }
    made = Settings(_env_file=None, **chosen)
    async with engine_of(made) as engine:
        yield Site(Rig(engine, made), folder, chosen)
