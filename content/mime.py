"""A rendered email as RFC 5322 bytes. Contacts' values are hostile until proven plain."""

import re
import unicodedata
from collections.abc import Mapping
from email.errors import HeaderParseError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import unquote
from typing import Any

import idna

from domain.errors import ContentError
from domain.messages import EmailContent, OutgoingMessage

_PART = r"[^\s<>@\"(),:;\\\x00-\x1f\x7f]+"
_MAILBOX = re.compile(rf"(?P<name>[^<>]*)<(?P<spec>{_PART}@{_PART})>|(?P<bare>{_PART}@{_PART})")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")
_URI = re.compile(r"(?:https?|mailto):[!#-+\-./0-9:;=?@A-Z\[\]_a-z~%]+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_VERBATIM = frozenset({"message-id", "in-reply-to", "references", "list-unsubscribe", "x-smtpapi"})


class _Policy(EmailPolicy):
    """Standard folding, except for what it harms.

    Ids, URLs and JSON stay whole: the standard library turns a token longer than a line into an encoded-word,
    which nobody recognises as the Message-ID or the unsubscribe link that it was. A subject that needs encoding
    is encoded by the older `Header`: the policy drops the blank where it breaks the line between two words.
    """

    def fold(self, name: str, value: Any) -> str:
        """Text form of a header."""
        text = str(value)
        if name.lower() in _VERBATIM:
            return f"{name}: {f'{self.linesep} '.join(text.split())}{self.linesep}"
        if name.lower() == "subject" and not text.isascii():
            encoded = Header(text, "utf-8", header_name=name).encode(linesep=self.linesep)
            return f"{name}: {encoded}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Wire form of a header."""
        return self.fold(name, value).encode("ascii")


# 7bit: the same bytes whatever a server offers, and nothing on the way has a reason to recode them.
_POLICY = _Policy(linesep=SMTP.linesep, cte_type="7bit")


def build(message: OutgoingMessage, *, sender: str, relayed: Mapping[str, str] | None = None) -> EmailMessage:
    """Compose an email: equal arguments give equal bytes (`as_bytes()`, lines end in CRLF).

    `sender` is `Name <address>`, for content that names none; `relayed` are headers for the relay that takes the
    message. Raises ContentError for an address, id or URL that cannot stand in a header.
    """
    content = message.content
    if not isinstance(content, EmailContent):
        raise ContentError(f"a message for {content.channel} cannot be sent as email")
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = address(content.sender or sender)
    mail["To"] = address(message.to)
    mail["Subject"] = single_line(content.subject)
    mail["Date"] = content.date
    mail["Message-ID"] = _ids(content.message_id)
    if content.in_reply_to:
        mail["In-Reply-To"] = _ids(content.in_reply_to)
    if content.references:
        mail["References"] = _ids(" ".join(content.references))
    if content.reply_to:
        mail["Reply-To"] = address(content.reply_to)
    _add_unsubscribe(mail, content)
    for name, value in (relayed or {}).items():
        mail[name] = single_line(value)
    mail.set_content(_body(content.text))
    if content.html is not None:
        mail.add_alternative(_body(content.html), subtype="html")
        # "=_" occurs in neither quoted-printable nor base64.
        mail.set_boundary(f"=_{message.job_id.hex}")
    return mail


def address(value: str) -> Address:
    """Parse `Name <address>` or a bare address; the domain may be internationalised.

    Raises ContentError for anything else: an address is refused, never mended into another one.
    """
    match = _MAILBOX.fullmatch(value.strip())
    try:
        if match is None:
            raise ValueError("no mailbox")
        local, _, domain = (match["spec"] or match["bare"]).rpartition("@")
        if not domain.isascii():
            domain = idna.encode(domain, uts46=True).decode("ascii")
        return Address(single_line(unquote(match["name"] or "").strip()), addr_spec=f"{local}@{domain}")
    except (ValueError, HeaderParseError) as error:
        raise ContentError(
            f"{single_line(value)!r} is not an email address that can be written to",
            hint="write it as name@example.com, with plain ASCII before the @",
        ) from error


def single_line(value: str) -> str:
    """One line without control characters: what a header value may be."""
    spaced = (" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in _encodable(value))
    return " ".join("".join(spaced).split())


def _body(value: str) -> str:
    """Lines end in `\\n`; control characters other than tab and line end go."""
    lines = _encodable(value).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in lines if char in "\t\n" or unicodedata.category(char) != "Cc")


def _encodable(value: str) -> str:
    """Half a surrogate pair has no UTF-8 form: the replacement character stands for it."""
    return _SURROGATE.sub("\ufffd", value)


def _ids(value: str) -> str:
    """Message-IDs, separated by spaces."""
    if not all(_MESSAGE_ID.fullmatch(token) for token in value.split()):
        raise ContentError(f"{single_line(value)!r} is not a Message-ID", hint="write it as <left@right>")
    return " ".join(value.split())


def _uri(value: str) -> str:
    """One absolute URI in angle brackets."""
    if not _URI.fullmatch(value):
        raise ContentError(
            f"{single_line(value)!r} cannot stand in List-Unsubscribe",
            hint="use a percent-encoded https: or mailto: URI",
        )
    return f"<{value}>"


def _add_unsubscribe(mail: EmailMessage, content: EmailContent) -> None:
    """RFC 2369; one click (RFC 8058) is promised only where an https URI can receive it."""
    url, mailto = content.unsubscribe_url, content.unsubscribe_mailto
    uris = [_uri(url)] if url else []
    if mailto:
        uris.append(_uri(mailto if mailto.startswith("mailto:") else f"mailto:{mailto}"))
    if uris:
        mail["List-Unsubscribe"] = ", ".join(uris)
    if url and url.startswith("https:"):
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
