"""Workers killed between claim and hand-over, between hand-over and settling, and after settling.

One fixture brings every case to its point, kills all workers at once and starts new ones; each test then
waits for what becomes of its own case, so that the waits overlap.
"""

import asyncio
import email
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from signal import SIGCONT, SIGSTOP
from typing import cast
from uuid import UUID

import pytest

from domain.contact import Contact
from local.temporal import LocalTemporal
from starter.enrollments import control
from tests.e2e.brakes import Brake, Brakes, Point, brakes_in
from tests.e2e.site import Process, Site, site_on
from tests.fakes.twilio_api import ACCOUNT, NUMBER, TOKEN, TwilioApi
from tests.providers.smtp_server import MailServer
from tests.support.helpers import assert_eventually

pytestmark = pytest.mark.e2e

EMAILS = """
sequence: {key}
on_ambiguous: {policy}
steps:
  - {{id: first, type: email, subject: First, body: "First to {{{{ external_id }}}}"}}
  - {{id: wait, type: delay, seconds: 1}}
  - {{id: second, type: email, thread: first, body: Second}}
"""
TEXTS = """
sequence: texts
steps:
  - {id: first, type: sms, body: First}
  - {id: wait, type: delay, seconds: 1}
  - {id: second, type: sms, body: Second}
"""
POINTS: tuple[Point, ...] = ("claim", "settle", "settled")
UNTAUGHT: tuple[Point, ...] = ("claim", "settle")
"""Where the ledger says `sending`, and only the provider could say more."""
STATE_AT = {"claim": "sending", "settle": "sending", "settled": "sent"}


@dataclass(frozen=True)
class Case:
    """One contact whose first message was at this point when the worker died."""

    site: Site
    contact: Contact
    enrollment: UUID
    brake: Brake


@dataclass
class Wreck:
    """What the killed workers left, and the servers that they talked to."""

    mail: MailServer
    twilio: TwilioApi
    frozen: Process
    """A worker that is not dead; it stopped for a while between claim and hand-over."""
    cases: dict[tuple[str, Point], Case] = field(default_factory=dict)

    async def put(self, site: Site, key: str, point: Point, brakes: Brakes, *, name: str = "") -> None:
        """Enroll a contact in a sequence, whose first message will come to the point and stay there."""
        contact = await site.rig.contact()
        brake = await brakes.on(point, contact.id)
        [enrollment] = await site.rig.enroll(key, contact)
        self.cases[name or key, point] = Case(site, contact, enrollment, brake)

    async def reached(self) -> None:
        """Wait until every message is at its point."""
        for case in self.cases.values():
            await case.brake.reached()

    async def let_commit(self, *points: Point) -> None:
        """Let those go who wait at these points; what they committed is there when this returns."""
        for (_, point), case in self.cases.items():
            if point in points:
                await case.brake.release()

                async def committed(case: Case = case, state: str = STATE_AT[point]) -> None:
                    job = await case.site.rig.job(case.enrollment, "first")
                    assert job["state"] == state

                await assert_eventually(committed)

    def mails(self, contact: Contact) -> list[EmailMessage]:
        """What this contact got by SMTP, in order."""
        return [
            email.message_from_bytes(cast(bytes, envelope.content), policy=default)
            for envelope in self.mail.mails
            if envelope.rcpt_tos == [contact.email]
        ]

    def texts(self, contact: Contact) -> list[str]:
        """What this contact got by SMS, in order."""
        return [message["body"] for message in self.twilio.messages if message["to"] == contact.phone]


@pytest.fixture(scope="module")
async def wreck(
    module_database_url: str, temporal: LocalTemporal, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Wreck]:
    async with AsyncExitStack() as open_:
        mail, twilio = MailServer(), TwilioApi()
        for server in (mail, twilio):
            await server.start()
            open_.push_async_callback(server.stop)
        local = await open_.enter_async_context(
            site_on(module_database_url, temporal, tmp_path_factory.mktemp("local"))
        )
        wire = await open_.enter_async_context(
            site_on(
                module_database_url,
                temporal,
                tmp_path_factory.mktemp("wire"),
                email_provider="smtp",
                smtp_host="127.0.0.1",
                smtp_port=mail.port,
                smtp_tls="none",
                sms_provider="twilio",
                twilio_account_sid=ACCOUNT,
                twilio_auth_token=TOKEN,
                twilio_from=NUMBER,
                twilio_base_url=twilio.url,
            )
        )
        brakes = await open_.enter_async_context(brakes_in(module_database_url))
        lost = await open_.enter_async_context(site_on(module_database_url, temporal, tmp_path_factory.mktemp("lost")))
        # One slot, so that while it is frozen with one delivery no other waits in its hands.
        frozen = await open_.enter_async_context(lost.worker(max_concurrent_deliveries=1))
        wreck = Wreck(mail, twilio, frozen)
        for key, policy in {"local": "hold", "hold": "hold", "resend": "resend", "assume": "assume_sent"}.items():
            await wire.rig.publish(EMAILS.format(key=key, policy=policy))
        await wire.rig.publish(TEXTS)

        async with local.worker() as one, wire.worker() as other:
            await wreck.put(lost, "local", "claim", brakes, name="lost")
            for key in ("local", "hold", "resend", "assume", "texts"):
                for point in POINTS:
                    await wreck.put(local if key == "local" else wire, key, point, brakes)
            await wreck.reached()
            for worker in (one, other, frozen):
                worker.send(SIGSTOP)
            # A frozen worker never learns what the server commits for it.
            await wreck.let_commit("claim", "settled")
        await wreck.let_commit("settle")

        # As if it had taken two minutes until somebody took over: Twilio's list is complete by then.
        await wire.rig.execute(
            "UPDATE message_jobs SET claimed_at = claimed_at - interval '2 minutes' WHERE enrollment_id = $1",
            wreck.cases["texts", "claim"].enrollment,
        )
        for site in (local, wire, lost):
            await open_.enter_async_context(site.worker())
        yield wreck


