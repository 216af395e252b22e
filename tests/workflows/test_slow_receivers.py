"""Receivers that never answer keep nobody else waiting."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from time import monotonic
from uuid import UUID, uuid4

import pytest
from temporalio.client import Client

from domain.messages import Channel, OutgoingMessage, Receipt
from providers.base import LastLook, Later, Line, Soon
from providers.registry import Registry
from providers.webhook import Lines
from starter.runs import Runs
from store.pool import Database
from tests.support.harness import Rig, ScriptedProvider, rig_on
from tests.support.helpers import assert_eventually

PLACES = 2
"""Of messages in the worker; there are twice as many for webhooks."""
HOOKS = """
    sequence: hooks
    steps: [{id: hook, type: webhook, url: "https://example.com/never"}]
"""
MAIL = """
    sequence: mail
    steps: [{id: mail, type: email, subject: Hi, body: Hi.}]
"""


@dataclass
class Tarpit(ScriptedProvider):
    """Takes posts and answers none before the test lets it."""

    lines: Lines = field(default_factory=lambda: Lines(2 * PLACES))
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    under_way: int = 0

    def free_line(self, tenant_id: UUID) -> Line | Soon | Later:
        return self.lines.get(tenant_id, monotonic())

    async def send(self, message: OutgoingMessage, line: Line, *, clear: LastLook) -> Receipt:
        self.under_way += 1
        await self.let_go.wait()
        self.under_way -= 1
        return await super().send(message, line, clear=clear)


@pytest.fixture
def tarpit() -> Tarpit:
    return Tarpit()


@pytest.fixture
async def rig(
    temporal_client: Client, database: Database, tmp_path: Path, provider: ScriptedProvider, tarpit: Tarpit
) -> AsyncIterator[Rig]:
    """A worker with few places, whose webhooks are never answered."""
    async with rig_on(temporal_client, database, tmp_path / "outbox") as around:
        settings = around.settings.model_copy(update={"max_concurrent_deliveries": PLACES})
        engine = replace(
            around.engine,
            runs=Runs(temporal_client, f"test-{uuid4().hex}", around.engine.runs.search_attributes),
            providers=Registry({Channel.EMAIL: provider, Channel.WEBHOOK: tarpit}),
        )
        rig = Rig(engine, settings)
        async with rig.worker():
            yield rig


class Busy(ScriptedProvider):
    """Has no line for whoever asks first."""

    asked = 0

    def free_line(self, tenant_id: UUID) -> Line | Soon | Later:
        self.asked += 1
        return Later(timedelta(hours=1)) if self.asked == 1 else super().free_line(tenant_id)


async def test_whoever_finds_no_line_asks_again_before_it_is_put_off(
    temporal_client: Client, database: Database, tmp_path: Path
) -> None:
    """Where receivers answer, a burst waits a moment, and costs no timer."""
    busy = Busy()
    async with rig_on(temporal_client, database, tmp_path / "outbox", provider=busy) as rig:
        enrollment, _ = await rig.start(HOOKS)
        assert (await rig.ended(enrollment))[0] == "completed"
    assert (busy.asked, len(busy.handed_over)) == (2, 1)


async def test_webhooks_that_are_never_answered_keep_no_email_waiting(
    rig: Rig, provider: ScriptedProvider, tarpit: Tarpit
) -> None:
    """They take half of their own places and wait elsewhere; none of them loses an attempt by that."""
    hooks = await rig.publish(HOOKS)
    enrolled = [(await rig.enroll(hooks, await rig.contact()))[0] for _ in range(5 * PLACES)]

    async def all_places_taken() -> bool:
        return tarpit.under_way == PLACES

    async def mailed() -> bool:
        return len(provider.handed_over) == 1

    await assert_eventually(all_places_taken)
    await rig.start(MAIL)
    await assert_eventually(mailed)
    assert tarpit.under_way == PLACES
    tarpit.let_go.set()
    for enrollment in enrolled:
        assert (await rig.ended(enrollment))[0] == "completed"
    jobs = [job for enrollment in enrolled for job in await rig.jobs(enrollment)]
    assert {(job["state"], job["attempts"]) for job in jobs} == {("sent", 1)}
