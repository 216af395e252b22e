"""What was answered is heard: the processes that took it in are killed, and nothing is sent that it forbids."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from domain.contact import Contact
from local.temporal import LocalTemporal
from tests.e2e.site import Process, Site, site_on
from tests.providers.twilio_calls import REPLY, TOKEN, call
from tests.support.helpers import assert_eventually

pytestmark = pytest.mark.e2e

TEXTS = """
sequence: texts
steps:
  - {id: hello, type: sms, body: "Hello {{ name }}"}
  - {id: wait, type: delay, seconds: 5}
  - {id: again, type: sms, body: "Again"}
"""
AT_ONCE_S = 30.0
"""Far below what anything here waits for, and far above what an answer takes on a machine that stops for seconds."""


@dataclass
class Api:
    """An API process, as Twilio calls it."""

    process: Process
    port: int

    async def says(self, contact: Contact, words: str) -> int:
        """The status that a text from this contact is answered with."""
        text = {**REPLY, "From": contact.phone or "", "Body": words, "MessageSid": f"SM{uuid4().hex}"}
        url = f"http://127.0.0.1:{self.port}/webhooks/twilio/inbound"
        made = call({name: value for name, value in text.items() if name != "AccountSid"}, url)
        async with httpx.AsyncClient(timeout=AT_ONCE_S) as http:
            return (await http.post(url, content=made.body, headers=dict(made.headers))).status_code


@asynccontextmanager
async def api_of(site: Site) -> AsyncIterator[Api]:
    settings = {**site.settings, "api_port": 0, "twilio_webhook_tokens": TOKEN}
    process = Process(["-P", "-m", "api"], site.folder / f"api-{uuid4().hex[:6]}.log", settings)
    try:

        async def port() -> int:
            assert process.running, process.log_tail()
            said = [json.loads(line) for line in process.log.read_text().splitlines() if '"serving"' in line]
            assert said
            return int(said[0]["port"])

        yield Api(process, await assert_eventually(port, timeout_s=120))
    finally:
        await process.kill()


@pytest.fixture
async def site(database_url: str, temporal: LocalTemporal, tmp_path: Path) -> AsyncIterator[Site]:
    async with site_on(database_url, temporal, tmp_path) as made:
        yield made


@pytest.fixture
async def somebody_at_work(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Who holds an enrollment, as a transaction does that takes long."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def written_to(site: Site) -> tuple[UUID, Contact]:
    """Somebody who got the first message, and is about to get the second."""
    contact = await site.rig.contact()
    await site.rig.publish(TEXTS)
    [enrollment] = await site.rig.enroll("texts", contact)
    await site.rig.arrives(enrollment, "again")
    return enrollment, contact


async def waiting(site: Site) -> int:
    [row] = await site.rig.rows("SELECT count(*) FROM inbox")
    return int(row["count"])


@pytest.mark.parametrize("worker_too", [False, True], ids=["the API is killed", "the API and the worker are killed"])
async def test_what_was_answered_outlives_who_answered_it(
    site: Site, somebody_at_work: asyncpg.Connection, worker_too: bool
) -> None:
    """STOP is answered 200 while the enrollment is locked, and who took it in is killed: the sequence stops all the
    same, and the message that was due meanwhile never goes."""
    async with api_of(site) as api, site.worker() as worker:
        enrollment, contact = await written_to(site)
        async with somebody_at_work.transaction():
            await somebody_at_work.execute("SELECT FROM enrollments WHERE id = $1 FOR NO KEY UPDATE", enrollment)
            assert await api.says(contact, "STOP") == 200
            assert await waiting(site) == 1
            await api.process.kill()
            if worker_too:
                await worker.kill()
        if worker_too:
            async with site.worker():
                await _stopped(site, enrollment)
        else:
            await _stopped(site, enrollment)
    sent = [entry.message.job_id for entry in site.outbox() if entry.message.to == contact.phone]
    jobs = {row["id"]: row["state"] for row in await site.rig.jobs(enrollment)}
    assert [jobs[job] for job in sent if job in jobs] == ["sent"]
    assert sorted(jobs.values()) == ["cancelled", "sent"]


async def _stopped(site: Site, enrollment: UUID) -> None:
    assert await site.rig.ended(enrollment) == ("stopped", "unsubscribed")

    async def applied() -> None:
        assert await waiting(site) == 0

    await assert_eventually(applied)


async def test_a_flood_waits_for_nobody(site: Site, somebody_at_work: asyncpg.Connection) -> None:
    """Twenty contacts whose enrollments are all locked say no at once: each is answered, and all stop when they can."""
    async with api_of(site) as api, site.worker():
        people = await site.contacts(20)
        await site.rig.publish(TEXTS)
        enrollments = await site.rig.enroll("texts", *people)
        await asyncio.gather(*(site.rig.arrives(enrollment, "again") for enrollment in enrollments))
        async with somebody_at_work.transaction():
            locked = "SELECT FROM enrollments WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE"
            await somebody_at_work.execute(locked, enrollments)
            answers = await asyncio.gather(*(api.says(contact, "No, thanks") for contact in people))
            assert answers == [200] * 20
        await site.all_ended(0, stopped=20)
    assert {row["state"] for row in await site.rig.rows("SELECT state FROM message_jobs WHERE node_id = 'again'")} == {
        "cancelled"
    }