async def ended(case: Case) -> None:
    async with asyncio.timeout(180):
        assert await case.site.rig.ended(case.enrollment) == ("completed", None)


@pytest.mark.parametrize("point", POINTS)
async def test_a_provider_that_remembers_hands_over_exactly_once(wreck: Wreck, point: Point) -> None:
    """Wherever the worker dies, the outbox is asked and holds each message once."""
    case = wreck.cases["local", point]
    await ended(case)
    assert case.site.sent_to(case.contact) == ["First", "Re: First"]


@pytest.mark.parametrize("point", POINTS)
async def test_a_list_of_what_was_sent_settles_it(wreck: Wreck, point: Point) -> None:
    """Wherever the worker dies, Twilio's list tells whether to send, and each text goes out once."""
    case = wreck.cases["texts", point]
    await ended(case)
    assert wreck.texts(case.contact) == ["First", "Second"]


@pytest.mark.parametrize("key", ["hold", "resend", "assume"])
async def test_a_settled_message_stays_settled(wreck: Wreck, key: str) -> None:
    """A worker that dies after settling is not asked again, whatever the policy for doubt."""
    case = wreck.cases[key, "settled"]
    await ended(case)
    assert [mail["Subject"] for mail in wreck.mails(case.contact)] == ["First", "Re: First"]
    assert (await case.site.rig.job(case.enrollment, "first"))["assumed"] is False


@pytest.mark.parametrize("point", UNTAUGHT)
async def test_a_message_in_doubt_is_named_and_held(wreck: Wreck, point: Point) -> None:
    """SMTP cannot be asked: the job says `ambiguous` and why, and the enrollment waits for a person."""
    case = wreck.cases["hold", point]

    async def held() -> None:
        row = await case.site.rig.enrollment(case.enrollment)
        assert (row["status"], row["gate"], row["next_run_at"]) == ("running", "ambiguous", None)

    await assert_eventually(held, timeout_s=120.0)
    job = await case.site.rig.job(case.enrollment, "first")
    assert (job["state"], job["error_class"], job["error_code"]) == ("ambiguous", "ambiguous", "worker_lost")
    assert job["error"]
    handed_over = {"claim": 0, "settle": 1}[point]
    assert len(wreck.mails(case.contact)) == handed_over

    # What a person can say then: it was not sent, or it was.
    say = {"claim": control.send_now, "settle": control.assume_sent}[point]
    await say(case.site.rig.engine, case.enrollment)
    await ended(case)
    assert [mail["Subject"] for mail in wreck.mails(case.contact)] == ["First", "Re: First"]


@pytest.mark.parametrize("point", UNTAUGHT)
async def test_a_message_in_doubt_is_assumed_sent_where_the_author_says_so(wreck: Wreck, point: Point) -> None:
    """Under `assume_sent` it is never handed over again, and the record says that it was assumed."""
    case = wreck.cases["assume", point]
    await ended(case)
    job = await case.site.rig.job(case.enrollment, "first")
    assert (job["state"], job["assumed"]) == ("sent", True)
    sent = {"claim": ["Re: First"], "settle": ["First", "Re: First"]}[point]
    assert [mail["Subject"] for mail in wreck.mails(case.contact)] == sent


@pytest.mark.parametrize("point", UNTAUGHT)
async def test_a_message_in_doubt_is_sent_again_where_the_author_says_so(wreck: Wreck, point: Point) -> None:
    """Under `resend` it goes again as the same message: same Message-ID, same text."""
    case = wreck.cases["resend", point]
    await ended(case)
    *firsts, second = wreck.mails(case.contact)
    assert len(firsts) == {"claim": 1, "settle": 2}[point]
    assert len({mail["Message-ID"] for mail in firsts}) == 1
    assert {mail.get_content() for mail in firsts} == {f"First to {case.contact.external_id}\r\n"}
    assert second["In-Reply-To"] == firsts[0]["Message-ID"]


async def test_a_worker_that_was_taken_for_dead_sends_nothing_when_it_comes_back(wreck: Wreck) -> None:
    """Another has settled its claim meanwhile; it is told so, or finds it at its last look, and lets go."""
    case = wreck.cases["lost", "claim"]

    async def taken_over() -> None:
        assert (await case.site.rig.job(case.enrollment, "first"))["state"] == "sent"

    await assert_eventually(taken_over, timeout_s=120.0)
    wreck.frozen.send(SIGCONT)
    await wreck.frozen.says("Completing activity as failed")
    await ended(case)
    assert case.site.sent_to(case.contact) == ["First", "Re: First"]
