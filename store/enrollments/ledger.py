"""The ledger of outbound messages: claim, settle, hold; each a step of one job's life."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from content.compose import Imprint
from domain.contact import Contact
from domain.enrollment import Gate, Visit
from domain.messages import Channel, Content, JobState, OutgoingMessage, Receipt
from domain.plan import AmbiguousPolicy
from store.enrollments.scope import Scope, scope_of
from store.pool import last_of_all, load_queries
from store.queries import Prepared

_sql = load_queries("enrollments/ledger")
_claim = Prepared("touchline_claim", _sql.begin_sending)
_content: TypeAdapter[Content] = TypeAdapter(Content)

ErrorClass = Literal["permanent", "transient", "configuration", "ambiguous", "content"]


@dataclass(frozen=True)
class Claim:
    """Everything that decides whether a message may go now, and what it will say."""

    scope: Scope
    """How the enrollment stands, and its local time."""
    sequence_key: str
    on_ambiguous: AmbiguousPolicy
    """The tenant's, for a sequence that names none."""
    imprint: Imprint
    contact: Contact
    job_id: UUID
    state: JobState
    channel: Channel
    attempts: int
    claims: int
    """How often it was claimed: the number of its present claim, if it has one."""
    claimed_on: datetime | None
    """When the server was started that it was claimed on (UTC)."""
    claimed_at: datetime | None
    recipient: str | None
    content: Content | None
    provider: str | None
    heard_of: bool
    """Something was reported of the message, which proves that a provider took it over."""
    sent_before: bool
    """It was sent before the enrollment failed and was retried."""
    suppressed: bool
    suspected: bool
    """Something that came from the address may be an opt-out, and nobody has decided yet."""
    heard: datetime | None
    """Since when something waits that came in and may concern the contact (UTC); None: nothing does."""
    webhook_allow: tuple[str, ...]
    """What the tenant's webhooks may call although it is not public, as it is now."""
    sent_emails: tuple[tuple[str, str], ...]
    """(node id, Message-ID) of the emails of this enrollment that went out, oldest first."""

    @property
    def address(self) -> str | None:
        """Where the message goes: frozen once claimed, the contact's present address before (a webhook has none)."""
        if self.channel is Channel.WEBHOOK:
            return self.recipient
        return self.recipient or self.contact.address_for(self.channel)

    def stands_at(self, visit: Visit) -> bool:
        """Whether the enrollment lives and this is what it waits for."""
        ahead = self.scope.next
        return ahead is not None and (ahead.node_id, ahead.lap) == (visit.node_id, visit.lap)

    def message(self, tenant_id: UUID) -> OutgoingMessage:
        """The frozen message of a job that was claimed before."""
        if self.recipient is None or self.content is None:
            raise ValueError(f"job {self.job_id} was never claimed")
        return OutgoingMessage(
            tenant_id=tenant_id,
            job_id=self.job_id,
            to=self.recipient,
            content=self.content,
            allow=self.webhook_allow if self.channel is Channel.WEBHOOK else (),
        )


async def read_claim(tx: asyncpg.Connection, visit: Visit) -> Claim | None:
    """Read it all in one round trip; None when there is no such enrollment or job in the tenant."""
    row = await _sql.read_claim(tx, enrollment_id=visit.enrollment_id, job_id=visit.job_id)
    if row is None:
        return None
    return Claim(
        scope=scope_of(visit.enrollment_id, row),
        sequence_key=row["sequence_key"],
        on_ambiguous=row["on_ambiguous"],
        imprint=Imprint(row["postal_address"], row["track_opens"], row["track_clicks"], row["sender"]),
        contact=Contact(
            id=row["contact_id"],
            external_id=row["external_id"],
            name=row["name"],
            email=row["email"],
            phone=row["phone"],
            company=row["company"],
            timezone=row["timezone"],
            zones=tuple(row["zones"]),
            tags=tuple(row["tags"]),
            triggers=tuple(row["triggers"]),
            status=row["contact_status"],
            attributes=row["attributes"],
        ),
        job_id=row["job_id"],
        state=JobState(row["state"]),
        channel=Channel(row["channel"]),
        attempts=row["attempts"],
        claims=row["claims"],
        claimed_on=row["claimed_on"],
        claimed_at=row["claimed_at"],
        recipient=row["recipient"],
        content=_content.validate_python(row["content"]) if row["content"] else None,
        provider=row["provider"],
        heard_of=row["heard_of"],
        sent_before=row["sent_before"],
        suppressed=row["suppressed"] is True,
        suspected=row["suppressed"] is False,
        heard=row["heard"],
        webhook_allow=tuple(row["webhook_allow"]),
        sent_emails=tuple((e["node_id"], e["message_id"]) for e in row["sent_emails"] or ()),
    )


def begin_sending(tx: asyncpg.Connection, visit: Visit, message: OutgoingMessage, provider: str, now: datetime) -> None:
    """Claim, with the commit: freeze the message; from then on, a crash leaves a job that says `sending`."""
    last_of_all(
        tx,
        _claim,
        job_id=message.job_id,
        enrollment_id=visit.enrollment_id,
        step_id=visit.step_id,
        recipient=message.to,
        content=message.content.model_dump(mode="json"),
        provider=provider,
        now=now,
    )


