"""The one automatic answer that an inbound message may get: when it is owed, and until when."""

import asyncio
from datetime import timedelta

import pytest

from domain.contact import Contact
from domain.ids import new_id
from domain.messages import Channel
from store.pool import Database
from tests.support.harness import HOUR
from tests.support.notices import HELP, MINUTE, NOW, Desk, Kind

CONTACT = Contact(id=new_id(), external_id="C1", name="Ada Lovelace", phone="+12125550101")


@pytest.fixture
async def desk(database: Database) -> Desk:
    """A tenant with both texts."""
    made = Desk(database)
    await made.offer_help()
    return made


async def test_an_opt_out_is_owed_a_confirmation_for_five_minutes(desk: Desk) -> None:
    """The tenant's text, to the address that wrote, no later than the law permits."""
    notice = await desk.row(await desk.owed(contact=CONTACT))
    assert (notice["kind"], notice["state"], notice["address"]) == ("confirmation", "pending", CONTACT.phone)
    assert notice["body"].startswith("You are unsubscribed")
    assert (notice["contact_id"], notice["expires_at"]) == (CONTACT.id, NOW + 5 * MINUTE)


async def test_help_is_owed_the_tenants_text_for_an_hour(desk: Desk) -> None:
    """Also to somebody whom nobody knows."""
    notice = await desk.row(await desk.owed("help", text="HELP"))
    assert (notice["kind"], notice["body"], notice["contact_id"]) == ("help", HELP, None)
    assert notice["expires_at"] == NOW + HOUR


async def test_an_email_is_owed_nothing(desk: Desk) -> None:
    """An opt-out by email needs no confirming mail, and HELP is no keyword there; WhatsApp is like SMS."""
    kinds: tuple[Kind, ...] = ("opt_out", "help")
    for kind in kinds:
        assert not await desk.owes(kind, channel=Channel.EMAIL, sender="ada@example.com")
        assert await desk.owes(kind, channel=Channel.WHATSAPP)


async def test_what_the_provider_has_answered_is_owed_nothing(desk: Desk) -> None:
    """With Advanced Opt-Out, Twilio says that it has taken the message for a keyword, and has answered."""
    assert not await desk.owes(declared="STOP", text="Basta")
    assert not await desk.owes("help", declared="HELP", text="HELP")
    assert await desk.rows("SELECT FROM notices") == []


async def test_twilio_confirms_its_own_words_by_itself(desk: Desk) -> None:
    """It confirms and blocks a stop word that stands alone, and nothing else; other providers confirm nothing."""
    for text in ("STOP", " OptOut\n", "revoke"):
        assert not await desk.owes(provider="twilio", text=text)
    for number, text in enumerate(("stop please", "STOP.", "arrêt", "")):
        assert await desk.owes(provider="twilio", text=text, sender=f"+1212555010{number}")
    assert await desk.owes(provider="test", text="STOP")


async def test_twilios_answer_to_help_does_not_replace_the_tenants(desk: Desk) -> None:
    """Twilio's standing text does not say who is writing."""
    assert await desk.owes("help", provider="twilio", text="HELP")


async def test_without_a_text_nothing_is_owed(desk: Desk) -> None:
    """A tenant that has taken a text away answers nothing of that kind."""
    await desk.rows("UPDATE tenants SET help_text = NULL")
    assert not await desk.owes("help")
    await desk.rows("UPDATE tenants SET opt_out_text = NULL")
    assert not await desk.owes()


@pytest.mark.parametrize(("kind", "pause"), [("opt_out", 24 * HOUR), ("help", HOUR)])
async def test_one_answer_per_address_and_while(desk: Desk, kind: Kind, pause: timedelta) -> None:
    """Two machines that answer each other stop after one answer; others, other kinds and later messages count anew."""
    assert await desk.owes(kind)
    assert not await desk.owes(kind, now=NOW + pause - MINUTE)
    assert await desk.owes(kind, sender="+12125550198")
    assert await desk.owes(kind, channel=Channel.WHATSAPP)
    assert await desk.owes("help" if kind == "opt_out" else "opt_out")
    assert await desk.owes(kind, now=NOW + pause)


async def test_two_messages_at_the_same_moment_are_owed_one_answer(desk: Desk) -> None:
    """Neither transaction sees the other's row, and still only one of them writes one."""
    answers = await asyncio.gather(*(desk.owes() for _ in range(6)))
    assert sorted(answers) == [False] * 5 + [True]


async def test_one_message_is_owed_one_answer(desk: Desk) -> None:
    """The same event, recorded again much later, names the same notice."""
    assert await desk.owes(provider_event_id="E1")
    assert not await desk.owes(provider_event_id="E1", now=NOW + 48 * HOUR)


async def test_a_message_that_comes_late_is_owed_nothing(desk: Desk) -> None:
    """The time counts from when it was written; a provider's clock that runs ahead gives no more of it."""
    assert not await desk.owes(at=NOW - 5 * MINUTE)
    notice = await desk.owed(at=NOW - 4 * MINUTE)
    assert (await desk.row(notice))["expires_at"] == NOW + MINUTE
    notice = await desk.owed("help", at=NOW + HOUR)
    assert (await desk.row(notice))["expires_at"] == NOW + HOUR
