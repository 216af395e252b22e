"""The activity that sends an automatic answer: asked for again at any point, it never sends on a guess."""

import asyncio
from typing import Any

import asyncpg
import pytest
from temporalio.exceptions import ApplicationError

from domain.errors import AmbiguousError, ConfigurationError, PermanentError, SendError
from domain.messages import Absent, Lookup, Receipt, Unknown
from providers.base import Later, Line, Soon, Unbounded
from providers.registry import Registry
from store.last_look import LastLooks, NoticeStatus
from store.pool import Database
from tests.support.harness import SlowAnswer
from tests.support.notices import MINUTE, NOW, Desk

FOUND = Receipt(provider="scripted", provider_message_id="found")


@pytest.fixture
def desk(database: Database) -> Desk:
    """A tenant that confirms opt-outs."""
    return Desk(database)


@pytest.mark.parametrize(
    "error",
    [PermanentError("scripted", "blocked", "21610", effect="opted_out"), ConfigurationError("scripted", "no sender")],
)
async def test_a_final_error_is_not_tried_again(desk: Desk, error: SendError) -> None:
    """The notice says why."""
    desk.provider.answers.append(error)
    notice = await desk.owed()
    assert await desk.send(notice) == "failed"
    assert (await desk.row(notice))["error"] == str(error)
    assert len(desk.provider.handed_over) == 1


async def test_without_a_provider_it_fails(desk: Desk) -> None:
    """What is missing stands in the record."""
    desk.providers = Registry({})
    notice = await desk.owed()
    assert await desk.send(notice) == "failed"
    assert "no provider carries sms" in (await desk.row(notice))["error"]


async def test_a_hand_over_in_doubt_is_asked_about_once(desk: Desk) -> None:
    """What the provider has is sent; what it cannot say is in doubt for good, although it might know later."""
    unsure = Unknown(reason="no", ask_again_after=MINUTE)
    cases: dict[str, tuple[Lookup, str]] = {"+12125550101": (FOUND, "sent"), "+12125550102": (unsure, "ambiguous")}
    for sender, (lookup, state) in cases.items():
        desk.provider.answers.append(AmbiguousError("scripted", "cut off"))
        desk.provider.lookups.append(lookup)
        notice = await desk.owed(sender=sender)
        assert await desk.send(notice) == state
        assert await desk.send(notice) == state
    assert (len(desk.provider.handed_over), desk.provider.asked) == (2, 2)


async def test_what_certainly_never_left_waits_for_another_attempt(desk: Desk) -> None:
    """The connection died, and the provider is sure: the attempt fails, and the next one sends."""
    desk.provider.answers.append(AmbiguousError("scripted", "cut off"))
    desk.provider.lookups.append(Absent())
    notice = await desk.owed()
    with pytest.raises(ApplicationError, match=r"not sent yet: scripted$"):
        await desk.send(notice)
    assert (await desk.row(notice))["state"] == "pending"
    assert await desk.send(notice) == "sent"
    assert (len(desk.provider.handed_over), desk.provider.asked) == (2, 1)


async def _next_line() -> Line:
    return Unbounded()