@dataclass(frozen=True)
class JobStatus:
    """How a message that was handed over and its enrollment stand now."""

    state: JobState
    claims: int
    scope: Scope


async def read_status(tx: asyncpg.Connection, visit: Visit, scope: Scope) -> JobStatus:
    """What has happened since the claim, which found `scope`. Ask it under the enrollment's lock."""
    row = await _sql.read_status(tx, enrollment_id=visit.enrollment_id, job_id=visit.job_id)
    if row is None:
        raise LookupError(f"there is no job {visit.job_id}")
    return JobStatus(JobState(row["state"]), row["claims"], scope.since(row))


async def note_receipt(tx: asyncpg.Connection, job_id: UUID, receipt: Receipt) -> None:
    """A provider's word of a message that somebody else has settled by then without it: whoever looks next knows it."""
    await _sql.note_receipt(tx, job_id=job_id, provider_message_id=receipt.provider_message_id)


async def settle_sent(
    tx: asyncpg.Connection,
    visit: Visit,
    receipt: Receipt | None,
    *,
    sent_at: datetime,
    result: Mapping[str, Any],
) -> None:
    """Sent; without a receipt and without any report of it, policy or an operator assumes so."""
    await _sql.settle_sent(
        tx,
        job_id=visit.job_id,
        step_id=visit.step_id,
        sent_at=sent_at,
        provider_message_id=receipt.provider_message_id if receipt else None,
        relay_message_id=receipt.relay_message_id if receipt else None,
        result=result,
    )


async def is_heard_of(tx: asyncpg.Connection, visit: Visit) -> bool:
    """Whether something was reported of an unsettled message, which proves that a provider took it over."""
    return await _sql.heard_of(tx, job_id=visit.job_id) is not None


async def settle_late(tx: asyncpg.Connection, job_id: UUID, now: datetime) -> datetime | None:
    """Record a message as sent because something was heard of it; answers since when (UTC), None: nothing to settle.

    The caller holds the enrollment's lock, and moves the enrollment on if it lives.
    """
    row = await _sql.heard_of(tx, job_id=job_id)
    if row is None:
        return None
    # The claim is dated by the worker's server, whose clock may be ahead of the caller's.
    sent_at: datetime = min(row["claimed_at"], now)
    result = {"provider_message_id": row["provider_message_id"], "reported": row["delivery"]}
    visit = Visit(row["enrollment_id"], row["node_id"], row["lap"])
    await settle_sent(tx, visit, None, sent_at=sent_at, result=result)
    return sent_at


async def settle_failed(
    tx: asyncpg.Connection,
    visit: Visit,
    *,
    error: str,
    error_class: ErrorClass,
    error_code: str | None,
    bounced: bool,
    now: datetime,
) -> None:
    """It will never be sent; `bounced`: because the address is dead."""
    await _sql.settle_failed(
        tx,
        job_id=visit.job_id,
        step_id=visit.step_id,
        error=error,
        error_class=error_class,
        error_code=error_code,
        bounced=bounced,
        now=now,
        result={"error": error, "class": error_class, "code": error_code},
    )


async def settle_skipped(tx: asyncpg.Connection, visit: Visit, reason: str, *, now: datetime) -> None:
    """It must not be sent; the enrollment goes on without it."""
    await _sql.settle_skipped(
        tx,
        job_id=visit.job_id,
        step_id=visit.step_id,
        reason=reason,
        now=now,
        result={"skipped": reason},
    )


async def hold(
    tx: asyncpg.Connection,
    visit: Visit,
    *,
    state: JobState,
    gate: Gate,
    until: datetime | None,
    now: datetime,
    error: str | None = None,
    error_class: ErrorClass | None = None,
    error_code: str | None = None,
) -> None:
    """Held back by a gate, until a time or (None) until somebody acts."""
    await _sql.hold(
        tx,
        job_id=visit.job_id,
        enrollment_id=visit.enrollment_id,
        state=state,
        gate=gate,
        until=until,
        now=now,
        error=error,
        error_class=error_class,
        error_code=error_code,
    )


async def release(tx: asyncpg.Connection, job_id: UUID, *, handed_over: bool) -> None:
    """Certainly not sent: the job waits again. What was not even handed over was no attempt."""
    await _sql.release(tx, job_id=job_id, handed_over=handed_over)


async def pause_sequence(tx: asyncpg.Connection, sequence_id: UUID, reason: str) -> bool:
    """Hold every other contact of a sequence whose messages cannot go out; False: somebody holds its row just now."""
    return await _sql.pause_sequence(tx, sequence_id=sequence_id, reason=reason) is not None


async def abandoned(tx: asyncpg.Connection, before: datetime, limit: int, but: Sequence[UUID]) -> list[Visit]:
    """Hand-overs that nobody will come back to, oldest first, without those of the enrollments in `but`."""
    return [Visit(**row) async for row in _sql.abandoned_jobs(tx, before=before, limit=limit, but=but)]


async def in_doubt(tx: asyncpg.Connection, enrollment_id: UUID) -> Visit | None:
    """The visit whose message nobody knows the fate of; None when all is known."""
    row = await _sql.in_doubt(tx, enrollment_id=enrollment_id)
    return Visit(**row) if row else None
