"""A mailbox that real workers poll over TLS."""

from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import trustme

from local.temporal import LocalTemporal
from tests.e2e.brakes import Brake
from tests.e2e.site import Site, site_on
from tests.providers.dovecot import PASSWORD, MailAccount, dovecot, needs_dovecot, trust
from tests.support.helpers import assert_eventually

pytestmark = [pytest.mark.e2e, needs_dovecot]

EMAILS = """
sequence: emails
steps:
  - {id: one, type: email, subject: One, body: First}
  - {id: wait, type: delay, days: 1}
  - {id: two, type: email, thread: one, body: Second}
"""

_KEY = 42
_BRAKE = f"""
CREATE FUNCTION wait_at_the_checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({_KEY});
    RETURN NEW;
END
$$;
CREATE TRIGGER wait_at_the_checkpoint BEFORE UPDATE ON mailboxes
    FOR EACH ROW WHEN (NEW.last_uid > OLD.last_uid) EXECUTE FUNCTION wait_at_the_checkpoint();
"""
"""A mailbox's place moves on only while nobody holds the lock."""


@pytest.fixture
async def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[MailAccount]:
    authority = trustme.CA()
    trust(monkeypatch, authority, tmp_path)
    async with dovecot(authority) as server:
        yield server.account()


@pytest.fixture
async def site(account: MailAccount, database_url: str, temporal: LocalTemporal, tmp_path: Path) -> AsyncIterator[Site]:
    settings = {
        "imap_host": "localhost",
        "imap_port": account.server.tls_port,
        "imap_username": account.user,
        "imap_password": PASSWORD,
        "imap_every_s": 1,
    }
    async with site_on(database_url, temporal, tmp_path, **settings) as made:
        yield made


async def test_a_worker_killed_between_the_effect_and_its_place_in_the_mailbox_does_nothing_twice(
    site: Site, account: MailAccount, database_url: str
) -> None:
    """The answer stops its enrollment before its place is left; the next worker reads it again, and changes nothing."""
    owner = await asyncpg.connect(database_url)
    try:
        await owner.execute(_BRAKE)
        await owner.execute("SELECT pg_advisory_lock($1)", _KEY)
        brake = Brake(owner, _KEY)
        async with site.worker() as worker:
            enrollment, contact = await site.rig.start(EMAILS)
            await site.rig.arrives(enrollment, "two")
            await assert_eventually(lambda: _begun(site))
            account.put(_answer(await site.rig.job(enrollment, "one"), contact.email or ""))
            await brake.reached()

            async def stopped() -> None:
                assert (await site.rig.enrollment(enrollment))["status"] == "stopped"

            await assert_eventually(stopped)
            await worker.kill()
        await brake.release()
        async with site.worker():

            async def read() -> None:
                [row] = await site.rig.rows("SELECT last_uid FROM mailboxes")
                assert row["last_uid"] == 1

            await assert_eventually(read)
    finally:
        await owner.close()
    [event] = await site.rig.rows("SELECT type, enrollment_id FROM events")
    assert event == {"type": "inbound", "enrollment_id": enrollment}
    [response] = await site.rig.rows("SELECT step_number, kind FROM responses")
    assert response == {"step_number": 1, "kind": "reply"}
    assert site.sent_to(contact) == ["One"]
    assert all(b"\\Seen" not in flags for flags in account.flags())


async def _begun(site: Site) -> bool:
    """Whether the mailbox has been opened for the first time."""
    return bool(await site.rig.rows("SELECT FROM mailboxes"))


def _answer(job: dict[str, Any], sender: str) -> bytes:
    mail = EmailMessage()
    # From another address than we wrote to: only the thread says what it answers.
    mail["From"] = f"Ada <elsewhere.{sender}>"
    mail["To"] = "touchline@localhost"
    mail["Subject"] = "Re: One"
    mail["Message-ID"] = "<answer@example.com>"
    mail["In-Reply-To"] = job["content"]["message_id"]
    mail.set_content("Tell me more.")
    return mail.as_bytes()
