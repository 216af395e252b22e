"""Reports come in any order and any number of times: the records that they leave are the same."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import ids
from domain.events import EventType, InboundMessage, StatusReport
from domain.messages import Channel
from store import inbound
from store.inbound import MessageKind, Reading
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
        self.contact, self.enrollment, self.address = uuid4(), uuid4(), f"{uuid4().hex}@example.com"
        self.job = ids.job_id(self.enrollment, "one")

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

            await insert("contacts", id=self.contact, external_id=self.contact.hex, email=self.address)
            await insert(
                "enrollments",
                id=self.enrollment,
                sequence_id=self.tenant.sequence,
                version_id=self.tenant.version,
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
            owned = {"enrollment_id": self.enrollment, "sequence_id": self.tenant.sequence, "contact_id": self.contact}
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

    async def hears(self, name: str, at: datetime) -> None:
        shared: dict[str, Any] = {
            "channel": Channel.EMAIL,
            "provider": "mailer",
            "provider_event_id": f"{self.enrollment}:{name}",
            "at": at,
            "job_id": self.job,
        }
        async with self.tenant.database.transaction(self.tenant.id) as tx:
            if name in STATUS:
                report = StatusReport(**shared, **STATUS[name], provider_message_id=f"m-{self.job}")
                await inbound.receive_status(tx, self.tenant.id, report, self.address, written_since=AT, now=NOW)
            else:
                message = InboundMessage(**shared, sender=self.address, text=name)
                await inbound.receive_message(
                    tx, self.tenant.id, message, Reading(WRITTEN[name]), written_since=AT, now=NOW
                )

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


async def _fate(tenant: Tenant, state: str, told: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """The records after these reports; each is (name, place in time)."""
    case = Case(tenant, state)
    await case.begin()
    for name, place in told:
        await case.hears(name, SENT_AT + timedelta(minutes=1 + place))
    return await case.records()


async def test_every_order_of_five_reports_ends_in_one_state(tenant: Tenant) -> None:
    """All 120 orders of what can befall one message, an answer among it, leave equal records."""
    happened = [("queued", 0), ("delivered", 1), ("opened", 2), ("reply", 3), ("bounced", 4)]
    expected = await _fate(tenant, "sent", happened)
    assert expected["enrollments"] == [
        str(
            {
                "status": "stopped",
                "reason": "replied",
                "ended_by_at": SENT_AT + timedelta(minutes=4),
                "current_node": None,
                "gate": None,
                "last_node": "one",
            }
        )
    ]
    for order in permutations(happened):
        assert await _fate(tenant, "sent", order) == expected, order


@pytest.mark.parametrize("state", ["sent", "ambiguous", "sending"])
async def test_any_five_reports_any_number_of_times_end_in_one_state(tenant: Tenant, state: str) -> None:
    """Whatever five things happen, told in any order and up to three times each: the records are equal."""
    failures: list[Any] = []
    orders = st.lists(st.sampled_from(REPORTS), min_size=5, max_size=5, unique=True).flatmap(
        lambda names: st.tuples(
            st.just([(name, place) for place, name in enumerate(names)]),
            st.lists(st.integers(1, 3), min_size=5, max_size=5),
            st.randoms(use_true_random=False),
        )
    )
    drawn: list[tuple[list[tuple[str, int]], list[tuple[str, int]]]] = []

    @settings(max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(orders)
    def draw(example: Any) -> None:
        happened, times, chance = example
        told = [report for report, count in zip(happened, times, strict=True) for _ in range(count)]
        chance.shuffle(told)
        drawn.append((happened, told))

    draw()
    for happened, told in drawn:
        if await _fate(tenant, state, told) != await _fate(tenant, state, happened):
            failures.append((happened, told))
    assert failures == []


async def test_the_counters_agree_after_any_order(tenant: Tenant) -> None:
    """What a report adds to its message is counted once, however often it comes."""
    for _ in range(3):
        await _fate(tenant, "sent", [(name, i) for i, name in enumerate(REPORTS)] * 2)
    [counted] = await tenant.rows(
        "SELECT sum(delivered) AS delivered, sum(opened) AS opened, sum(machine_opened) AS machine_opened,"
        " sum(clicked) AS clicked, sum(bounced) AS bounced, sum(complained) AS complained,"
        " sum(unsubscribed) AS unsubscribed, sum(answered) AS answered, sum(undelivered) AS undelivered"
        " FROM step_counters WHERE node_id = 'one'"
    )
    assert set(counted.values()) == {3}


async def test_three_refusals_in_a_row_count_as_a_bounce(tenant: Tenant) -> None:
    """An address that refuses for the moment is written to again, until it has refused three messages in a row."""
    case = Case(tenant, "sent")
    await case.begin()
    sequel: list[UUID] = [case.job]
    for number in (2, 3):
        await tenant.execute(
            "INSERT INTO message_jobs (tenant_id, id, enrollment_id, sequence_id, contact_id, node_id, order_index,"
            " channel, state, due_at, claimed_at, recipient, provider, content, sent_at)"
            " SELECT tenant_id, $2, enrollment_id, sequence_id, contact_id, $3, $4::int, channel, 'sent', due_at,"
            " claimed_at, recipient, provider, content, sent_at + $4::int * interval '1 minute'"
            " FROM message_jobs WHERE id = $1",
            case.job,
            new := uuid4(),
            f"more {number}",
            number,
        )
        sequel.append(new)
    stopped = []
    for place, job in enumerate(sequel):
        case.job = job
        case_name = "refused"
        async with tenant.database.transaction(tenant.id) as tx:
            report = StatusReport(
                channel=Channel.EMAIL,
                provider="mailer",
                provider_event_id=f"{job}:{case_name}",
                at=SENT_AT + timedelta(hours=place),
                job_id=job,
                **STATUS[case_name],
            )
            received = await inbound.receive_status(tx, tenant.id, report, None, written_since=AT, now=NOW)
            stopped.append(received.stopped)
    assert stopped == [(), (), (case.enrollment,)]
    [barred] = await tenant.rows("SELECT reason, active FROM suppressions WHERE address = $1", case.address)
    assert barred == {"reason": "bounced", "active": True}
