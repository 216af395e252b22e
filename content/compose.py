"""From an author's templates and a contact to the message that is frozen on its job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from content.liquid import render
from domain import ids
from domain.contact import Contact
from domain.errors import ContentError
from domain.messages import Channel, Content, EmailContent, TextContent
from domain.plan import MessageNode

MAX_TEXT = 1600
"""Characters of one SMS or WhatsApp body that Twilio accepts."""


@dataclass(frozen=True)
class Composer:
    """Renders messages; holds what is the same for all of them."""

    message_id_domain: str
    reply_to: str | None = None
    unsubscribe_mailto: str | None = None

    def compose(
        self,
        *,
        job_id: UUID,
        node: MessageNode,
        templates: Mapping[str, str],
        contact: Contact,
        sent_emails: Sequence[tuple[str, str]],
        now: datetime,
    ) -> Content:
        """The rendered message of a node.

        `sent_emails` are (node id, Message-ID) of the enrollment's earlier emails, oldest first; `now` is in UTC.
        Raises ContentError when a merge field has no value or a body is over its channel's limit.
        """
        if node.channel is Channel.EMAIL:
            return self._email(job_id, node, templates, contact, sent_emails, now)
        body = render(templates["body"], contact)
        if len(body) > MAX_TEXT:
            raise ContentError(f"the text has {len(body)} characters, {node.channel} takes {MAX_TEXT}")
        media_url = templates.get("media_url")
        return TextContent(channel=node.channel, body=body, media_url=render(media_url, contact) if media_url else None)

    def _email(
        self,
        job_id: UUID,
        node: MessageNode,
        templates: Mapping[str, str],
        contact: Contact,
        sent_emails: Sequence[tuple[str, str]],
        now: datetime,
    ) -> EmailContent:
        html = templates.get("html")
        thread = _thread(node, sent_emails)
        return EmailContent(
            subject=_one_line(render(templates["subject"], contact)),
            text=render(templates["body"], contact),
            html=render(html, contact, html=True) if html else None,
            message_id=ids.message_id(job_id, self.message_id_domain),
            date=now,
            in_reply_to=thread[-1] if thread else None,
            references=thread,
            reply_to=self.reply_to,
            unsubscribe_mailto=self.unsubscribe_mailto,
        )


def _thread(node: MessageNode, sent_emails: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The Message-IDs from the thread's first email on; empty when that one never went out."""
    if node.thread is None:
        return ()
    for i, (node_id, _) in enumerate(sent_emails):
        if node_id == node.thread:
            return tuple(message_id for _, message_id in sent_emails[i:])
    return ()


def _one_line(text: str) -> str:
    """A header is one line, whatever a contact's name holds."""
    return " ".join(text.split())
