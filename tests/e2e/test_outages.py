"""Servers that stop, or are killed, in the middle of a run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from domain.contact import Contact
from local.postgres import LocalPostgres
from local.temporal import LocalTemporal
from store.schema import migrate
from tests.e2e.site import Site, site_on
from tests.support.helpers import assert_eventually

pytestmark = pytest.mark.e2e

JOURNEY = """
sequence: journey
steps:
  - {{id: one, type: email, subject: One, body: "For {{{{ external_id }}}}"}}
  - {{id: w1, type: delay, seconds: {delay}}}
  - {{id: two, type: email, subject: Two, body: "For {{{{ external_id }}}}"}}
  - {{id: w2, type: delay, seconds: {delay}}}
  - {{id: three, type: email, subject: Three, body: "For {{{{ external_id }}}}"}}
"""
ALL = ["One", "Two", "Three"]
OUTAGE_S = 10.0


@dataclass
class Ground:
    """Servers of one test's own, which keep their state when they stop."""

    postgres: LocalPostgres
    temporal: LocalTemporal
    folder: Path

    @asynccontextmanager
    async def site(self) -> AsyncIterator[Site]:
        url = self.postgres.url("touchline")
        async with site_on(url, self.temporal, self.folder, task_queue="outage", reconcile_every_s=2) as made:
            yield made


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    postgres = LocalPostgres(tmp_path / "postgres", durable=False)
    temporal = LocalTemporal(tmp_path / "temporal", ui=False)
    async with AsyncExitStack() as open_:
        open_.push_async_callback(postgres.remove)
        await postgres.start()
        await migrate(postgres.url("touchline"))
        open_.push_async_callback(temporal.kill)
        await temporal.start()
        yield Ground(postgres, temporal, tmp_path)


async def in_mid_run(site: Site, count: int) -> list[Contact]:
    """Enroll so many, and wait until each has got its first message; some may have got more."""
    await site.rig.publish(JOURNEY.format(delay=4))
    people = await site.contacts(count)
    await site.rig.enroll("journey", *people)
    await _have_got_one(site, *people)
    return people


async def _have_got_one(site: Site, *people: Contact) -> None:
    async def got() -> bool:
        return {contact.email for contact in people} <= {entry.message.to for entry in site.outbox()}

    await assert_eventually(got)


async def test_postgresql_may_stop_for_a_while(ground: Ground) -> None:
    """Ten seconds without the database, the worker staying up: everything completes, nothing lost, nothing twice."""
    async with ground.site() as site, site.worker() as worker:
        await in_mid_run(site, 20)
        await ground.postgres.stop()
        await asyncio.sleep(OUTAGE_S)
        await ground.postgres.start()
        await site.all_ended(20)
        assert worker.running
        assert await site.lost_or_doubled() == []
        assert len(site.outbox()) == 60


async def test_temporal_may_stop_for_a_while(ground: Ground) -> None:
    """Ten seconds without Temporal: what was said meanwhile is told later, the rest completes, nothing twice."""
    async with ground.site() as site, site.worker(reconcile_every_s=2) as worker:
        await site.rig.publish(JOURNEY.format(delay=3600).replace("journey", "slow"))
        [decided] = await site.contacts(1)
        await site.rig.enroll("slow", decided)
        await _have_got_one(site, decided)
        others = await in_mid_run(site, 19)
        await ground.temporal.stop()
        received = await site.rig.reply(decided)
        [stopped] = received.stopped
        await asyncio.sleep(OUTAGE_S)
        [signal] = await site.rig.rows("SELECT signalled_at FROM enrollment_signals")
        assert signal["signalled_at"] is None
        await ground.temporal.start()

        assert await site.rig.ended(stopped) == ("stopped", "replied")
        await site.all_ended(19, stopped=1)
        assert worker.running
        assert site.sent_to(decided) == ["One"]
        assert [site.sent_to(contact) for contact in others] == [ALL] * 19

        async def told() -> None:
            [signal] = await site.rig.rows("SELECT signalled_at FROM enrollment_signals")
            assert signal["signalled_at"] is not None

        await assert_eventually(told, timeout_s=60.0)


async def test_sleepers_outlive_the_death_of_everything(ground: Ground) -> None:
    """PostgreSQL, Temporal and worker killed at once while enrollments sleep; started again, they finish."""
    async with ground.site() as site, site.worker() as worker:
        people = await in_mid_run(site, 10)
        await asyncio.gather(worker.kill(), ground.postgres.kill(), ground.temporal.kill())
    await asyncio.gather(ground.postgres.start(), ground.temporal.start())
    async with ground.site() as site, site.worker():
        await site.all_ended(10)
        assert [site.sent_to(contact) for contact in people] == [ALL] * 10
