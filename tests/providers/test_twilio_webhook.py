"""Twilio's calls, read in our words."""

import pytest

from domain.errors import Malformed
from domain.events import EventType, InboundMessage, StatusReport
from domain.ids import new_id
from domain.messages import Channel
from providers.inbound.twilio import STOP_WORDS
from providers.twilio_errors import ERRORS
from tests.providers.twilio_calls import AT, DELIVERED, HOOK, INBOUND, REPLY, ROOT, SID, STATUS, Fields, call, without


def heard(fields: Fields, url: str = INBOUND) -> InboundMessage:
    HOOK.verify(request := call(fields, url))
    [report] = HOOK.parse(request)
    assert isinstance(report, InboundMessage)
    return report


def told(url: str = STATUS, **changes: str) -> StatusReport:
    HOOK.verify(request := call({**DELIVERED, **changes}, url))
    [report] = HOOK.parse(request)
    assert isinstance(report, StatusReport)
    return report


# --- a message came in --------------------------------------------------------------------------------------


def test_an_inbound_text_is_read() -> None:
    """Every field of ours comes from Twilio's; the call is kept as it was."""
    assert heard(REPLY) == InboundMessage(
        channel=Channel.SMS,
        provider="twilio",
        provider_event_id=SID,
        at=AT,
        payload=REPLY,
        sender="+12125550199",
        recipient="+12125550100",
        text=REPLY["Body"],
    )


@pytest.mark.parametrize(
    ("kind", "channel"), [("whatsapp:", Channel.WHATSAPP), ("rcs:", Channel.SMS), ("", Channel.SMS)]
)
def test_the_channel_stands_before_the_number(kind: str, channel: Channel) -> None:
    """`whatsapp:` is a channel of its own, RCS a richer text; the numbers are those behind the colon."""
    report = heard({**REPLY, "From": f"{kind}+12125550199", "To": f"{kind}+12125550100"})
    assert (report.channel, report.sender, report.recipient) == (channel, "+12125550199", "+12125550100")


def test_a_channel_that_does_not_exist_here_is_malformed() -> None:
    """A Messenger id is no phone number, however many digits it has."""
    with pytest.raises(Malformed, match="messenger"):
        heard({**REPLY, "From": "messenger:12125550199"})


def test_pictures_come_in_their_order() -> None:
    """An MMS may have no text; its media are listed by number, also past the tenth."""
    media = {f"MediaUrl{n}": f"https://api.twilio.com/{n}" for n in (10, 2, 0, 1)}
    report = heard({**without(REPLY, "Body"), **media, "MediaUrl3": "", "MediaUrlX": "x"})
    assert report.text == ""
    assert report.media == tuple(f"https://api.twilio.com/{n}" for n in (0, 1, 2, 10))


def test_twilios_own_reading_is_handed_on() -> None:
    """With Advanced Opt-Out, Twilio says what it took the message for."""
    assert heard({**REPLY, "Body": "Basta", "OptOutType": "STOP"}).declared == "STOP"
    assert heard({**REPLY, "OptOutType": ""}).declared is None


def test_old_names_are_read_where_the_new_are_missing() -> None:
    """SmsSid and SmsStatus are what MessageSid and MessageStatus were called."""
    assert heard(without(REPLY, "MessageSid")).provider_event_id == SID
    request = call(without(DELIVERED, "MessageSid", "MessageStatus"), STATUS)
    [report] = HOOK.parse(request)
    assert (report.provider_event_id, report.payload["SmsSid"]) == (f"{SID}:delivered", SID)


def test_a_repeated_field_is_kept_whole() -> None:
    """The record of the call holds every value; the first is the one that is read."""
    report = heard([*REPLY.items(), ("Body", "again")])
    assert report.text == REPLY["Body"]
    assert report.payload["Body"] == [REPLY["Body"], "again"]


def test_a_nul_does_not_reach_the_database() -> None:
    """PostgreSQL refuses it in any text, which would make Twilio repeat the call for ever."""
    report = heard({**REPLY, "Body": "a\0b", "X\0": "\0"})
    assert report.text == "a\N{REPLACEMENT CHARACTER}b"
    assert "\0" not in str(report.payload)


# --- what became of a message ------------------------------------------------------------------------------------


def test_a_status_callback_is_read() -> None:
    """It names the message by our own token and by Twilio's SID."""
    job = new_id()
    assert told(f"{STATUS}?job={job}") == StatusReport(
        channel=Channel.SMS,
        provider="twilio",
        provider_event_id=f"{SID}:delivered",
        at=AT,
        job_id=job,
        payload=DELIVERED,
        type=EventType.DELIVERED,
        provider_message_id=SID,
        address="+12125550199",
    )


