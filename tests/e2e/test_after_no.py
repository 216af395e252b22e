"""Many at once, who say no while their message is about to leave: how long after the answer anything still begins."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from domain.contact import Contact
from local.temporal import LocalTemporal
from tests.e2e.site import Site, site_on
from tests.providers.smtp_server import MailServer
from tests.support.helpers import assert_eventually

pytestmark = pytest.mark.e2e

CROWD = 60
_LOOK_S = 0.5
"""A look is good for so long; what begins later than that after a no had not asked."""
STEPS = {
    "smtp": "{id: first, type: email, subject: First, body: First}",
    "webhook": "{id: first, type: webhook, url: 'http://127.0.0.1:%d/'}",
}


class Watched(MailServer):
    """Answers RCPT after a while, and notes when each message began to come."""

    def __init__(self, dice: random.Random) -> None:
        super().__init__()
        self.dice, self.began = dice, list[tuple[str, float]]()

    async def _answer(self, command: str, server: Any, accept: Callable[[], str]) -> str:
        if command == "RCPT":
            await asyncio.sleep(self.dice.uniform(0, 0.2))
        return await super()._answer(command, server, accept)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.began.append((envelope.rcpt_tos[0], time.monotonic()))
        return await super().handle_DATA(server, session, envelope)


@pytest.fixture
async def watched(
    database_url: str, temporal: LocalTemporal, tmp_path: Path
) -> AsyncIterator[tuple[Site, list[tuple[str, float]], int]]:
    dice = random.Random(11)  # noqa: S311 - no secret
    mail = Watched(dice)

    async def taken(request: web.Request) -> web.Response:
        mail.began.append(((await request.json())["data"]["contact"]["email"], time.monotonic()))
        await asyncio.sleep(dice.uniform(0, 0.2))
        return web.json_response({})

    app = web.Application()
    app.router.add_post("/", taken)
    async with AsyncExitStack() as open_:
        await mail.start()
        open_.push_async_callback(mail.stop)
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
                webhook_provider="http",
                webhook_secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                webhook_allow="127.0.0.0/8",
            )
        )
        await site.rig.execute("UPDATE tenants SET webhook_allow = ARRAY['127.0.0.1']")
        await open_.enter_async_context(site.worker())
        yield site, mail.began, receiver.port or 0


@pytest.mark.parametrize("by", list(STEPS))
async def test_nothing_begins_after_a_no(
    watched: tuple[Site, list[tuple[str, float]], int], by: str, record_property: Callable[[str, object], None]
) -> None:
    """Whatever leaves later than a look is good for had not asked; what had begun is named, and nothing else is."""
    site, began, port = watched
    step = STEPS[by] % port if by == "webhook" else STEPS[by]
    key = await site.rig.publish(f"{{sequence: crowd, steps: [{step}, {{id: wait, type: delay, days: 1}}]}}")
    crowd = await site.contacts(CROWD)
    answered: dict[str, float] = {}

    async def say_no(contact: Contact, after: float) -> None:
        await asyncio.sleep(after)
        await site.rig.reply(contact)
        answered[contact.email or ""] = time.monotonic()

    enrolling = asyncio.create_task(site.rig.enroll(key, *crowd))
    dice = random.Random(12)  # noqa: S311 - no secret
    saying = [asyncio.create_task(say_no(one, dice.uniform(0.5, 4.0))) for one in crowd]
    enrollments: list[UUID] = await enrolling
    await asyncio.gather(*saying)

    async def settled() -> list[dict[str, Any]]:
        jobs = [job for one in enrollments for job in await site.rig.jobs(one)]
        assert not [job for job in jobs if job["state"] in ("pending", "sending")]
        return jobs

    jobs = await assert_eventually(settled, timeout_s=180.0)
    late = [at - answered[to] for to, at in began if at > answered[to]]
    begun = [job for job in jobs if job["overtaken_at"] is not None and job["state"] == "sent"]
    record_property("late_ms", sorted(round(1000 * one, 1) for one in late))
    record_property("states", {state: sum(j["state"] == state for j in jobs) for state in ("sent", "cancelled")})
    assert max(late, default=0.0) <= _LOOK_S, late
    assert len(late) <= len(begun), "what leaves after a no is named"
    assert len(began) == sum(job["state"] == "sent" for job in jobs)
