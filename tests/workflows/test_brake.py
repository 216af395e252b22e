"""A sequence whose messages fail pauses itself: nobody more is written to, nobody is lost, and the others go on."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.errors import PermanentError
from domain.messages import OutgoingMessage, Receipt, TextContent
from providers.base import LastLook, Line
from starter.sequences import status
from store.last_look import Clearance, LastLooks
from store.pool import Database
from store.sequences import brake
from tests.support.harness import HOUR, Rig, ScriptedProvider, rig_on
from tests.support.helpers import assert_eventually

BAD = """
    sequence: bought
    steps:
      - {id: first, type: sms, body: "Bought. STOP to end."}
      - {id: wait, type: delay, days: 3}
      - {id: second, type: sms, body: "Bought, again."}
"""
GOOD = """
    sequence: asked
    steps:
      - {id: first, type: sms, body: "You asked. STOP to end."}
"""


class DeadNumbers(ScriptedProvider):
    """Refuses texts of the bought list while its list is `dead`, but for every fifth of them."""

    def __init__(self) -> None:
        super().__init__()
        self.dead = True
        self.bought: list[OutgoingMessage] = []

    async def send(self, message: OutgoingMessage, line: Line, *, clear: LastLook) -> Receipt:
        assert isinstance(message.content, TextContent)
        if message.content.body.startswith("Bought"):
            self.bought.append(message)
            if self.dead and len(self.bought) % 5:
                raise PermanentError(self.name, f"no such number {message.to}", code="30005")
        return await super().send(message, line, clear=clear)


@pytest.fixture
def dead() -> DeadNumbers:
    return DeadNumbers()


@pytest.fixture
async def one_by_one(
    time_skipping: WorkflowEnvironment,
    database: Database,
    tmp_path: Path,
    dead: DeadNumbers,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Rig]:
    """One hand-over after the other, so that it is known which was the last."""
    monkeypatch.setattr("composition._webhook_lines", lambda _: 0)  # texts take the places of webhooks, too
    async with rig_on(
        time_skipping.client,
        database,
        tmp_path / "outbox",
        environment=time_skipping,
        provider=dead,
        max_concurrent_deliveries=1,
        max_cached_workflows=200,
    ) as rig:
        yield rig


async def _standing(rig: Rig, key: str) -> tuple[str, str | None]:
    [row] = await rig.rows("SELECT status, paused_reason FROM sequences WHERE key = $1", key)
    return row["status"], row["paused_reason"]


async def _count(rig: Rig, key: str, state: str, gate: str | None = None) -> int:
    [row] = await rig.rows(
        "SELECT count(*) FROM message_jobs j JOIN sequences s ON s.id = j.sequence_id"
        " WHERE s.key = $1 AND j.state = $2 AND ($3::text IS NULL OR j.gate = $3)",
        *(key, state, gate),
    )
    return int(row["count"])


async def test_a_bought_list_is_not_tried_to_its_end(one_by_one: Rig, dead: DeadNumbers) -> None:
    """Of sixty, those who come after the 21st (the first failure with twenty before it) wait; none of them is lost."""
    rig = one_by_one
    key, asked = await rig.publish(BAD), await rig.publish(GOOD)
    sixty = [await rig.contact() for _ in range(60)]
    await rig.enroll(key, *sixty)

    async def all_others_held() -> bool:
        return await _count(rig, key, "pending", gate="sequence_paused") == 39

    await assert_eventually(all_others_held, timeout_s=60)
    assert await _standing(rig, key) == (
        "paused",
        "paused by itself: 17 of the last 21 messages by sms failed, mostly 'scripted 30005: no such number …'",
    )
    assert len(dead.bought) == 21

    # Another sequence of the same tenant and the same number goes on, while hours pass for those who are held.
    for enrollment in await rig.enroll(asked, *sixty[:3]):
        assert await rig.ended(enrollment) == ("completed", None)
    # Not full hours: those who are held look again then, and the test server loses what is said meanwhile.
    await rig.skip(2.5 * HOUR)
    assert await _standing(rig, asked) == ("active", None)
    assert len(dead.bought) == 21, "nobody more was tried"
    assert await _count(rig, key, "pending", gate="sequence_paused") == 39

    # What failed is over: a few more failures are not yet too many.
    dead.dead = False
    dead.answers.extend([PermanentError("scripted", "busy", code="30003")] * 5)
    assert await status.resume_sequence(rig.engine, key) == 39

    async def everybody_was_tried() -> bool:
        return (await _count(rig, key, "failed"), await _count(rig, key, "sent")) == (17 + 5, 4 + 34)

    await assert_eventually(everybody_was_tried, timeout_s=60)
    assert await _standing(rig, key) == ("active", None)
    assert sorted(message.to for message in dead.bought) == sorted(str(person.phone) for person in sixty), "each once"


async def test_what_was_claimed_before_the_pause_is_held_at_its_hand_over(
    scripted: Rig, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pause that commits between a claim and its hand-over holds that message too; it goes with the same bytes."""
    key = await scripted.publish(GOOD)
    person = await scripted.contact()
    look = LastLooks.at_message

    async def paused_meanwhile(*args: Any) -> Clearance | None:
        monkeypatch.setattr(LastLooks, "at_message", look)
        await status.pause_sequence(scripted.engine, key, "just now")
        return await look(*args)

    monkeypatch.setattr(LastLooks, "at_message", paused_meanwhile)
    [enrollment] = await scripted.enroll(key, person)
    await scripted.arrives(enrollment, "first", gate="sequence_paused")
    job = await scripted.job(enrollment, "first")
    assert (job["state"], job["gate"], job["recipient"]) == ("pending", "sequence_paused", person.phone)
    assert job["attempts"] == 0, "nothing was attempted"
    assert provider.handed_over == []
    await status.resume_sequence(scripted.engine, key)
    assert await scripted.ended(enrollment) == ("completed", None)
    [sent] = provider.handed_over
    assert sent.content.model_dump(mode="json") == job["content"]


async def test_messages_that_arrive_ask_no_brake(scripted: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The happy path costs nothing: whoever sends and succeeds looks at no other message."""
    looked: list[object] = []

    async def look(*args: object) -> bool:
        looked.append(args)
        return False

    monkeypatch.setattr(brake, "after_failure", look)
    enrollment, _ = await scripted.start(BAD)
    assert await scripted.ended(enrollment) == ("completed", None)
    assert looked == []