@pytest.mark.parametrize("line", [Soon(_next_line), Later(MINUTE)])
async def test_what_finds_no_line_waits_for_another_attempt(
    desk: Desk, line: Soon | Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is claimed, and the next attempt sends."""
    notice = await desk.owed()
    with monkeypatch.context() as busy:
        busy.setattr(desk.provider, "free_line", lambda tenant_id: line)
        with pytest.raises(ApplicationError, match="no line"):
            await desk.send(notice)
    row = await desk.row(notice)
    assert (row["state"], row["claimed_at"]) == ("pending", None)
    assert await desk.send(notice) == "sent"


# --- a worker dies ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lookup", "state", "sends"), [(FOUND, "sent", 0), (Absent(), "sent", 1), (Unknown(reason="no"), "ambiguous", 0)]
)
async def test_a_notice_found_sending_is_looked_up(desk: Desk, lookup: Lookup, state: str, sends: int) -> None:
    """A claim without an outcome is never repeated on a guess."""
    desk.provider.lookups.append(lookup)
    assert await desk.send(await desk.claimed()) == state
    assert (len(desk.provider.handed_over), desk.provider.asked) == (sends, 1)
    assert len(await desk.rows("SELECT FROM messages")) == (1 if state == "sent" else 0)


async def test_a_worker_that_dies_in_the_hand_over_leaves_a_claim(desk: Desk) -> None:
    """Whatever it was doing, the notice says `sending`; the next attempt asks, and believes the answer."""
    slow = SlowAnswer()
    desk.provider.answers.append(slow)
    notice = await desk.owed()
    dying = asyncio.create_task(desk.send(notice))
    await slow.under_way.wait()
    dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying
    assert (await desk.row(notice))["state"] == "sending"
    desk.provider.lookups.append(FOUND)
    assert await desk.send(notice) == "sent"
    assert (await desk.row(notice))["provider_message_id"] == "found"
    assert len(desk.provider.handed_over) == 1


async def test_an_attempt_settles_nothing_while_another_one_hands_over(desk: Desk) -> None:
    """A worker that was taken for dead and is not: whatever the provider says, the second attempt comes again later."""
    slow = SlowAnswer()
    desk.provider.answers.append(slow)
    notice = await desk.owed()
    first = asyncio.create_task(desk.send(notice))
    await slow.under_way.wait()
    for unheard in (Absent(), Unknown(reason="no")):
        desk.provider.lookups.append(unheard)
        with pytest.raises(ApplicationError, match="another attempt"):
            await desk.send(notice)
    slow.let_go.set()
    assert [await first, await desk.send(notice)] == ["sent", "sent"]
    assert (len(desk.provider.handed_over), desk.provider.asked) == (1, 2)


async def test_an_attempt_that_was_overtaken_sends_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that stood still after its claim finds that another one has claimed and sent meanwhile."""
    look = LastLooks.at_notice
    notice = await desk.owed()

    async def standing_still(*args: Any) -> NoticeStatus | None:
        monkeypatch.setattr(LastLooks, "at_notice", look)
        desk.provider.lookups.append(Absent())
        assert await desk.send(notice, NOW + MINUTE) == "sent"
        return await look(*args)

    monkeypatch.setattr(LastLooks, "at_notice", standing_still)
    assert await desk.send(notice) == "sent"
    assert len(desk.provider.handed_over) == 1


async def test_a_notice_that_no_look_clears_waits_for_another_attempt(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where claims work and looks do not, it is claimed a few times, not without end; and nothing is in doubt."""
    notice = await desk.owed()

    async def none_left(*_: Any) -> NoticeStatus | None:
        raise asyncpg.TooManyConnectionsError

    with monkeypatch.context() as full:
        full.setattr(LastLooks, "at_notice", none_left)
        with pytest.raises(ApplicationError, match="not sent yet: touchline"):
            await asyncio.wait_for(desk.send(notice), 30)
    assert (await desk.row(notice))["state"] == "pending"
    assert await desk.send(notice) == "sent"
    assert len(desk.provider.handed_over) == 1


async def test_a_notice_of_another_provider_is_in_doubt(desk: Desk) -> None:
    """The provider was changed since the claim: the new one cannot know."""
    assert await desk.send(await desk.claimed(by="twilio")) == "ambiguous"
    assert (len(desk.provider.handed_over), desk.provider.asked) == (0, 0)


async def test_a_notice_that_expired_is_not_sent(desk: Desk) -> None:
    """Nor one that was claimed and certainly never left."""
    waiting, dropped = await desk.owed(sender="+12125550198"), await desk.claimed()
    desk.provider.lookups.append(Absent())
    assert [await desk.send(notice, NOW + 5 * MINUTE) for notice in (waiting, dropped)] == ["expired", "expired"]
    assert desk.provider.handed_over == []
