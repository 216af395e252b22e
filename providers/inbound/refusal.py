"""A vendor's word for a failed delivery, beside the receiver's own words where the vendor repeats them."""

from typing import NamedTuple

from content.smtp_reply import Meaning, judge
from domain.events import EventType


class Refusal(NamedTuple):
    """Fields of a StatusReport."""

    type: EventType
    permanent: bool = True
    of_sender: bool = False


def refusal(type: EventType, words: str | None, status: str | None = None, *, permanent: bool = True) -> Refusal:
    """What a vendor calls a bounce, unless the receiver's words speak of something else than a dead mailbox.

    They never make a bounce harder: what the vendor goes on sending to may be sent to.
    """
    if type is not EventType.BOUNCED or not words:
        return Refusal(type, permanent)
    match judge(words, status or "").meaning:
        case Meaning.SENDER:
            return Refusal(EventType.FAILED, of_sender=True)
        case Meaning.MESSAGE | Meaning.RATE | Meaning.RELAYING if permanent:
            return Refusal(EventType.FAILED)
        case Meaning.LATER:
            return Refusal(EventType.BOUNCED, permanent=False)
    return Refusal(type, permanent)
