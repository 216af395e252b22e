"""How a message that came in is read: what it says, by which words or rule, and whose those words are."""

from collections.abc import Sequence
from dataclasses import dataclass

from content.inbound_mail.echo import without_echo
from content.inbound_mail.signature import above_signature
from content.optout import OptOutKind, OptOutVerdict
from content.optout.verdict import Explained, explain
from domain.events import EventType, InboundMessage
from domain.messages import Channel
from store.attribution import MessageKind
from store.inbound import Reading

_BRIEF = 8
"""Words of a message that says nothing else."""
_KINDS: dict[OptOutKind, MessageKind] = {
    OptOutKind.OPT_OUT: "opt_out",
    OptOutKind.HELP: "help",
    OptOutKind.START: "start",
    OptOutKind.DOUBTFUL: "reply",
    OptOutKind.NONE: "reply",
}


@dataclass(frozen=True)
class Read:
    """What a message says, and what led to it."""

    reading: Reading
    judged: Explained
    own: str
    """What was judged: without what our own message says as well."""


def read_message(message: InboundMessage, ours: Sequence[str] = ()) -> Read:
    """`ours`: the texts of the messages that it may answer, whose words are not the contact's."""
    own = without_echo(message.text, ours)
    judged = explain(own, declared=message.declared)
    if message.channel is Channel.EMAIL and judged.verdict.kind is OptOutKind.OPT_OUT and message.declared is None:
        judged = _at_most_doubtful_below_a_signature(own, judged)
    return Read(_reading(message, own, judged.verdict), judged, own)


def _at_most_doubtful_below_a_signature(own: str, judged: Explained) -> Explained:
    """What stands below a name is mostly not said to us; a postscript is, so a person decides."""
    above = above_signature(own)
    if above is None or explain(above).verdict.kind is OptOutKind.OPT_OUT:
        return judged
    return judged._replace(verdict=judged.verdict._replace(kind=OptOutKind.DOUBTFUL), rule="below_signature")


def _reading(message: InboundMessage, own: str, verdict: OptOutVerdict) -> Reading:
    if message.type is EventType.AUTORESPONDED:
        if verdict.kind is not OptOutKind.OPT_OUT:
            return Reading("auto_reply")
        # Marked as automatic, and yet it asks for no more: alone that is a wish, among other words a person decides.
        brief = len(own.split()) <= _BRIEF
        return Reading("opt_out") if brief else Reading("auto_reply", doubt=verdict.matched)
    kind = _KINDS[verdict.kind]
    if kind == "help" and message.channel is Channel.EMAIL:
        kind = "reply"  # a keyword of text messages; by email a person asks for help
    yes = kind == "start" and verdict.matched == "yes"
    if yes and message.channel is Channel.EMAIL:
        return Reading("reply")
    return Reading(kind, verdict.matched if verdict.kind is OptOutKind.DOUBTFUL else None, may_be_reply=yes)
