"""Bounces in words for people: qmail, Exim, Postfix without a report, Exchange, Gmail, Yahoo and their like."""

import re
import unicodedata
from dataclasses import dataclass

from content.inbound_mail import references
from content.inbound_mail.html_text import text_of
from content.inbound_mail.mail import Mail, addresses_in
from content.smtp_reply import Meaning, judge

_MACHINES = re.compile(
    r"(?:^|[<\s\"])(?:mailer-daemon|mail-daemon|postmaster|microsoftexchange[0-9a-f]*|mail ?delivery)", re.IGNORECASE
)
_SUBJECT = re.compile(
    r"undeliver(?:able|ed)|returned mail|delivery (?:status )?notification|delivery (?:has )?fail|failure notice"
    r"|delivery (?:delayed|incomplete|report|problem)|mail delivery (?:failed|failure|system|subsystem)"
    r"|returning message to sender|message (?:could )?not (?:be )?delivered|could not be delivered"
    r"|unzustellbar|nicht zugestellt|non remis|non distribu|no se puede entregar|no entregado|devuelto"
    r"|permanent delivery|delivery failure|systems? bounce|退信|配信不能|送信できません|не ?доставлен|zustellfehler"
    r"|mancata consegna|niet (?:bezorgd|afgeleverd)|nie (?:dostarczono|doręczon)|kunde inte levereras"
    r"|kunne ikke leveres"
    r"|não entregue|não foi possível entregar|warning: message",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"\bdelayed\b|will (?:be )?retr(?:y|ied)|still (?:be )?trying|not yet been delivered|warning message only"
    r"|temporary problem",
    re.IGNORECASE,
)
_COPY_BEGINS = re.compile(
    r"^(?:-+ ?(?:below this line|this is a copy|original message|the header of|returned message|message header"
    r"|forwarded)|original message headers|received: |return-path: )",
    re.IGNORECASE | re.MULTILINE,
)
"""From here on it is our own message, whose addresses are not those that failed."""
_MESSAGE_ID = re.compile(r"^[> \t]*+message-id:\s*(<[^\s<>]{1,250}>)", re.IGNORECASE | re.MULTILINE)

