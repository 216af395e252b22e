"""How a message that came in is read: what it says, by which words or rule, and whose those words are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from pydantic import ConfigDict

from content.inbound_mail.echo import without_echo
from content.inbound_mail.reply_text import reply_text
from content.inbound_mail.signature import above_signature
from content.inbound_mail.tickets import is_phones
from content.optout import OptOutKind, OptOutVerdict
from content.optout.verdict import Explained, explain
from domain.base import Frozen
from domain.events import EventType, InboundMessage, LeavingPolicy, MessageKind, StatusReport
from domain.messages import Channel
from store.inbound.messages import Reading

Effect = Literal["barred", "held", "lifted", "answered", "stopped", "nothing", "reported"]
_EFFECTS: dict[MessageKind, Effect] = {
    "opt_out": "barred",
    "start": "lifted",
    "help": "answered",
    "reply": "stopped",
    "auto_reply": "nothing",
    "operator": "nothing",
}
_SAYS_LEFT = "no longer works there"
_SAYS_TICKET = "answered through a ticket system, which marks everything as automatic"
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
        if message.left:
            return Reading("auto_reply", _SAYS_LEFT, "left")
        if verdict.kind is not OptOutKind.OPT_OUT:
            return Reading("auto_reply", _SAYS_TICKET, "ticket") if message.by_ticket_system else Reading("auto_reply")
        # Marked as automatic, and yet it asks for no more: alone that is a wish, among other words a person decides.
        brief = len(own.split()) <= _BRIEF
        return Reading("opt_out") if brief else Reading("auto_reply", doubt=verdict.matched)
    if message.channel is not Channel.EMAIL and verdict.kind is OptOutKind.NONE and is_phones(own):
        return Reading("auto_reply")
    kind = _KINDS[verdict.kind]
    if kind == "help" and message.channel is Channel.EMAIL:
        kind = "reply"  # a keyword of text messages; by email a person asks for help
    yes = kind == "start" and verdict.matched == "yes"
    if yes and message.channel is Channel.EMAIL:
        return Reading("reply")
    if kind == "reply" and message.left and verdict.kind is OptOutKind.NONE:
        return Reading("reply", _SAYS_LEFT, "left")
    return Reading(kind, verdict.matched if verdict.kind is OptOutKind.DOUBTFUL else None, may_be_reply=yes)


class Explanation(Frozen):
    """How one report would be read, and why. Nothing of it is recorded."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: EventType
    effect: Effect
    """`suppressed`: an opt-out; `held` until somebody decides: it may be an opt-out, or says who has left; `lifted`: an
    opt-out is taken back; `answered`: HELP; `stopped`: a reply, or who has left; `nothing`: an automatic
    answer; `reported`: no message."""
    kind: MessageKind | None = None
    rule: str | None = None
    """`declared` by the provider or by the address it came to, `keyword` (the whole message), `phrase` (a rule for
    wording), `score`, `clause` (the score of one clause alone), `below_signature` (an opt-out, but for where it
    stands), `none`."""
    words: str = ""
    """What the verdict rests on, in small letters, without accents and courtesy."""
    score: int | None = None
    """How much the wording sounds like an opt-out: log-odds times 100; None where the words alone decide."""
    text: str = ""
    """What was judged: without history, signature, footers and our own words."""
    subject: str | None = None
    sender: str | None = None
    returns_on: date | None = None
    """Of an automatic answer."""
    detail: str | None = None
    """Of a report: whom it is about, how final it is, its code and words."""


def explain_message(
    message: InboundMessage, ours: Sequence[str] = (), *, on_left: LeavingPolicy = "end"
) -> Explanation:
    """How this message would be read; `ours` as in `read_message`, `on_left` the tenant's."""
    read = read_message(message, ours)
    return Explanation(
        type=message.type,
        effect=_effect(replace(read.reading, on_left=on_left)),
        kind=read.reading.kind,
        rule=read.judged.rule,
        words=read.judged.verdict.matched,
        score=read.judged.score,
        text=read.own,
        subject=message.subject,
        sender=message.sender or None,
        returns_on=message.returns_on,
    )


def _effect(reading: Reading) -> Effect:
    if reading.holds:
        return "held"
    return "stopped" if reading.says_left else _EFFECTS[reading.kind]


def explain_report(report: StatusReport) -> Explanation:
    """What a mail would report that is no message: a bounce, a complaint, a receipt."""
    final = ("hard" if report.permanent else "soft") if report.type is EventType.BOUNCED else None
    said = filter(None, (report.address, final, report.code, report.detail))
    return Explanation(type=report.type, effect="reported", detail="; ".join(said) or None)


def said_in(channel: Channel, text: str, at: datetime) -> InboundMessage:
    """A message of these words, from nobody; of an email what its author wrote themselves."""
    return InboundMessage(
        channel=channel,
        provider="reading",
        provider_event_id="reading",
        at=at,
        sender="",
        text=reply_text(text) if channel is Channel.EMAIL else text,
    )
