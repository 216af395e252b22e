"""Automatic answers: owed with the message that they answer, claimed, settled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

import asyncpg

from domain.events import InboundMessage
from domain.messages import Channel, OutgoingMessage, Receipt, TextContent
from store.pool import load_queries

_sql = load_queries("inbound/notices")

NoticeKind = Literal["confirmation", "help"]


class NoticeState(StrEnum):
    """The life of a notice: pending ⇄ sending → sent | failed | ambiguous; pending, sending → expired."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    AMBIGUOUS = "ambiguous"
    EXPIRED = "expired"

    @property
    def is_open(self) -> bool:
        """Something is still to be done."""
        return self in (NoticeState.PENDING, NoticeState.SENDING)


@dataclass(frozen=True)
class Notice:
    """One automatic answer."""

    id: UUID
    kind: NoticeKind
    channel: Literal[Channel.SMS, Channel.WHATSAPP]
    address: str
    sender: str | None
    """The tenant's own; None: the installation's."""
    body: str
    state: NoticeState
    expires_at: datetime
    provider: str | None
    claimed_at: datetime | None
    claimed_on: datetime | None
    """When the server was started that it was claimed on (UTC)."""

    def message(self, tenant_id: UUID) -> OutgoingMessage:
        """What the provider is handed, the same on every attempt."""
        content = TextContent(channel=self.channel, sender=self.sender, body=self.body)
        return OutgoingMessage(tenant_id=tenant_id, job_id=self.id, to=self.address, content=content)


@dataclass(frozen=True)
class OpenNotice:
    """One that is not settled."""

    id: UUID
    expires_at: datetime


async def owe(
    tx: asyncpg.Connection,
    notice_id: UUID,
    event_id: UUID,
    kind: NoticeKind,
    report: InboundMessage,
    contact_id: UUID | None,
    *,
    unless_since: datetime,
    expires_at: datetime,
    now: datetime,
) -> bool:
    """Owe the sender the tenant's text; False when there is none, or when one of this kind was owed since then."""
    await _sql.one_at_a_time(tx, channel=report.channel, address=report.sender)
    owed = await _sql.owe(
        tx,
        id=notice_id,
        event_id=event_id,
        kind=kind,
        channel=report.channel,
        address=report.sender,
        recipient=report.recipient,
        contact_id=contact_id,
        since=unless_since,
        expires_at=expires_at,
        now=now,
    )
    return owed is not None


async def lock(tx: asyncpg.Connection, notice_id: UUID) -> Notice | None:
    """Read it and hold it until the transaction ends; None when the tenant has no such notice."""
    row = await _sql.lock_notice(tx, id=notice_id)
    if row is None:
        return None
    return Notice(**{**row, "channel": Channel(row["channel"]), "state": NoticeState(row["state"])})


async def begin_sending(tx: asyncpg.Connection, notice_id: UUID, provider: str, now: datetime) -> None:
    """Claim it."""
    await _sql.begin_sending(tx, id=notice_id, provider=provider, now=now)


async def settle_sent(tx: asyncpg.Connection, notice_id: UUID, receipt: Receipt, now: datetime) -> None:
    """A provider took it over; the conversation shows it."""
    await _sql.settle_sent(tx, id=notice_id, provider_message_id=receipt.provider_message_id, now=now)


async def settle(tx: asyncpg.Connection, notice_id: UUID, state: NoticeState, error: str | None = None) -> None:
    """Not sent, as far as anybody knows: it waits again, or is over."""
    await _sql.settle(tx, id=notice_id, state=state, error=error)


async def still_open(tx: asyncpg.Connection, before: datetime, limit: int, but: Sequence[UUID]) -> list[OpenNotice]:
    """Owed before then and not settled, oldest first, without those in `but`."""
    rows = _sql.still_open(tx, before=before, limit=limit, but=but)
    return [OpenNotice(row["id"], row["expires_at"]) async for row in rows]
