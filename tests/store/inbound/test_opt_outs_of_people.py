"""An opt-out is a person's: it holds for whichever address they have on the channel; a bounce is an address's."""

from typing import Any

import pytest

from domain.contact import Contact
from domain.errors import PermanentError
from domain.events import EventType
from domain.messages import Channel, OutgoingMessage
from starter.contacts import contacts
from starter.contacts.contacts import Changes
from starter.gates import suppressions
from tests.store.letters import EMAILS, STRANGER, TEXTS, Letters

OTHER, OTHER_PHONE = "another@example.net", "+12125550199"
GOES_ON = TEXTS.replace("steps:", "stop_on: reply\n    steps:")
AFTER_BOUNCE = EMAILS.replace("steps:", "goal: {event: bounced}\n    steps:").replace("emails", "goals")


async def moves(letters: Letters, contact: Contact, **fields: str | None) -> None:
    await contacts.change(letters.engine, contact.external_id, Changes.model_validate(fields))


async def own(letters: Letters) -> dict[str, str]:
    rows = await letters.rows("SELECT channel, reason FROM contact_opt_outs WHERE active")
    return {row["channel"]: row["reason"] for row in rows}


async def is_written_to(letters: Letters, contact: Contact, text: str) -> bool:
    """Whether a new sequence's first message goes out."""
    name = f"sequence: s{len(letters.provider.handed_over)}-{len(await letters.rows('SELECT FROM sequences'))}"
    again = text.replace("sequence: emails", name).replace("sequence: texts", name)
    [enrollment] = await letters.enroll(await letters.publish(again), contact)
    return (await letters.deliver(enrollment, "one" if "email" in text else "first")).verdict == "sent"


async def opted_out_at_the_provider(message: OutgoingMessage) -> Any:
    raise PermanentError("scripted", "opted out", effect="opted_out")


@pytest.mark.parametrize("how", ["in words", "STOP", "one click", "complaint", "to an operator"])
async def test_who_opts_out_is_not_written_to_at_another_address(letters: Letters, how: str) -> None:
    """However they say it: on that channel, whatever address they get; on another channel they are reached."""
    contact = await letters.contact()
    await letters.written_to(EMAILS, "one", to=contact)
    await letters.written_to(TEXTS, "first", to=contact)
    job = {"message_ids": (letters.message_id("one"),)}
    channel = "sms" if how == "STOP" else "email"
    match how:
        case "in words":
            await letters.gets(contact.email or "", "Please unsubscribe me.", **job)
        case "STOP":
            await letters.texted(contact, "STOP")
        case "one click":
            await letters.hears(EventType.UNSUBSCRIBED, **job)
        case "complaint":
            await letters.hears(EventType.COMPLAINED, **job)
        case _:
            await suppressions.bar_contact(letters.engine, contact.external_id, Channel.EMAIL, asked_by_contact=True)
    assert await own(letters) == {channel: "complained" if how == "complaint" else "unsubscribed"}
    await moves(letters, contact, email=OTHER, phone=OTHER_PHONE)
    assert await is_written_to(letters, contact, EMAILS) is (channel != "email")
    assert await is_written_to(letters, contact, TEXTS) is (channel != "sms")


async def test_who_opts_out_is_not_written_to_again_after_an_import(letters: Letters) -> None:
    """Also in a sequence that goes on: each of its messages on the channel is left out."""
    contact = await letters.contact()
    enrollment, _ = await letters.written_to(GOES_ON, "first", to=contact)
    await letters.hears(EventType.UNSUBSCRIBED, channel=Channel.SMS, job_id=letters.job_id(enrollment, "first"))
    assert await letters.is_live(enrollment)
    await letters.contact(external_id=contact.external_id, phone=OTHER_PHONE)
    await letters.deliver(enrollment, "second")
    assert (await letters.job(enrollment, "second"))["cancel_reason"] == "suppressed"
    assert [m.to for m in letters.provider.handed_over] == [contact.phone]


async def test_what_a_provider_says_of_an_opt_out_is_the_persons(letters: Letters) -> None:
    """The refusal of a hand-over as well."""
    contact = await letters.contact()
    letters.provider.answers.append(opted_out_at_the_provider)
    await letters.written_to(TEXTS, "first", to=contact)
    assert await own(letters) == {"sms": "unsubscribed"}
    await moves(letters, contact, phone=OTHER_PHONE)
    assert await is_written_to(letters, contact, TEXTS) is False


async def test_an_opt_out_between_claim_and_hand_over_is_seen(letters: Letters) -> None:
    """The last look knows it, although the message goes to an address that nobody suppressed."""
    contact = await letters.contact()
    enrollment, _ = await letters.written_to(TEXTS, "first", to=contact)
    await moves(letters, contact, phone=OTHER_PHONE)
    await letters.execute(
        "UPDATE message_jobs SET state = 'sending', claimed_at = now(), recipient = $1, content = '{}', provider = 'x'"
        " WHERE node_id = 'second'",
        OTHER_PHONE,
    )
    looks = letters.engine.database.last_looks
    job, attempt = letters.job_id(enrollment, "second"), object()
    before = await looks.at_message(letters.engine.tenant_id, job, attempt)
    await looks.let_go(job, attempt, at_once=True)
    await letters.gets(contact.phone or "", "STOP", channel=Channel.SMS)
    after = await looks.at_message(letters.engine.tenant_id, job, attempt)
    await looks.let_go(job, attempt, at_once=True)
    assert (before and before.suppressed, after and after.suppressed) == (False, True)
    assert await letters.rows("SELECT node_id FROM message_jobs WHERE overtaken_at IS NOT NULL") == [
        {"node_id": "second"}
    ]


