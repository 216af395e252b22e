"""One enrollment with a message whose fate is reported."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from domain import ids
from domain.events import EventType, InboundMessage, MessageKind, StatusReport
from domain.messages import Channel
from store.inbound import messages, status_reports
from store.inbound.messages import Reading
from store.inbound.reception import Received
from tests.store.tenants import AT, Tenant

SENT_AT = AT + timedelta(minutes=1)
NOW = AT + timedelta(days=1)

STATUS: dict[str, dict[str, Any]] = {
    "queued": {"type": EventType.QUEUED},
    "sent": {"type": EventType.SENT},
    "deferred": {"type": EventType.DEFERRED},
    "delivered": {"type": EventType.DELIVERED},
    "failed": {"type": EventType.FAILED},
    "refused": {"type": EventType.BOUNCED, "permanent": False},
    "bounced": {"type": EventType.BOUNCED},
    "complained": {"type": EventType.COMPLAINED},
    "opened": {"type": EventType.OPENED},
    "opened again": {"type": EventType.OPENED},
    "prefetched": {"type": EventType.OPENED, "machine": True},
    "clicked": {"type": EventType.CLICKED},
    "unsubscribed": {"type": EventType.UNSUBSCRIBED},
    "subscribed": {"type": EventType.SUBSCRIBED},
    "unknown": {"type": EventType.UNKNOWN},
}
WRITTEN: dict[str, MessageKind] = {
    "reply": "reply",
    "stop": "opt_out",
    "start": "start",
    "help": "help",
    "away": "auto_reply",
}
REPORTS = (*STATUS, *WRITTEN)


class Case:
    """One enrollment with a message in some state, and what is reported about it."""

    def __init__(self, tenant: Tenant, state: str) -> None:
        self.tenant = tenant
        self.state = state
        self.sequence, self.version = tenant.sequence, tenant.version
        self.contact, self.enrollment, self.address = uuid4(), uuid4(), f"{uuid4().hex}@example.com"
        self.job = ids.job_id(self.enrollment, "one")

    def beside(self, sequence: UUID, version: UUID) -> "Case":
        """The same contact in another sequence."""
        other = Case(self.tenant, self.state)
        other.sequence, other.version = sequence, version
        other.contact, other.address = self.contact, self.address
        return other

    async def begin(self) -> None:
        """Enroll a contact of its own and hand its first message over; nobody knows more than `state`."""
        claimed = {"claimed_at": AT, "recipient": self.address, "provider": "mailer", "attempts": 1}
        sent, doubt = self.state == "sent", self.state == "ambiguous"
        async with self.tenant.database.transaction(self.tenant.id) as tx:

            async def insert(table: str, **values: Any) -> None:
                marks = ", ".join(f"${n}" for n in range(1, len(values) + 1))
                await tx.execute(
                    f"INSERT INTO {table} (tenant_id, {', '.join(values)}) VALUES (current_tenant(), {marks})",  # noqa: S608 - our own names
                    *values.values(),
                )

            if not await tx.fetchval("SELECT EXISTS (SELECT FROM contacts WHERE id = $1)", self.contact):
                await insert("contacts", id=self.contact, external_id=self.contact.hex, email=self.address)
            await insert(
                "enrollments",
                id=self.enrollment,
                sequence_id=self.sequence,
                version_id=self.version,
                contact_id=self.contact,
                status="running",
                current_node="two" if sent else "one",
                next_run_at=None if doubt else AT + timedelta(days=3),
                gate="ambiguous" if doubt else None,
                last_node="one" if sent else None,
                last_order_index=0 if sent else None,
                enrolled_at=AT,
                started_at=AT,
            )
            owned = {"enrollment_id": self.enrollment, "sequence_id": self.sequence, "contact_id": self.contact}
            await insert(
                "message_jobs",
                id=self.job,
                **owned,
                node_id="one",
                order_index=0,
                channel="email",
                state=self.state,
                due_at=AT,
                content={"channel": "email", "subject": "One", "text": "First."},
                sent_at=SENT_AT if sent else None,
                error="no answer" if doubt else None,
                error_class="ambiguous" if doubt else None,
                **claimed,
            )
            await insert(
                "enrollment_steps",
                id=ids.step_id(self.enrollment, "one"),
                enrollment_id=self.enrollment,
                sequence_id=self.tenant.sequence,
                node_id="one",
                node_type="email",
                order_index=0,
                status="success" if sent else "running",
                due_at=AT,
                started_at=AT,
                completed_at=SENT_AT if sent else None,
            )
            if sent:
                await insert(
                    "message_jobs",
                    id=ids.job_id(self.enrollment, "two"),
                    **owned,
                    node_id="two",
                    order_index=1,
                    channel="email",
                    due_at=AT + timedelta(days=3),
                )
                await insert(
                    "messages",
                    id=self.job,
                    direction="out",
                    kind="step",
                    channel="email",
                    contact_id=self.contact,
                    enrollment_id=self.enrollment,
                    node_id="one",
                    order_index=0,
                    address=self.address,
                    body="First.",
                    provider="mailer",
                    at=SENT_AT,
                )

    async def hears(self, name: str, at: datetime, *, again: object = "") -> Received:
        """This is reported to have happened then; with `again` it is another event of the same name."""
        async with self.tenant.database.transaction(self.tenant.id) as tx:
            return await self.hears_in(tx, name, at, again=again)

    async def hears_in(self, tx: asyncpg.Connection, name: str, at: datetime, *, again: object = "") -> Received:
        """The same, in a transaction of the caller's."""
        shared: dict[str, Any] = {
            "channel": Channel.EMAIL,
            "provider": "mailer",
            "provider_event_id": f"{self.enrollment}:{name}{again}",
            "at": at,
            "job_id": self.job,
        }
        if name in STATUS:
            report = StatusReport(**shared, **STATUS[name], provider_message_id=f"m-{self.job}")
            return await status_reports.receive_status(
                tx, self.tenant.id, report, self.address, written_since=AT, now=NOW
            )
        message = InboundMessage(**shared, sender=self.address, text=name)
        reading = Reading(WRITTEN[name])
        return await messages.receive_message(tx, self.tenant.id, message, reading, written_since=AT, now=NOW)

    async def records(self) -> dict[str, Any]:
        """Everything that is kept about it, but for ids and the times at which we heard."""
        state = {}
        for table, columns in {
            "message_jobs": "node_id, state, delivery, provider_message_id, sent_at, delivered_at, undelivered_at,"
            " opened_at, machine_opened_at, clicked_at, bounced_at, soft_bounced_at, complained_at, unsubscribed_at,"
            " answered_at, cancel_reason",
            "enrollments": "status, reason, ended_by_at, current_node, gate, last_node",
            "enrollment_steps": "node_id, status, result ->> 'ended' AS ended",
            "events": "type, occurred_at, contact_id IS NOT NULL AS known, node_id, matched_by, machine",
            "messages": "direction, kind, order_index, body",
            "responses": "kind, node_id, step_number, at",
        }.items():
            owner = "id" if table == "enrollments" else "enrollment_id"
            rows = await self.tenant.rows(
                f"SELECT {columns} FROM {table} WHERE {owner} = $1",  # noqa: S608 - our own names
                self.enrollment,
            )
            state[table] = sorted(str(row).replace(str(self.job), "JOB") for row in rows)
        rows = await self.tenant.rows(
            "SELECT reason, at, lifted_at, active FROM suppressions WHERE address = $1", self.address
        )
        state["suppressions"] = sorted(map(str, rows))
        return state
