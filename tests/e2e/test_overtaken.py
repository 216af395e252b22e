"""A reply, an opt-out at the same number or a provider's report beside a delivery: each order, forced by locks."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.contact import Contact
from domain.events import EventType, StatusReport
from domain.messages import Channel
from local.temporal import LocalTemporal
from starter.inbound.receive import receive
from store.inbound.reception import Received
from tests.e2e.brakes import Brakes, brakes_in
from tests.e2e.site import Process, Site, site_on
from tests.support.helpers import assert_eventually

pytestmark = pytest.mark.e2e

TEXTS = """
sequence: texts
steps:
  - {id: hello, type: sms, body: "Hello {{ name }}"}
  - {id: wait, type: delay, seconds: 1}
  - {id: again, type: sms, body: "Again"}
"""


@dataclass(frozen=True)
class No:
    """Somebody says no, or a provider reports that nothing more may go there."""

    said: str | EventType
    reason: str
    by_another: bool = field(default=False)
    """Not by the contact itself, but by one who shares its number."""


SAYINGS = [
    pytest.param(No("Not interested, thanks.", "replied"), id="reply"),
    pytest.param(No("STOP", "unsubscribed", by_another=True), id="opt-out of another with the same number"),
    pytest.param(No(EventType.COMPLAINED, "complained"), id="complaint"),
    pytest.param(No(EventType.BOUNCED, "bounced", by_another=True), id="bounce of another with the same number"),
]


@dataclass
class Stage:
    """A worker that runs, and a contact who is about to be written to and to say no."""

    site: Site
    brakes: Brakes
    worker: Process

    async def contact(self, no: No) -> Contact:
        contact = await self.site.rig.contact()
        if no.by_another:
            # The newest of them is whom an inbound message is taken to come from.
            await self.site.rig.contact(phone=contact.phone)
        return contact

    async def enroll(self, contact: Contact) -> UUID:
        await self.site.rig.publish(TEXTS)
        # However long the delivery that it sets off takes: enrolling does not wait for it.
        async with asyncio.timeout(60):
            [enrollment] = await self.site.rig.enroll("texts", contact)
        return enrollment

    async def says(self, contact: Contact, no: No) -> tuple[Received, datetime]:
        """What became of it, and a time after its commit."""
        if isinstance(no.said, EventType):
            report = StatusReport(
                type=no.said,
                channel=Channel.SMS,
                provider="elsewhere",
                provider_event_id=uuid4().hex,
                address=contact.phone,
                at=datetime.now(UTC),
            )
            return await receive(self.site.rig.engine, report), datetime.now(UTC)
        received = await self.site.rig.reply(contact, no.said, channel=Channel.SMS)
        return received, datetime.now(UTC)

    async def settled(self, enrollment: UUID) -> dict[str, Any]:
        """The job of the first message, as soon as nobody is at it any more."""

        async def done() -> dict[str, Any]:
            job = await self.site.rig.job(enrollment, "hello")
            assert job["state"] != "sending", job
            return job

        return await assert_eventually(done)

    async def handed_over(self, contact: Contact) -> list[Any]:
        """Of sequences: the confirmation of an opt-out is the one message that may follow it."""
        jobs = {row["id"] for row in await self.site.rig.rows("SELECT id FROM message_jobs")}
        found = [entry for entry in self.site.outbox() if entry.message.to == contact.phone]
        return [entry for entry in found if entry.message.job_id in jobs]


@pytest.fixture(scope="module")
async def stage(
    module_database_url: str, temporal: LocalTemporal, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("overtaken")
    async with (
        site_on(module_database_url, temporal, folder) as site,
        brakes_in(module_database_url) as brakes,
        site.worker() as worker,
    ):
        yield Stage(site, brakes, worker)


@pytest.mark.parametrize("no", SAYINGS)
async def test_a_no_that_is_being_committed_when_a_delivery_begins_prevents_it(stage: Stage, no: No) -> None:
    """The claim waits for the transaction that says no, and finds the enrollment ended: nothing is sent."""
    contact = await stage.contact(no)
    commit = await stage.brakes.on("stopped", contact.id)
    stage.worker.send(SIGSTOP)
    enrollment = await stage.enroll(contact)
    saying = asyncio.create_task(stage.says(contact, no))
    await commit.reached()
    stage.worker.send(SIGCONT)
    await stage.brakes.queued()
    await commit.release()
    received, _ = await saying

    assert received.stopped == (enrollment,)
    assert await stage.site.rig.ended(enrollment) == ("stopped", no.reason)
    assert await stage.handed_over(contact) == []
    [job] = await stage.site.rig.jobs(enrollment)
    assert (job["state"], job["cancel_reason"], job["claimed_at"]) == ("cancelled", no.reason, None)


@pytest.mark.parametrize("no", SAYINGS)
async def test_a_no_that_commits_between_claim_and_hand_over_prevents_the_hand_over(stage: Stage, no: No) -> None:
    """The claim is made; the last look finds the committed no: nothing is sent, the job is cancelled."""
    contact = await stage.contact(no)
    claim = await stage.brakes.on("claim", contact.id)
    enrollment = await stage.enroll(contact)
    await claim.reached()
    # The claim holds the row until it has committed; a frozen worker does not come to its look.
    stage.worker.send(SIGSTOP)
    saying = asyncio.create_task(stage.says(contact, no))
    await stage.brakes.queued()
    await claim.release()
    received, _ = await saying
    [job] = await stage.site.rig.jobs(enrollment)
    assert job["state"] == "sending"
    stage.worker.send(SIGCONT)

    assert received.stopped == (enrollment,)
    assert await stage.site.rig.ended(enrollment) == ("stopped", no.reason)
    assert await stage.handed_over(contact) == []
    job = await stage.settled(enrollment)
    assert (job["state"], job["cancel_reason"]) == ("cancelled", no.reason)


@pytest.mark.parametrize("no", SAYINGS)
async def test_a_no_that_comes_while_a_hand_over_is_recorded_waits_for_that_and_prevents_the_next(
    stage: Stage, no: No
) -> None:
    """The transaction that says no waits for the settlement, which names the next step; that one is cancelled."""
    contact = await stage.contact(no)
    settle = await stage.brakes.on("settle", contact.id)
    enrollment = await stage.enroll(contact)
    await settle.reached()
    saying = asyncio.create_task(stage.says(contact, no))
    await stage.brakes.queued()
    assert not saying.done()
    assert len(await stage.handed_over(contact)) == 1
    released = datetime.now(UTC)
    await settle.release()
    received, committed = await saying

    assert received.stopped == (enrollment,)
    assert await stage.site.rig.ended(enrollment) == ("stopped", no.reason)
    [entry] = await stage.handed_over(contact)
    assert entry.at < released < committed
    sent, later = await stage.site.rig.jobs(enrollment)
    assert (sent["state"], later["state"], later["cancel_reason"]) == ("sent", "cancelled", no.reason)
    if not no.by_another:
        assert (received.enrollment_id, received.node_id) == (enrollment, "hello")
