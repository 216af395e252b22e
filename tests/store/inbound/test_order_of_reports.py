"""Reports come in any order and any number of times: the records that they leave are the same."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.events import StatusReport
from domain.messages import Channel
from store.inbound import status_reports
from tests.store.cases import NOW, REPORTS, SENT_AT, STATUS, Case
from tests.store.tenants import AT, Tenant


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


async def test_an_answer_proves_as_much_before_a_report_as_behind_it(tenant: Tenant) -> None:
    """A message in doubt that was answered has arrived, whoever settled it."""
    happened = [("start", 0), ("unsubscribed", 1), ("stop", 2), ("queued", 3)]
    told = [happened[n] for n in (1, 2, 3, 0)]
    assert await _fate(tenant, "sending", told) == await _fate(tenant, "sending", happened)


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
            received = await status_reports.receive_status(tx, tenant.id, report, None, written_since=AT, now=NOW)
            stopped.append(received.stopped)
    assert stopped == [(), (), (case.enrollment,)]
    [barred] = await tenant.rows("SELECT reason, active FROM suppressions WHERE address = $1", case.address)
    assert barred == {"reason": "bounced", "active": True}
