"""Workers that end, in good order or again and again."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM

import asyncpg
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from local.temporal import LocalTemporal
from providers.outbox import count_outbox
from tests.e2e.site import Site, site_on
from tests.providers.smtp_server import MailServer
from tests.support.helpers import assert_eventually

pytestmark = pytest.mark.e2e

THREE = """
sequence: three
steps:
  - {id: one, type: email, subject: One, body: "For {{ external_id }}"}
  - {id: w1, type: delay, seconds: 1}
  - {id: two, type: email, subject: Two, body: "For {{ external_id }}"}
  - {id: w2, type: delay, seconds: 1}
  - {id: three, type: email, subject: Three, body: "For {{ external_id }}"}
"""
ALL = ["One", "Two", "Three"]

SLOW_LEDGER = """
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(0.2 * random());
    RETURN NEW;
END
$$;
CREATE TRIGGER slowly BEFORE UPDATE OF state ON message_jobs FOR EACH ROW EXECUTE FUNCTION slowly();
"""


@dataclass
class SlowMailServer(MailServer):
    """Takes a message only when the test says so."""

    offered: asyncio.Event = field(default_factory=asyncio.Event)
    take: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.offered.set()
        await self.take.wait()
        return await super().handle_DATA(server, session, envelope)


@pytest.fixture
async def mail() -> AsyncIterator[SlowMailServer]:
    server = SlowMailServer()
    await server.start()
    yield server
    await server.stop()


async def test_a_worker_that_is_asked_to_end_finishes_what_it_hands_over(
    mail: SlowMailServer, database_url: str, temporal: LocalTemporal, tmp_path: Path
) -> None:
    """SIGTERM during a slow hand-over: it is taken to its end and recorded, then the worker ends with status 0."""
    settings = {"email_provider": "smtp", "smtp_host": "127.0.0.1", "smtp_port": mail.port, "smtp_tls": "none"}
    async with site_on(database_url, temporal, tmp_path, **settings) as site:
        async with site.worker() as worker:
            contacts = await site.contacts(1)
            [enrollment] = await site.rig.enroll(await site.rig.publish(THREE), *contacts)
            await mail.offered.wait()
            worker.send(SIGTERM)
            await worker.says("stopping")
            assert worker.running
            mail.take.set()
            assert await worker.exit_status() == 0
        assert len(mail.mails) == 1
        job = await site.rig.job(enrollment, "one")
        assert (job["state"], job["attempts"]) == ("sent", 1)
        async with site.worker():
            await site.all_ended(1)
    assert len(mail.mails) == 3


async def test_workers_that_die_again_and_again_cost_no_message(site: Site, database_url: str) -> None:
    """One of two is killed five times amid 40 enrollments of three messages: 120 hand-overs, each once."""
    # So that a kill finds deliveries at every stage.
    owner = await asyncpg.connect(database_url)
    await owner.execute(SLOW_LEDGER)
    await owner.close()
    key = await site.rig.publish(THREE)
    people = []
    async with site.worker(max_concurrent_deliveries=2, max_cached_workflows=100):
        for _ in range(5):
            async with site.worker(max_cached_workflows=100):
                some = await site.contacts(8)
                before = count_outbox(site.rig.settings.outbox_dir)
                await site.rig.enroll(key, *some)
                people += some

                async def in_the_thick_of_it(before: int = before) -> bool:
                    return count_outbox(site.rig.settings.outbox_dir) >= before + 4

                await assert_eventually(in_the_thick_of_it)
        await site.all_ended(40)
    assert [site.sent_to(contact) for contact in people] == [ALL] * 40
    assert len(site.outbox()) == 120
