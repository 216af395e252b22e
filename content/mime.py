"""A rendered email as RFC 5322 bytes. Contacts' values are hostile until proven plain."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from content.headers import (
    Field,
    address,
    encodable,
    mail,
    mailbox_field,
    single_line,
    text_field,
    token_field,
)
from domain.errors import ContentError
from domain.messages import EmailContent, OutgoingMessage

_MESSAGE_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")
_URI = re.compile(r"(?:https?|mailto):[!#-+\-./0-9:;=?@A-Z\[\]_a-z~%]+")
# 7bit: the same bytes whatever a server offers, and nothing on the way has a reason to recode them.
_BODY_POLICY = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True)
class Mail:
    """One email, ready to be handed over."""

    sender: str
    """The address that it is from, for the envelope."""
    recipient: str
    message_id: str
    data: bytes

    def as_bytes(self) -> bytes:
        """The message; lines end in CRLF."""
        return self.data


def build(message: OutgoingMessage, *, sender: str, relayed: Mapping[str, str] | None = None) -> Mail:
    """Compose an email: equal arguments give equal bytes.

    `sender` is `Name <address>`, for content that names none; `relayed` are headers for the relay that takes the
    message. Raises ContentError for an address, id or URL that cannot stand in a header.
    """
    content = message.content
    if not isinstance(content, EmailContent):
        raise ContentError(f"a message for {content.channel} cannot be sent as email")
    author, recipient = address(content.sender or sender), address(message.to)
    fields = [
        mailbox_field("From", author),
        mailbox_field("To", recipient),
        text_field("Subject", content.subject),
        text_field("Date", format_datetime(content.date)),
        token_field("Message-ID", [_id(content.message_id)]),
    ]
    if content.in_reply_to:
        fields.append(token_field("In-Reply-To", [_id(content.in_reply_to)]))
    # Its own id as well: a relay that replaces the Message-ID (Amazon SES) leaves this one, so that answers and bounces
    # still name it.
    thread = dict.fromkeys((*content.references, content.message_id))
    fields.append(token_field("References", [_id(reference) for reference in thread]))
    if content.reply_to:
        fields.append(mailbox_field("Reply-To", address(content.reply_to)))
    fields += _unsubscribing(content)
    fields += [token_field(name, [value]) for name, value in (relayed or {}).items()]
    return Mail(author.addr_spec, recipient.addr_spec, content.message_id, mail(fields, _entity(message, content)))


def _entity(message: OutgoingMessage, content: EmailContent) -> EmailMessage:
    """The body with the headers that describe it: nothing of the content is in these."""
    entity = EmailMessage(policy=_BODY_POLICY)
    entity.set_content(_body(content.text))
    if content.html is not None:
        entity.add_alternative(_body(content.html), subtype="html")
        # "=_" occurs in neither quoted-printable nor base64.
        entity.set_boundary(f"=_{message.job_id.hex}")
    return entity


def _body(value: str) -> str:
    """Lines end in `\\n`; control characters other than tab and line end go."""
    lines = encodable(value).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in lines if char in "\t\n" or unicodedata.category(char) != "Cc")


def _id(value: str) -> str:
    """A Message-ID."""
    if not _MESSAGE_ID.fullmatch(value):
        raise ContentError(f"{single_line(value)!r} is not a Message-ID", hint="write it as <left@right>")
    return value


def _uri(value: str) -> str:
    """One absolute URI in angle brackets."""
    if not _URI.fullmatch(value):
        raise ContentError(
            f"{single_line(value)!r} cannot stand in List-Unsubscribe",
            hint="use a percent-encoded https: or mailto: URI",
        )
    return f"<{value}>"


def _unsubscribing(content: EmailContent) -> list[Field]:
    """RFC 2369; one click (RFC 8058) is promised only where an https URI can receive it."""
    url, mailto = content.unsubscribe_url, content.unsubscribe_mailto
    uris = [_uri(url)] if url else []
    if mailto:
        uris.append(_uri(mailto if mailto.startswith("mailto:") else f"mailto:{mailto}"))
    if not uris:
        return []
    fields = [token_field("List-Unsubscribe", [*(f"{uri}," for uri in uris[:-1]), uris[-1]])]
    if url and url.startswith("https:"):
        fields.append(token_field("List-Unsubscribe-Post", ["List-Unsubscribe=One-Click"]))
    return fields
