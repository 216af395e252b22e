"""What PostgreSQL undoes of a delivery is done anew, and no message is handed over twice by it."""

from typing import Any

import asyncpg
import pytest

from domain.errors import PermanentError
from domain.messages import Receipt
from starter.enrollments import control
from store.enrollments import ledger
from store.enrollments.ledger import Claim
from store.pool import Database
from tests.support.harness import Rig, ScriptedProvider
from tests.support.notices import Desk
from tests.support.undoing import undo

JOURNEY = """
    sequence: texts
    steps:
      - {id: first, type: sms, body: "Hello {{ name }}. STOP to end."}
      - {id: wait, type: delay, days: 3}
      - {id: second, type: sms, body: "Hello again."}
"""


@pytest.mark.parametrize(
    ("table", "at"), [("message_jobs", "UPDATE"), ("messages", "INSERT"), ("enrollments", "INSERT OR UPDATE")]
)
async def test_a_delivery_that_was_undone_sends_once(
    scripted: Rig, provider: ScriptedProvider, database_url: str, table: str, at: str
) -> None:
    """As it is enrolled, claimed or settled: each message is handed over once, and the journey goes on."""
    await undo(database_url, table, times=3, at=at)
    enrollment, _ = await scripted.start(JOURNEY)
    assert await scripted.ended(enrollment) == ("completed", None)
    assert len({message.job_id for message in provider.handed_over}) == len(provider.handed_over) == 2
    assert [(job["state"], job["attempts"]) for job in await scripted.jobs(enrollment)] == [("sent", 1), ("sent", 1)]
    assert provider.asked == 0, "no hand-over was in doubt"
    assert scripted.engine.database.conflicts.repeated == 3


async def test_a_refusal_that_was_undone_is_settled_once(
    scripted: Rig, provider: ScriptedProvider, database_url: str
) -> None:
    """What the provider has answered is what is settled, however often the settlement is undone."""
    provider.answers += [PermanentError("scripted", "no such user", code="550", effect="bounced")]
    await undo(database_url, "suppressions", times=3)
    enrollment, _ = await scripted.start(JOURNEY)
    assert await scripted.ended(enrollment) == ("stopped", "bounced")
    assert (len(provider.handed_over), scripted.engine.database.conflicts.repeated) == (1, 3)


async def test_an_operators_stop_that_was_undone_stops(scripted_dev: Rig, database_url: str) -> None:
    """Whoever stops an enrollment hears that it has ended."""
    enrollment, _ = await scripted_dev.start(JOURNEY)
    await scripted_dev.arrives(enrollment, "second")
    await undo(database_url, "enrollments", times=3, at="UPDATE")
    state = await control.stop(scripted_dev.engine, enrollment, "called us")
    assert (state.status, state.reason) == ("stopped", "called us")
    assert scripted_dev.engine.database.conflicts.repeated == 3


async def test_an_automatic_answer_that_was_undone_is_sent_once(database: Database, database_url: str) -> None:
    """Undone at its settlement, it is recorded as what the provider has taken."""
    desk = Desk(database)
    notice = await desk.owed()
    await undo(database_url, "messages", times=3)
    assert await desk.send(notice) == "sent"
    assert (len(desk.provider.handed_over), desk.provider.asked, database.conflicts.repeated) == (1, 0, 3)


async def test_what_is_undone_before_the_hand_over_leaves_nothing_in_doubt(
    scripted: Rig, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claim is made anew, and only then is the message handed over."""
    read_claim, claims = ledger.read_claim, []

    async def undone(*args: Any) -> Claim | None:
        claims.append(args)
        if len(claims) <= 3:
            raise asyncpg.DeadlockDetectedError("deadlock detected")
        return await read_claim(*args)

    monkeypatch.setattr(ledger, "read_claim", undone)
    enrollment, _ = await scripted.start(JOURNEY)
    assert await scripted.ended(enrollment) == ("completed", None)
    assert (len(provider.handed_over), provider.asked, len(claims)) == (2, 0, 5)


async def test_a_settlement_that_is_given_up_asks_the_provider(
    scripted: Rig, provider: ScriptedProvider, database_url: str
) -> None:
    """Undone five times, the next attempt asks what became of the message, and nothing is sent again."""
    await undo(database_url, "messages", times=5)
    provider.lookups.append(Receipt(provider="scripted", provider_message_id="found"))
    enrollment, _ = await scripted.start(JOURNEY)
    assert await scripted.ended(enrollment) == ("completed", None)
    assert (len(provider.handed_over), provider.asked) == (2, 1)
    conflicts = scripted.engine.database.conflicts
    assert (conflicts.repeated, conflicts.given_up) == (4, 1)
