"""Every table has a row: one tenant, enrolled, written to and answered."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from domain import ids
from store.pool import Database

AT = datetime(2027, 3, 1, 15, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Tenant:
    """One tenant's rows: a running enrollment between two steps, its records, and an answer."""

    database: Database
    id: UUID
    sequence: UUID
    version: UUID
    contact: UUID
    enrollment: UUID

    async def rows(self, sql: str, *args: Any) -> list[dict[str, Any]]:
        async with self.database.transaction(self.id) as tx:
            return [dict(row) for row in await tx.fetch(sql, *args)]

    async def execute(self, sql: str, *args: Any) -> str:
        async with self.database.transaction(self.id) as tx:
            return await tx.execute(sql, *args)

    async def clone(self, table: str, **changes: Any) -> None:
        """Insert a copy of the table's first row with these changes."""
        columns = [
            row["column_name"]
            for row in await self.rows(
                "SELECT column_name FROM information_schema.columns "
                " WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER' AND is_identity = 'NO'",
                table,
            )
        ]
        names = ", ".join(columns)
        await self.execute(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM jsonb_populate_record("  # noqa: S608 - our own names
            f"NULL::{table}, (SELECT to_jsonb(x) FROM {table} x LIMIT 1) || $1::jsonb)",
            changes,
        )


async def fill(database: Database, tenant_id: UUID) -> Tenant:
    sequence = ids.sequence_id(tenant_id, "journey")
    version, contact, enrollment, event = ids.version_id(sequence, 1), uuid4(), uuid4(), uuid4()
    tenant = Tenant(database, tenant_id, sequence, version, contact, enrollment)
    async with database.transaction(tenant_id) as tx:

        async def insert(table: str, **values: Any) -> None:
            marks = ", ".join(f"${n}" for n in range(2, len(values) + 2))
            await tx.execute(
                f"INSERT INTO {table} (tenant_id, {', '.join(values)}) VALUES ($1, {marks})",  # noqa: S608 - our own names
                tenant_id,
                *values.values(),
            )

        await insert(
            "contacts",
            id=contact,
            external_id="C1",
            name="Ada Lovelace",
            email="ada@example.com",
            phone="+12125550100",
            tags=["vip"],  # its row in contact_tags
        )
        await insert("sequences", id=sequence, key="journey", name="The journey")
        await insert("sequence_drafts", sequence_id=sequence, definition={"sequence": "journey"})
        await insert(
            "sequence_versions",
            id=version,
            sequence_id=sequence,
            version=1,
            content_hash="0" * 64,
            definition={"sequence": "journey"},
            plan={"settings": {"stop_on": ["reply", "unsubscribe", "bounce"]}},
        )
        await insert(
            "version_contents",
            version_id=version,
            node_id="one",
            order_index=0,
            channel="email",
            templates={"body": "First."},
        )
        await insert(
            "enrollments",
            id=enrollment,
            sequence_id=sequence,
            version_id=version,
            contact_id=contact,
            status="running",
            current_node="two",
            next_run_at=AT,
            last_node="one",
            last_order_index=0,
            enrolled_at=AT,
            started_at=AT,
        )
        for index, (node, status) in enumerate({"one": "success", "two": "pending"}.items()):
            await insert(
                "enrollment_steps",
                id=ids.step_id(enrollment, node),
                enrollment_id=enrollment,
                sequence_id=sequence,
                node_id=node,
                node_type="email",
                order_index=index,
                status=status,
                due_at=AT,
                started_at=AT if status == "success" else None,
                completed_at=AT if status == "success" else None,
            )
            await insert(
                "message_jobs",
                id=ids.job_id(enrollment, node),
                enrollment_id=enrollment,
                sequence_id=sequence,
                contact_id=contact,
                node_id=node,
                order_index=index,
                channel="email",
                due_at=AT,
            )
        await insert(
            "messages",
            id=ids.job_id(enrollment, "one"),
            direction="out",
            kind="step",
            channel="email",
            contact_id=contact,
            enrollment_id=enrollment,
            node_id="one",
            order_index=0,
            address="ada@example.com",
            body="First.",
            provider="outbox",
            at=AT,
        )
        await insert(
            "events",
            id=event,
            provider="test",
            provider_event_id="evt-1",
            type="inbound",
            channel="email",
            payload={},
            occurred_at=AT,
            received_at=AT,
        )
        await insert(
            "responses",
            id=event,
            enrollment_id=enrollment,
            sequence_id=sequence,
            contact_id=contact,
            node_id="one",
            order_index=0,
            channel="email",
            kind="reply",
            at=AT,
        )
        await insert("suppressions", channel="sms", address="+12125550100", reason="unsubscribed", at=AT, created_at=AT)
        await insert("contact_opt_outs", contact_id=contact, channel="sms", reason="unsubscribed", at=AT, created_at=AT)
        await insert("enrollment_signals", event_id=event, enrollment_id=enrollment, signal="reply", created_at=AT)
        await insert(
            "messages",
            id=event,
            direction="in",
            kind="reply",
            channel="email",
            contact_id=contact,
            address="ada@example.com",
            body="Stop by tomorrow?",
            provider="test",
            at=AT,
        )
        await insert("reviews", message_id=event, reason="doubtful_opt_out", detail="stop", created_at=AT)
        await insert(
            "notices",
            id=ids.notice_id(event),
            event_id=event,
            kind="confirmation",
            channel="sms",
            address="+12125550100",
            body="You are unsubscribed.",
            expires_at=AT,
            created_at=AT,
        )
        await insert(
            "dead_letters",
            id=uuid4(),
            source="/webhooks/email/raw",
            reason="it has no sender",
            content_type="message/rfc822",
            body=b"?",
            received_at=AT,
        )
        await insert("api_keys", id=uuid4(), name="crm", hash=uuid4().bytes * 2, scopes=["read"], created_at=AT)
        await insert(
            "sessions", id=uuid4(), hash=uuid4().bytes * 2, scopes=["read"], created_at=AT, seen_at=AT, expires_at=AT
        )
        await insert("commands", id=uuid4(), at=AT, by_key="crm", by_session=False, command="PUT /tenant")
        await insert("sign_in_links", hash=uuid4().bytes * 2, scopes=["read"], expires_at=AT)
        await insert("law_decisions", rule="us-fl", enforced=False, reason="counsel", decided_by="ada", decided_at=AT)
        block = {
            "id": str(uuid4()),
            "jurisdiction": "US-LA",
            "channels": ["sms"],
            "starts": "2999-08-30T00:00:00Z",
            "ends": "2999-09-17T00:00:00Z",
            "source": "LPSC",
        }
        await tx.execute(
            "UPDATE tenants SET law = law || jsonb_build_object('blocks', jsonb_build_array($1::jsonb))", block
        )
        await insert("mailboxes", name="ada@imap/INBOX", uid_validity=1, last_uid=0, polled_at=AT)
        await insert(
            "tasks",
            id=uuid4(),
            enrollment_id=enrollment,
            contact_id=contact,
            node_id="two",
            title="Call Ada.",
            created_at=AT,
        )
        await insert("split_choices", enrollment_id=enrollment, node_id="test", arm="a", sequence_id=sequence, at=AT)
        await insert("contact_events", id=uuid4(), contact_id=contact, name="paid", key="1", at=AT, received_at=AT)
        await insert("assignment_turns", sequence_id=sequence, node_id="owner", taken=1)
        campaign, batch = uuid4(), uuid4()
        await insert("campaigns", id=campaign, key="Spring", name="Spring", created_at=AT, updated_at=AT)
        await insert(
            "campaign_members",
            campaign_id=campaign,
            contact_id=contact,
            added_by="action",
            enrollment_id=enrollment,
            added_at=AT,
        )
        await insert(
            "enrollment_batches",
            id=batch,
            campaign_id=campaign,
            campaign="Spring",
            sequence_id=sequence,
            version_id=version,
            total=1,
            created_at=AT,
            moved_at=AT,
        )
        await insert("batch_refusals", batch_id=batch, contact_id=contact, reason="live")
        await insert(
            "notifications",
            id=uuid4(),
            user_name="grace",
            body="Call Ada.",
            contact_id=contact,
            enrollment_id=enrollment,
            node_id="two",
            created_at=AT,
        )
        await insert("users", id=uuid4(), name="grace", created_at=AT)
        await insert(
            "senders", id=uuid4(), channel="email", address="us@example.com", name="We", is_default=True, created_at=AT
        )
        await insert(
            "idempotent_requests", key="k-1", fingerprint=b"f" * 32, began_at=AT, attempt=uuid4(), held_until=AT
        )
        await insert(
            "inbox",
            id=uuid4(),
            lane="somebody@example.com",
            kind="message",
            report={},
            source="/webhooks/email/raw",
            holds=True,
            address="somebody@example.com",
            received_at=AT,
            due_at=AT,
        )
        await insert("worker_conflicts", repeated=3, given_up=1)
        second = ids.version_id(sequence, 2)
        await insert(
            "sequence_versions",
            id=second,
            sequence_id=sequence,
            version=2,
            content_hash="1" * 64,
            definition={"sequence": "journey"},
            plan={"settings": {"stop_on": ["reply", "unsubscribe", "bounce"]}},
        )
        await insert(
            "enrollment_moves",
            id=uuid4(),
            enrollment_id=enrollment,
            from_version_id=second,
            to_version_id=version,
            from_node="two",
            to_node="two",
            answer={},
            moved_at=AT,
        )
        await insert(
            "enrollment_retries",
            enrollment_id=enrollment,
            number=1,
            node_id="one",
            lap=0,
            error="no such user",
            failed_at=AT,
            retried_at=AT,
        )
        await insert("disagreements", enrollment_id=enrollment, kind="overdue", detail="it waits", found_at=AT)
        await tx.execute("INSERT INTO changes_pruned (tenant_id, xid, id) VALUES ($1, '1', 1)", tenant_id)
        await tx.execute("INSERT INTO webhook_feeds (tenant_id, xid, id) VALUES ($1, '1', 1)", tenant_id)
        subscription = uuid4()
        await insert(
            "webhook_subscriptions",
            id=subscription,
            url="https://example.com/hook",
            types=["enrollment.stopped"],
            secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            active_since=AT,
            created_at=AT,
        )
        await insert(
            "webhook_deliveries",
            id=uuid4(),
            subscription_id=subscription,
            enrollment_id=enrollment,
            number=1,
            type="enrollment.stopped",
            body="{}",
            state="delivered",
            created_at=AT,
            ended_at=AT,
        )
    return tenant
