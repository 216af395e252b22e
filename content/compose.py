"""From an author's templates and a contact to the message that is frozen on its job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from content.inbound_mail.references import with_token
from content.links import Links
from content.liquid import render
from content.tracking import mark_up
from content.webhook import inside
from domain import ids
from domain.contact import Contact
from domain.errors import ContentError
from domain.messages import Channel, Content, EmailContent, TextContent
from domain.plan import MessageNode

MAX_TEXT = 1600
"""Characters of one SMS or WhatsApp body that Twilio accepts."""


@dataclass(frozen=True)
class Imprint:
    """What a tenant has decided about all of its messages on a channel."""

    postal_address: str | None = None
    track_opens: bool = False
    track_clicks: bool = False
    sender: str | None = None
    """From where they go; None: from the installation's own address."""


@dataclass(frozen=True)
class Composer:
    """Renders messages; holds what is the same for all of them."""

    message_id_domain: str
    reply_to: str | None = None
    reply_token: bool = False
    """Whether `reply_to` gets a token that names the message."""
    unsubscribe_mailto: str | None = None
    links: Links | None = None
    """None: no public URL is configured, so no email has a link of ours."""

    def compose(
        self,
        *,
        tenant_id: UUID,
        job_id: UUID,
        node: MessageNode,
        templates: Mapping[str, str],
        contact: Contact,
        imprint: Imprint,
        sent_emails: Sequence[tuple[str, str]],
        now: datetime,
    ) -> Content:
        """The rendered message of a node.

        `sent_emails` are (node id, Message-ID) of the enrollment's earlier emails, oldest first; `now` is in UTC.
        Raises ContentError when a merge field has no value or a body is over its channel's limit.
        """
        if node.channel is Channel.EMAIL:
            thread = _thread(node, sent_emails)
            bodies = self._bodies(tenant_id, job_id, templates, contact, imprint)
            return EmailContent(
                sender=imprint.sender,
                subject=_one_line(render(templates["subject"], contact)),
                text=bodies.text,
                html=bodies.html,
                message_id=ids.message_id(job_id, self.message_id_domain),
                date=now,
                in_reply_to=thread[-1] if thread else None,
                references=thread,
                reply_to=with_token(self.reply_to, job_id) if self.reply_to and self.reply_token else self.reply_to,
                unsubscribe_url=bodies.unsubscribe_url,
                unsubscribe_mailto=self._unsubscribe_mailto(tenant_id, job_id),
            )
        if "template" in templates:
            filled = {name: render(text, contact) for name, text in inside(templates, "variables").items()}
            said = "".join(f" {name}: {value}" for name, value in filled.items())
            body = f"[{templates['template']}]{said}"
            return TextContent(
                channel=node.channel,
                sender=imprint.sender,
                body=body,
                content_sid=templates["template"],
                variables=filled,
            )
        body = render(templates["body"], contact)
        if len(body) > MAX_TEXT:
            raise ContentError(f"the text has {len(body)} characters, {node.channel} takes {MAX_TEXT}")
        media_url = templates.get("media_url")
        return TextContent(
            channel=node.channel,
            sender=imprint.sender,
            body=body,
            media_url=render(media_url, contact) if media_url else None,
        )

    def _unsubscribe_mailto(self, tenant_id: UUID, job_id: UUID) -> str | None:
        if self.unsubscribe_mailto and self.links:
            return self.links.unsubscribe_mailto(self.unsubscribe_mailto, tenant_id, job_id)
        return self.unsubscribe_mailto

    def _bodies(
        self, tenant_id: UUID, job_id: UUID, templates: Mapping[str, str], contact: Contact, imprint: Imprint
    ) -> "_Bodies":
        unsubscribe_url = self.links.unsubscribe_url(tenant_id, job_id) if self.links else None
        sender = {"unsubscribe_url": unsubscribe_url, "postal_address": imprint.postal_address}
        text = render(templates["body"], contact, sender=sender)
        if "html" not in templates:
            return _Bodies(text, None, unsubscribe_url)
        html = render(templates["html"], contact, sender=sender, html=True)
        if self.links and (imprint.track_opens or imprint.track_clicks):
            html = mark_up(
                html,
                self.links,
                tenant_id,
                job_id,
                opens=imprint.track_opens,
                clicks=imprint.track_clicks,
                keep=unsubscribe_url,
                template=templates["html"],
            )
        return _Bodies(text, html, unsubscribe_url)


class _Bodies(NamedTuple):
    """Both forms of an email, and the link that they may name."""

    text: str
    html: str | None
    unsubscribe_url: str | None


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
