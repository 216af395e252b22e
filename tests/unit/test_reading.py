"""How a message that came in is read: whose words count, and what is left to a person."""

from datetime import UTC, datetime

import pytest

from domain.events import EventType, InboundMessage
from domain.messages import Channel
from starter.inbound.reading import read_message

OURS = "Hi Jane, shall we look at your roof?\n\nIf you don't want to hear from me again, please say stop emailing me."


def mail(text: str, **fields: object) -> InboundMessage:
    given = {
        "channel": Channel.EMAIL,
        "provider": "email",
        "provider_event_id": "1",
        "at": datetime(2026, 3, 3, tzinfo=UTC),
        "sender": "jane@example.com",
        "text": text,
        **fields,
    }
    return InboundMessage.model_validate(given)


def test_what_we_wrote_ourselves_is_not_judged() -> None:
    """Our own opt-out line below a yes is ours, in whatever form it comes back."""
    answer = mail(f"Yes, Tuesday works for me.\n\n{OURS}")
    assert read_message(answer).reading.kind == "opt_out"
    read = read_message(answer, [OURS])
    assert (read.reading.kind, read.reading.doubt, read.own) == ("reply", None, "Yes, Tuesday works for me.")
    assert read_message(mail("stop emailing me"), [OURS]).reading.kind == "opt_out"


def test_what_stands_below_a_signature_is_at_most_doubtful() -> None:
    """A postscript may be meant for us, a company's lines are not: a person decides."""
    below = mail("Yes, Tuesday works.\n\nBest regards,\nBo Example\n\nPS: take me off your list afterwards")
    reading = read_message(below).reading
    assert (reading.kind, reading.doubt) == ("reply", "take me off your list")
    added = mail("Call me.\n\nBest regards,\nBo Example\n\nUnsubscribe me. Stop texting me, stop emailing me.")
    assert (read_message(added).reading.kind, read_message(added).judged.rule) == ("reply", "below_signature")
    above = mail("Take me off your list.\n\nBest regards,\nBo Example\nExample Ltd")
    assert read_message(above).reading.kind == "opt_out"


@pytest.mark.parametrize(
    ("text", "kind", "doubt"),
    [
        ("unsubscribe", "opt_out", False),
        ("Ticket 4711 is open. To end this please unsubscribe me now.", "auto_reply", True),
    ],
)
def test_an_automatic_mail_that_asks_for_no_more(text: str, kind: str, doubt: bool) -> None:
    """Alone a wish counts, among other words a person decides."""
    read = read_message(mail(text, type=EventType.AUTORESPONDED))
    assert (read.reading.kind, read.reading.doubt is not None) == (kind, doubt)