@pytest.mark.parametrize("query", ["", "?job=", "?job=none", "?other=1", "?job=%00"])
def test_a_token_that_is_none_is_no_error(query: str) -> None:
    """The message is found by its SID then."""
    report = told(STATUS + query)
    assert (report.job_id, report.provider_message_id) == (None, SID)


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("accepted", EventType.QUEUED),
        ("scheduled", EventType.QUEUED),
        ("queued", EventType.QUEUED),
        ("sending", EventType.QUEUED),
        ("sent", EventType.SENT),
        ("delivered", EventType.DELIVERED),
        ("undelivered", EventType.FAILED),
        ("failed", EventType.FAILED),
        ("canceled", EventType.FAILED),
        ("receiving", EventType.UNKNOWN),
        ("received", EventType.UNKNOWN),
        ("read", EventType.UNKNOWN),
        ("partially_delivered", EventType.UNKNOWN),
    ],
)
def test_each_status_has_one_meaning(word: str, meaning: EventType) -> None:
    """A word that Twilio may invent tomorrow is kept, without effect."""
    report = told(MessageStatus=word)
    assert (report.type, report.provider_event_id) == (meaning, f"{SID}:{word}")


def test_a_whatsapp_message_that_was_read_was_opened() -> None:
    """Only WhatsApp tells that a person has seen it."""
    report = told(MessageStatus="read", To="whatsapp:+12125550199")
    assert (report.type, report.channel, report.address) == (EventType.OPENED, Channel.WHATSAPP, "+12125550199")


BOUNCED, SOFT = (EventType.BOUNCED, True), (EventType.BOUNCED, False)
FAILED, OPTED_OUT = (EventType.FAILED, True), (EventType.UNSUBSCRIBED, True)


@pytest.mark.parametrize("status", ["undelivered", "failed"])
@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("21211", BOUNCED),
        ("21614", BOUNCED),
        ("30005", BOUNCED),
        ("30006", BOUNCED),
        ("30003", SOFT),
        ("21610", OPTED_OUT),
        ("63033", OPTED_OUT),
        ("63014", OPTED_OUT),
        ("63024", FAILED),
        ("63003", FAILED),
        ("63049", FAILED),
        ("30610", FAILED),
        ("30001", FAILED),
        ("30004", FAILED),
        ("30007", FAILED),
        ("30008", FAILED),
        ("30022", FAILED),
        ("99999", FAILED),
        ("not a number", FAILED),
        ("", FAILED),
    ],
)
def test_a_failure_is_judged_by_its_code(status: str, code: str, meaning: tuple[EventType, bool]) -> None:
    """What says nothing about the number does not suppress it."""
    report = told(MessageStatus=status, ErrorCode=code, ErrorMessage="In Twilio's words")
    assert (report.type, report.permanent) == meaning
    assert (report.code, report.detail) == (code or None, "In Twilio's words")


def test_every_known_code_has_a_meaning() -> None:
    """A number added to the sender's table is understood here too, as one of three."""
    meanings = {told(MessageStatus="failed", ErrorCode=str(code)).type for code in ERRORS}
    assert meanings == {EventType.BOUNCED, EventType.UNSUBSCRIBED, EventType.FAILED}


def test_a_code_beside_a_good_status_changes_nothing() -> None:
    """A message that arrived did not bounce."""
    assert told(ErrorCode="30005").type is EventType.DELIVERED


# --- what cannot be read -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "url", "says"),
    [
        (without(REPLY, "MessageSid", "SmsSid"), INBOUND, "MessageSid"),
        (without(REPLY, "From"), INBOUND, "From"),
        ({**REPLY, "From": ""}, INBOUND, "From"),
        ({**REPLY, "From": "1" * 256}, INBOUND, "From is longer"),
        (without(DELIVERED, "MessageSid", "SmsSid"), STATUS, "MessageSid"),
        (without(DELIVERED, "MessageStatus", "SmsStatus"), STATUS, "MessageStatus"),
        (without(DELIVERED, "To"), STATUS, "To"),
        (REPLY, f"{ROOT}/webhooks/twilio/voice", "/webhooks/twilio/inbound"),
    ],
)
def test_what_is_missing_is_named(fields: dict[str, str], url: str, says: str) -> None:
    """A dead letter says what would have made it readable."""
    with pytest.raises(Malformed, match=says):
        HOOK.parse(call(fields, url))


def test_swapped_urls_are_noticed() -> None:
    """A reply at the status URL must not vanish as an unknown status, nor a callback count as a reply of ours."""
    for fields, url, right in ((REPLY, STATUS, "inbound"), (DELIVERED, INBOUND, "status")):
        with pytest.raises(Malformed) as error:
            HOOK.parse(call(fields, url))
        assert error.value.hint is not None
        assert error.value.hint.endswith(f"/webhooks/twilio/{right}")


def test_the_stop_words_are_twilios() -> None:
    """What Twilio confirms by itself; the list is Twilio's, not ours."""
    assert {"STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "CANCEL", "REVOKE", "OPTOUT"} == STOP_WORDS
