"""One person, whichever way the number is written: found, stopped, suppressed and brought back."""

from datetime import UTC, datetime, timedelta

import pytest

from content.spellings import spellings
from domain.events import EventType
from domain.messages import Channel
from store.gates import suppressions
from tests.store.letters import TEXTS, Letters
from tests.unit.content.test_spellings import ALONE, PAIRS

WHATSAPPS = """
    sequence: whatsapps
    steps:
      - {id: first, type: whatsapp, template: HX0123456789abcdef0123456789abcdef, variables: {"1": x}}
      - {id: wait, type: delay, days: 3}
      - {id: second, type: whatsapp, template: HX0123456789abcdef0123456789abcdef, variables: {"1": y}}
"""
BOTH_WAYS = [pair for one in PAIRS[:4] for pair in (one, one[::-1])]


async def test_the_database_knows_the_same_spellings(letters: Letters) -> None:
    """The table of the queries is that of the programs."""
    for address in (*(one for pair in PAIRS for one in pair), *ALONE):
        [row] = await letters.rows("SELECT address_spellings($1) AS found", address)
        assert tuple(row["found"]) == spellings(address)


@pytest.mark.parametrize(("stored", "named"), BOTH_WAYS)
@pytest.mark.parametrize("channel", [Channel.WHATSAPP, Channel.SMS])
async def test_stop_in_another_spelling_bars_the_number(
    letters: Letters, stored: str, named: str, channel: Channel
) -> None:
    """The enrollment ends, nothing more is sent on the channel, and START in either spelling lifts it."""
    text = WHATSAPPS if channel is Channel.WHATSAPP else TEXTS
    contact = await letters.contact(phone=stored)
    enrollment, _ = await letters.written_to(text, "first", to=contact)
    received = await letters.gets(named, "STOP", channel=channel)
    assert (received.contact_id, received.stopped) == (contact.id, (enrollment,))
    assert (str(channel), stored) in await letters.barred()
    [again] = await letters.enroll(await letters.publish(text.replace("sequence: ", "sequence: more-")), contact)
    assert (await letters.deliver(again, "first")).verdict == "skipped"
    assert len(letters.provider.handed_over) == 1
    await letters.gets(named, "START", channel=channel)
    assert await letters.barred() == {}


@pytest.mark.parametrize(("stored", "named"), BOTH_WAYS)
async def test_who_was_barred_in_another_spelling_stays_so(letters: Letters, stored: str, named: str) -> None:
    """A row of whatever age suppresses the phone however a contact has it; taken back, it suppresses neither."""
    now = datetime.now(UTC)
    async with letters.engine.transaction() as tx:
        await suppressions.suppress(tx, Channel.SMS, named, "manual", at=now, now=now)
    contact = await letters.contact(phone=stored)
    await letters.written_to(TEXTS, "first", to=contact)
    assert letters.provider.handed_over == []
    async with letters.engine.transaction() as tx:
        assert await suppressions.is_opted_out(tx, Channel.SMS, [stored]) is False
        [record] = await suppressions.records_of(tx, [stored])
        await suppressions.take_back(tx, record, now + timedelta(seconds=1))
        assert await suppressions.of_addresses(tx, [stored, named]) == []


@pytest.mark.parametrize(("stored", "named"), BOTH_WAYS)
async def test_an_answer_in_another_spelling_is_the_contacts(letters: Letters, stored: str, named: str) -> None:
    """Also of somebody who was written to elsewhere, and of a report that names an address alone."""
    contact = await letters.contact(phone=stored)
    enrollment, _ = await letters.written_to(TEXTS, to=contact)
    received = await letters.gets(named, "Who is this?", channel=Channel.WHATSAPP)
    assert received.contact_id == contact.id
    bounced = await letters.hears(EventType.BOUNCED, channel=Channel.SMS, address=named)
    assert bounced.contact_id == contact.id
    assert not await letters.is_live(enrollment)
