"""Real workers and slow providers: what has not begun when somebody says no never does, what had begun is let go."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any, Literal
from uuid import UUID

import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from domain.contact import Contact
from local.temporal import LocalTemporal
from tests.e2e.site import Process, Site, site_on
from tests.fakes.twilio_api import ACCOUNT, NUMBER, TOKEN, TwilioApi
from tests.providers.smtp_server import MailServer
from tests.support.helpers import assert_eventually

pytestmark = pytest.mark.e2e

By = Literal["smtp", "twilio", "webhook"]
STEPS: dict[By, str] = {
    "smtp": "{id: first, type: email, subject: First, body: First}",
    "twilio": "{id: first, type: sms, body: First}",
    "webhook": "{id: first, type: webhook, url: 'http://127.0.0.1:%d/'}",
}
SEQUENCE = """
sequence: {key}
on_ambiguous: resend
steps:
  - {step}
  - {{id: wait, type: delay, days: 1}}
  - {{id: second, type: email, subject: Second, body: Second}}
"""


@dataclass
class Hold:
    """A far side that keeps somebody waiting."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> None:
        self.reached.set()
        await self.over.wait()


class SlowMail(MailServer):
    """Waits before it answers a command for which a hold is set."""

    def __init__(self) -> None:
        super().__init__()
        self.holds: dict[str, Hold] = {}
        self.began = 0
        """How often a whole message had come."""

    async def _answer(self, command: str, server: Any, accept: Callable[[], str]) -> str:
        self.began += command == "DATA"
        if (hold := self.holds.pop(command, None)) is not None:
            await hold.wait()
        return await super()._answer(command, server, accept)


class SlowTwilio(TwilioApi):
    """Has the message, and waits before it answers."""

    hold: Hold | None = None

    async def _create(self, request: web.Request) -> web.StreamResponse:
        answer = await super()._create(request)
        hold, self.hold = self.hold, None
        if hold is not None:
            await hold.wait()
        return answer


@dataclass
class Stage:
    """A worker, and providers that wait until they are told to answer."""

    site: Site
    worker: Process
    mail: SlowMail
    twilio: SlowTwilio
    posts: list[Hold | None]
    port: int
    owner: asyncpg.Connection

    def hold(self, by: By) -> Hold:
        """The next hand-over by this provider waits for its answer."""
        hold = Hold()
        if by == "smtp":
            self.mail.holds["DATA"] = hold
        elif by == "twilio":
            self.twilio.hold = hold
        else:
            self.posts.append(hold)
        return hold

    async def begin(self, by: By) -> tuple[UUID, Contact]:
        """Enroll somebody whose first message goes by this provider."""
        step = STEPS[by] % self.port if by == "webhook" else STEPS[by]
        key = await self.site.rig.publish(SEQUENCE.format(key=by, step=step))
        contact = await self.site.rig.contact()
        [enrollment] = await self.site.rig.enroll(key, contact)
        return enrollment, contact

    async def says_no(self, contact: Contact) -> datetime:
        """Answered, and so committed, whatever the providers are waiting for."""
        async with asyncio.timeout(60):
            received = await self.site.rig.reply(contact)
        assert len(received.stopped) == 1
        [row] = await self.site.rig.rows("SELECT ended_at FROM enrollments WHERE id = $1", received.stopped[0])
        return row["ended_at"]  # type: ignore[no-any-return] # a row of anything

    async def settled(self, enrollment: UUID) -> dict[str, Any]:
        async def done() -> dict[str, Any]:
            job = await self.site.rig.job(enrollment, "first")
            assert job["state"] != "sending", job
            return job

        return await assert_eventually(done)