async def test_start_brings_the_person_back(letters: Letters) -> None:
    """From whichever address of theirs; a complaint stays."""
    contact = await letters.contact()
    await letters.written_to(TEXTS, "first", to=contact)
    await letters.texted(contact, "STOP")
    await moves(letters, contact, phone=OTHER_PHONE)
    await letters.gets(OTHER_PHONE, "START", channel=Channel.SMS)
    assert await own(letters) == {}
    assert await is_written_to(letters, contact, TEXTS) is True


async def test_yes_brings_back_whoever_opted_out_at_another_number(letters: Letters) -> None:
    """As it does for a number that is suppressed; from anybody else it is an answer."""
    contact = await letters.contact()
    await letters.written_to(TEXTS, "first", to=contact)
    await letters.texted(contact, "STOP")
    await moves(letters, contact, phone=OTHER_PHONE)
    assert (await letters.gets(OTHER_PHONE, "yes", channel=Channel.SMS)).kind == "start"
    assert (await letters.gets(OTHER_PHONE, "yes", channel=Channel.SMS)).kind == "reply"


async def test_an_operator_takes_back_what_the_person_asked_for(letters: Letters) -> None:
    """With the opt-out of an address goes that of its person; a contact's own is found under it, and lifted alike."""
    contact = await letters.contact()
    await letters.written_to(TEXTS, "first", to=contact)
    await letters.texted(contact, "STOP")
    found = await suppressions.of_contact(letters.engine, contact.external_id)
    assert {(one.address, one.contact) for one in found} == {(contact.phone, None), (None, contact.external_id)}
    [address] = [one for one in found if one.address]
    await suppressions.lift(letters.engine, address.id, asked_by_contact=True)
    assert (await own(letters), await letters.barred()) == ({}, {})
    made = await suppressions.bar_contact(letters.engine, contact.external_id, Channel.SMS, asked_by_contact=True)
    assert (made.contact, made.reason, await letters.barred()) == (
        contact.external_id,
        "unsubscribed",
        {("sms", contact.phone): "manual"},
    )
    name = contact.external_id
    lifted = await suppressions.lift(letters.engine, made.id, asked_by_contact=True, contact=name)
    assert (lifted.active, await own(letters)) == (False, {})


async def test_a_shared_number_is_barred_for_all_and_a_person_for_one(letters: Letters) -> None:
    """Whoever else has the number is reached at another one."""
    ada, bob = [await letters.contact(name=name, phone="+12125550144") for name in ("Ada", "Bob")]
    await letters.written_to(TEXTS, "first", to=ada)
    await letters.texted(ada, "STOP")
    assert await is_written_to(letters, bob, TEXTS) is False
    await moves(letters, ada, phone=OTHER_PHONE)
    await moves(letters, bob, phone="+12125550188")
    assert (await is_written_to(letters, ada, TEXTS), await is_written_to(letters, bob, TEXTS)) == (False, True)


async def test_a_colleague_who_opts_out_in_a_contacts_thread_opts_the_contact_out(letters: Letters) -> None:
    """What is written in answer to their message is theirs; both addresses are suppressed, as before."""
    contact = await letters.contact()
    await letters.written_to(EMAILS, "one", to=contact)
    await letters.gets(STRANGER, "Please unsubscribe us.", message_ids=(letters.message_id("one"),))
    assert set(await letters.barred()) == {("email", contact.email), ("email", STRANGER)}
    await moves(letters, contact, email=OTHER)
    assert await is_written_to(letters, contact, EMAILS) is False


# --- a bounce is an address's -------------------------------------------------------------------------------------


async def test_a_late_bounce_of_an_old_address_ends_nothing(letters: Letters) -> None:
    """It suppresses that address and marks that message; what goes to the new address goes on, and reaches no goal."""
    enrollment, contact = await letters.written_to(EMAILS, "one")
    goal, _ = await letters.written_to(AFTER_BOUNCE, to=contact)
    await moves(letters, contact, email=OTHER)
    received = await letters.hears(EventType.BOUNCED, job_id=letters.job_id(enrollment, "one"))
    assert (received.contact_id, received.stopped) == (contact.id, ())
    assert (await letters.is_live(enrollment), await letters.is_live(goal)) == (True, True)
    assert (await letters.job(enrollment, "one"))["bounced_at"] is not None
    assert await letters.barred() == {("email", contact.email): "bounced"}
    assert await own(letters) == {}
    assert (await letters.deliver(enrollment, "two")).verdict == "sent"
    assert letters.provider.handed_over[-1].to == OTHER


async def test_a_late_bounce_ends_what_others_get_at_the_old_address(letters: Letters) -> None:
    """It is dead for whoever else has it."""
    enrollment, contact = await letters.written_to(EMAILS, "one")
    other, _ = await letters.written_to(EMAILS, to=await letters.contact(email=contact.email))
    await moves(letters, contact, email=OTHER)
    received = await letters.hears(EventType.BOUNCED, job_id=letters.job_id(enrollment, "one"))
    assert received.stopped == (other,)


async def test_a_bounce_of_the_address_that_is_left_out_now_ends_the_enrollment(letters: Letters) -> None:
    """Whoever has no address there by now was not moved to another one."""
    enrollment, contact = await letters.written_to(EMAILS, "one")
    await moves(letters, contact, email=None)
    assert (await letters.hears(EventType.BOUNCED, job_id=letters.job_id(enrollment, "one"))).stopped == (enrollment,)
