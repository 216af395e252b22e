"""The law's hours hold marketing by text back where the contact is, whatever the author's window says."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.messages import Channel
from scheduling.zones import load_zone
from starter.gates import law as starter
from store.enrollments import record
from tests.support.harness import DAY, HOUR, Rig, about

NEW_YORK = load_zone("America/New_York")
FLORIDA = "+13052345678"

TEXT = """
sequence: late
{settings}
steps:
  - {{id: now, type: email, subject: Hi, body: Hello.}}
  - {{id: wait, type: delay, hours: {hours}}}
  - {{id: then, type: {message}}}
"""
SMS = 'sms, body: "Hello. STOP to end."'
MAIL = "email, subject: Hi, body: Hello."


@pytest.fixture
async def lawful(skipping: Rig) -> Rig:
    """A tenant for whom all rules hold as they ship."""
    await skipping.execute("UPDATE tenants SET law = '{}' WHERE id = current_tenant()")
    return skipping


async def _sent(
    rig: Rig, hours: int, *, message: str = SMS, settings: str = "", gate: str | None, phone: str = FLORIDA
) -> datetime:
    """When a message went, by New York's clock, that was due so many hours after noon."""
    noon = await rig.until_noon("America/New_York")
    enrollment, _ = await rig.start(TEXT.format(hours=hours, message=message, settings=settings), phone=phone)
    await rig.arrives(enrollment, "then", gate=gate)
    assert await rig.ended(enrollment) == ("completed", None)
    [_, job] = await rig.jobs(enrollment)
    sent: datetime = job["sent_at"].astimezone(NEW_YORK)
    assert sent >= noon + timedelta(hours=hours)
    return sent


async def test_a_text_waits_for_the_morning_of_the_law(lawful: Rig) -> None:
    """Florida closes at 20:00, an hour before the federal rule, and opens at 8:00."""
    sent = await _sent(lawful, 8, gate="law")
    assert about(sent.replace(hour=8, minute=0, second=0, microsecond=0), sent)


async def test_the_record_names_the_rule_and_its_source(lawful: Rig) -> None:
    """Also where a decision waits for the message behind it."""
    await lawful.until_noon("America/New_York")
    text = TEXT.format(hours=8, message=SMS, settings="")
    message, other = (f"{{id: {node}, type: {SMS}}}" for node in ("then", "other"))
    decided = f"{{id: if, type: condition, if: replied, then: [{other}], else: [{message}]}}"
    for written, node in ((text, "then"), (text.replace("late", "later").replace(message, decided), "if")):
        enrollment, _ = await lawful.start(written, phone=FLORIDA)
        await lawful.arrives(enrollment, node, gate="law")
        async with lawful.engine.transaction() as tx:
            found = await record.read_enrollment(tx, enrollment)
        assert found is not None
        assert [law.rule for law in found.laws] == ["us-federal", "us-fl"]
        assert "501.616" in found.laws[1].source


async def test_what_no_state_narrows_goes_until_the_federal_hour(lawful: Rig) -> None:
    """A number of New York at 20:00: a text may go for an hour yet."""
    assert (await _sent(lawful, 8, gate=None, phone="+12122345678")).hour == 20


@pytest.mark.parametrize(
    ("message", "settings"), [(SMS, "purpose: service"), (MAIL, "")], ids=["a service message", "an email"]
)
async def test_what_the_law_leaves_alone_goes_at_once(lawful: Rig, message: str, settings: str) -> None:
    """Hours are set for solicitation by telephone number."""
    assert (await _sent(lawful, 11, message=message, settings=settings, gate=None)).hour == 23


async def test_a_rule_that_is_switched_off_holds_nobody(lawful: Rig) -> None:
    """By name, with the reason on record; the federal rule still closes at 21:00."""
    made = await starter.switch(lawful.engine, "us-fl", enforced=False, reason="counsel", decided_by="ada")
    assert (await _sent(lawful, 8, gate=None)).hour == 20
    [kept] = await starter.decisions(lawful.engine, 10)
    assert (kept, kept.reason, kept.decided_by, kept.enforced) == (made, "counsel", "ada", False)


async def test_an_emergency_order_holds_what_is_scheduled_already(lawful: Rig) -> None:
    """A block that is set while a message waits is seen when the message is about to go."""
    noon = await lawful.until_noon("America/New_York")
    enrollment, _ = await lawful.start(TEXT.format(hours=2, message=SMS, settings=""), phone=FLORIDA)
    await lawful.arrives(enrollment, "then", gate=None)
    over = noon + 2 * DAY + HOUR
    await starter.block(
        lawful.engine,
        "US-FL",
        starts=noon,
        ends=over,
        channels=[Channel.SMS],
        source="order of the governor",
        decided_by="ada",
    )
    assert await lawful.ended(enrollment) == ("completed", None)
    [_, job] = await lawful.jobs(enrollment)
    assert about(over.astimezone(UTC), job["sent_at"])


async def test_where_somebody_lives_adds_to_where_their_phone_is_from(lawful: Rig) -> None:
    """A number of New York, an address in Florida: the stricter hours hold."""
    await lawful.until_noon("America/New_York")
    text = TEXT.format(hours=8, message=SMS, settings="")
    enrollment, _ = await lawful.start(text, phone="+12122345679", attributes={"state": "Florida"})
    await lawful.arrives(enrollment, "then", gate="law")
