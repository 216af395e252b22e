"""What conditions are judged by, as it is read of the database."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from store.enrollments import facts
from tests.store.tenants import AT, Tenant

HOUR = timedelta(hours=1)


async def event(tenant: Tenant, name: str, after: timedelta, *, contact: UUID | None = None) -> None:
    """Something that happened so long after the enrollment began."""
    when = (AT + after).isoformat()
    await tenant.clone(
        "contact_events", id=uuid4(), contact_id=contact or tenant.contact, name=name, key=uuid4().hex, at=when
    )


async def asked(tenant: Tenant, *events: str, until: timedelta | None = None) -> dict[str, timedelta]:
    """When each of these last happened, counted from the enrollment's begin."""
    async with tenant.database.transaction(tenant.id) as tx:
        limit = AT + until if until is not None else None
        known = await facts.read(tx, tenant.enrollment, events=events, until=limit)
    return {one.event: one.at - AT for one in known.facts.happened if one.event in events}


async def test_an_event_counts_from_the_enrollments_begin(tenant: Tenant) -> None:
    """Its last time is what is known; what happened before, to somebody else, or is not asked about is not."""
    stranger = uuid4()
    await tenant.clone("contacts", id=stranger, external_id="C2", email="bo@example.com")
    await event(tenant, "purchase", -HOUR)
    await event(tenant, "early", -HOUR)
    await event(tenant, "at-once", timedelta())
    await event(tenant, "purchase", HOUR)
    await event(tenant, "purchase", 3 * HOUR)
    await event(tenant, "purchase", 2 * HOUR)
    await event(tenant, "theirs", HOUR, contact=stranger)
    await event(tenant, "other", HOUR)
    assert await asked(tenant, "purchase", "early", "at-once", "theirs") == {
        "purchase": 3 * HOUR,
        "at-once": timedelta(),
    }
    assert await asked(tenant) == {}


@pytest.mark.parametrize(("until", "last"), [(HOUR, 1), (2 * HOUR, 1), (3 * HOUR, 3)])
async def test_what_happened_later_is_left_out(tenant: Tenant, until: timedelta, last: int) -> None:
    """A decision that is made later is judged by what had happened when it was due."""
    for hour in (1, 3, 9):
        await event(tenant, "purchase", hour * HOUR)
    assert await asked(tenant, "purchase", until=until) == {"purchase": last * HOUR}


async def test_several_enrollments_are_read_at_once(tenant: Tenant) -> None:
    """Each has its own begin; those that there are not are left out."""
    later = uuid4()
    await tenant.clone(
        "enrollments",
        id=later,
        status="stopped",
        reason="manual",
        current_node=None,
        next_run_at=None,
        enrolled_at=(AT + 2 * HOUR).isoformat(),
        ended_at=(AT + 9 * HOUR).isoformat(),
    )
    await event(tenant, "purchase", HOUR)
    async with tenant.database.transaction(tenant.id) as tx:
        found = await facts.read_each(tx, [tenant.enrollment, later, uuid4()], events=["purchase"])
    asked_about = {
        id_: [one for one in known.facts.happened if one.event == "purchase"] for id_, known in found.items()
    }
    assert {id_: len(events) for id_, events in asked_about.items()} == {tenant.enrollment: 1, later: 0}
    assert found[later].facts.fields["name"] == "Ada Lovelace"