@pytest.fixture
async def stage(database_url: str, temporal: LocalTemporal, tmp_path: Path) -> AsyncIterator[Stage]:
    posts: list[Hold | None] = []

    async def taken(request: web.Request) -> web.Response:
        hold = posts.pop() if posts else None
        if hold is not None:
            await hold.wait()
        return web.json_response({})

    app = web.Application()
    app.router.add_post("/", taken)
    async with AsyncExitStack() as open_:
        mail, twilio = SlowMail(), SlowTwilio()
        for server in (mail, twilio):
            await server.start()
            open_.push_async_callback(server.stop)
        receiver = await open_.enter_async_context(TestServer(app, host="127.0.0.1"))
        site = await open_.enter_async_context(
            site_on(
                database_url,
                temporal,
                tmp_path,
                email_provider="smtp",
                smtp_host="127.0.0.1",
                smtp_port=mail.port,
                smtp_tls="none",
                # Its time passes for a frozen worker too.
                smtp_timeout_s=600,
                sms_provider="twilio",
                twilio_account_sid=ACCOUNT,
                twilio_auth_token=TOKEN,
                twilio_from=NUMBER,
                twilio_base_url=twilio.url,
                webhook_provider="http",
                webhook_secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                webhook_allow="127.0.0.0/8",
            )
        )
        await site.rig.execute("UPDATE tenants SET webhook_allow = ARRAY['127.0.0.1']")
        owner = await asyncpg.connect(database_url)
        open_.push_async_callback(owner.close)
        worker = await open_.enter_async_context(site.worker())
        yield Stage(site, worker, mail, twilio, posts, receiver.port or 0, owner)


async def test_a_no_while_a_mail_server_makes_up_its_mind_prevents_the_message(stage: Stage) -> None:
    """It answers RCPT late: the look comes after that and finds the no, so DATA is never said."""
    hold = stage.mail.holds["RCPT"] = Hold()
    enrollment, contact = await stage.begin("smtp")
    await hold.reached.wait()
    await stage.says_no(contact)
    hold.over.set()
    job = await stage.settled(enrollment)
    assert (job["state"], job["cancel_reason"], stage.mail.began) == ("cancelled", "replied", 0)


@pytest.mark.parametrize("by", list(STEPS))
async def test_a_no_waits_for_no_provider_and_names_what_had_begun(stage: Stage, by: By) -> None:
    """However long the provider takes, the no is answered; the message is recorded as sent, none follows it."""
    hold = stage.hold(by)
    enrollment, contact = await stage.begin(by)
    await hold.reached.wait()
    said_at = await stage.says_no(contact)
    job = await stage.site.rig.job(enrollment, "first")
    assert (job["state"], job["overtaken_at"]) == ("sending", said_at)
    hold.over.set()
    job = await stage.settled(enrollment)
    assert (job["state"], job["overtaken_at"]) == ("sent", said_at)
    assert await stage.site.rig.ended(enrollment) == ("stopped", "replied")


async def test_a_no_is_heard_also_where_every_session_of_the_worker_has_ended(stage: Stage) -> None:
    """What the database has committed is asked for by a new session; no lock that went with the old one was needed."""
    hold = stage.mail.holds["RCPT"] = Hold()
    enrollment, contact = await stage.begin("smtp")
    await hold.reached.wait()
    assert await stage.owner.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    async def said() -> None:
        try:
            await stage.says_no(contact)
        except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
            raise AssertionError("our own sessions ended as well") from error

    await assert_eventually(said)
    hold.over.set()
    job = await stage.settled(enrollment)
    assert (job["state"], job["cancel_reason"], stage.mail.began) == ("cancelled", "replied", 0)


async def test_a_frozen_worker_s_message_is_sent_by_nobody_else(stage: Stage) -> None:
    """Another one takes its activity over and finds that it may still be at it; thawed, it records the outcome."""
    hold = stage.hold("smtp")
    enrollment, _ = await stage.begin("smtp")
    await hold.reached.wait()
    stage.worker.send(SIGSTOP)
    async with stage.site.worker():

        async def left_alone() -> None:
            job = await stage.site.rig.job(enrollment, "first")
            assert (job["state"], job["gate"]) == ("sending", "reconcile"), job

        await assert_eventually(left_alone, timeout_s=120.0)
        assert stage.mail.began == 1
        hold.over.set()
        stage.worker.send(SIGCONT)
        assert (await stage.settled(enrollment))["state"] == "sent"
        await stage.site.rig.arrives(enrollment, "second")
    assert (stage.mail.began, len(stage.mail.mails)) == (1, 1)


async def test_a_killed_worker_holds_nothing(stage: Stage) -> None:
    """Its session ends with it: the message is in doubt at once, and the author's policy decides."""
    hold = stage.hold("smtp")
    enrollment, _ = await stage.begin("smtp")
    await hold.reached.wait()
    await stage.worker.kill()
    async with stage.site.worker():

        async def given_up() -> None:
            job = await stage.site.rig.job(enrollment, "first")
            assert (job["state"], job["error_code"]) == ("pending", "worker_lost"), job

        await assert_eventually(given_up, timeout_s=120.0)
    hold.over.set()