_REFERENCES = re.compile(r"^[> \t]*+references:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE | re.MULTILINE)
_SUBJECT_OF_COPY = re.compile(r"^[> \t]*+subject:[ \t]*([^\n]{1,998})$", re.IGNORECASE | re.MULTILINE)

_TO_OF_COPY = re.compile(r"^[> \t]*+to:[ \t]*([^\n]{1,998})$", re.IGNORECASE | re.MULTILINE)

_ADDRESS = r"<?(?P<address>[^\s<>@,;:\"()]{1,64}@[^\s<>@,;:\"()*]{1,255})>?"
_NAMED = (
    # qmail, Postfix, Yahoo: `<address>:` and the reason on this line or the next one.
    re.compile(rf"^{_ADDRESS}(?: \([^)\n]{{1,300}}\))?:(?P<reason>(?:[^\n]*\n){{1,4}})", re.MULTILINE),
    # Exim: the address on a line of its own, indented, the reason below it, further in.
    re.compile(rf"^[ \t]+{_ADDRESS}[ \t]*\n(?P<reason>(?:[ \t]+[^\n]+\n){{1,4}})", re.MULTILINE),
    # Gmail, Exchange, and most who write sentences.
    re.compile(
        rf"(?:message|email|e-mail|mail|nachricht|mensaje|mensagem|delivery)\b[^\n@]{{0,60}}"
        rf"\b(?:to|an|à|a|para)\s+{_ADDRESS}\s[^\n@]{{0,30}}(?P<reason>[^\n]*(?:\n[^\n]+)?)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?:recipients?(?: or groups?)?|address(?:es)?|users?|empfänger|destinatari[oa]s?|destinataires?)"
        rf"[^\n@]{{0,60}}:\s*(?:[^\n<@]{{0,60}}[<(])?{_ADDRESS}(?P<reason>(?:[^\n]*\n){{0,4}})",
        re.IGNORECASE,
    ),
)
_LONGEST = 20_000
"""Characters of one part that are read."""
_MOST = 100_000
"""Characters of all parts together."""


@dataclass(frozen=True)
class Told:
    """What the words say."""

    addresses: list[str]
    message_ids: tuple[str, ...]
    """Of the copy of our message: its own, and the last that it refers to, which is its own as well."""
    subject: str | None
    """Of that copy."""
    reason: str
    """The words beside the address, or all of them where those say nothing."""
    delayed: bool


def told_by(mail: Mail) -> Told | None:
    """What a machine's letter about our message says; None when no machine wrote it, or about something else."""
    headers = mail.headers
    listed = headers.addresses("x-failed-recipients")
    machine = _MACHINES.search(headers.get("from")) or mail.report == "delivery-status"
    bounced = "<>" in headers.all("return-path") or mail.type == "multipart/report" or machine
    if not listed and not (machine or (bounced and _SUBJECT.search(headers.decoded("subject")))):
        return None
    text = _text(mail)
    about = _about(text)
    ours = {address.lower() for address in headers.addresses("to", "from", "delivered-to", "return-path")}
    named = _named(about, ours)
    if not listed and not named and not _SUBJECT.search(headers.decoded("subject")):
        return None
    return Told(
        addresses=listed or list(named),
        message_ids=references.message_ids(*ids_of_copy(text)),
        subject=match[1].strip() if (match := _SUBJECT_OF_COPY.search(text)) else None,
        reason=_telling(next(iter(named.values()), ""), about),
        delayed=bool(_DELAYED.search(headers.decoded("subject")) or (_DELAYED.search(about))),
    )


def ids_of_copy(text: str) -> tuple[str, ...]:
    """The Message-IDs of a copy of our message within a text, and the last that it refers to, which is its own, too."""
    return (*_MESSAGE_ID.findall(text), *references.answered((), _REFERENCES.findall(text[:_LONGEST]))[:1])


def recipient_of_copy(text: str) -> str | None:
    """To whom a message went whose copy is within a text."""
    match = _TO_OF_COPY.search(text)
    return next(iter(addresses_in(match[1])), None) if match else None


def reason_beside(mail: Mail, address: str | None) -> str:
    """What the words for people give as the reason of a failure at this address; empty when they give none."""
    about = _about(_text(mail))
    named = _named(about, set())
    beside = next((reason for one, reason in named.items() if address and one.lower() == address.lower()), "")
    return _telling(beside, about)


def _telling(beside: str, about: str) -> str:
    """The reason beside an address, or all of the words where that says nothing."""
    reason = " ".join(beside.split())
    if judge(reason).meaning is not Meaning.UNSAID:
        return reason
    return " ".join(about[:_LONGEST].split())


def _about(text: str) -> str:
    """Without the copy of our own message below."""
    return text[: match.start()] if (match := _COPY_BEGINS.search(text)) else text


def _named(text: str, ours: set[str]) -> dict[str, str]:
    """The addresses that the text says failed, each with the reason beside it."""
    for form in _NAMED:
        found = {match["address"].rstrip("."): match["reason"] for match in form.finditer(text)}
        if failed := {address: reason for address, reason in found.items() if address.lower() not in ours}:
            return failed
    candidates = [address for address in addresses_in(text) if address.lower() not in ours]
    return {candidates[0]: text} if len(set(candidates)) == 1 else {}


def _text(mail: Mail) -> str:
    """Every text in it: some append a copy of our message to their own words."""
    plain = [text[:_LONGEST] for text in mail.texts("text/plain", _MOST, attached=True)]
    plain = plain or [text_of(source)[:_LONGEST] for source in mail.texts("text/html", _MOST, attached=True)]
    return unicodedata.normalize("NFKC", "\n".join(plain))
