"""What a test run does moves no counter; the same of a real run moves each."""

from collections import Counter
from uuid import uuid4

import pytest

from tests.store.tenants import AT, Tenant


async def counters(tenant: Tenant) -> Counter[str]:
    """Every count of the tenant's steps and arms."""
    found: Counter[str] = Counter()
    for table in ("step_counters", "arm_counters"):
        for row in await tenant.rows(f"SELECT to_jsonb(k) - 'id' AS counts FROM {table} k"):  # noqa: S608 - our own names
            counts = row["counts"]
            found.update({f"{counts['node_id']}.{name}": n for name, n in counts.items() if isinstance(n, int)})
    return found


@pytest.mark.parametrize("is_test", [True, False])
async def test_only_real_runs_are_counted(tenant: Tenant, is_test: bool) -> None:
    """Messages planned, settled and heard of, responses, and the arms of splits with what follows from them."""
    before = await counters(tenant)
    enrollment = uuid4()
    await tenant.execute("UPDATE enrollments SET status = 'paused', next_run_at = NULL, gate = 'enrollment_paused'")
    await tenant.clone(
        "enrollments",
        id=str(enrollment),
        is_test=is_test,
        status="completed",
        **dict.fromkeys(("current_node", "next_run_at", "gate")),
        ended_at=AT.isoformat(),
    )
    run = {"enrollment_id": str(enrollment), "node_id": "tried"}
    await tenant.clone("message_jobs", id=str(uuid4()), **run)
    await tenant.clone("split_choices", enrollment_id=str(enrollment))
    await tenant.clone("responses", id=str(uuid4()), **run)
    await tenant.execute(
        "UPDATE message_jobs SET state = 'failed', error = 'no', error_class = 'permanent',"
        " claimed_at = $2, failed_at = $2"
        " WHERE enrollment_id = $1",
        *(enrollment, AT),
    )
    await tenant.execute(
        "UPDATE message_jobs SET opened_at = $2, claimed_at = $2::timestamptz + interval '1 hour'"
        " WHERE enrollment_id = $1",
        *(enrollment, AT),
    )
    moved = {name: count for name, count in (await counters(tenant) - before).items() if count}
    assert moved == (
        {}
        if is_test
        else {"tried.failed": 1, "tried.opened": 1, "tried.responses": 1, "test.entered": 1, "test.opened": 1}
    )
