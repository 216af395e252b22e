"""What conditions are judged by, read in one round trip."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from domain.contact import Contact
from domain.facts import Facts, Happened, fields_of
from store.contacts.contacts import contact_of
from store.pool import load_queries

_sql = load_queries("enrollments/facts")


@dataclass(frozen=True)
class Known:
    """An enrollment's contact, and all that conditions ask about."""

    contact: Contact
    facts: Facts


async def read(
    tx: asyncpg.Connection, enrollment_id: UUID, *, events: Collection[str], until: datetime | None = None
) -> Known:
    """As the running transaction sees it; `until`: without what happened later.

    `events`: those of the tenant's own system that are asked about. Raises LookupError for an unknown enrollment.
    """
    found = await read_each(tx, [enrollment_id], events=events, until=until)
    if enrollment_id not in found:
        raise LookupError(f"no enrollment {enrollment_id}")
    return found[enrollment_id]


async def read_each(
    tx: asyncpg.Connection,
    enrollment_ids: Collection[UUID],
    *,
    events: Collection[str],
    until: datetime | None = None,
) -> dict[UUID, Known]:
    """What is known of several enrollments, by id, of those that there are."""
    rows = _sql.read(tx, enrollment_ids=list(enrollment_ids), events=list(events), until=until)
    return {row["enrollment_id"]: _known(row) async for row in rows}


def _known(row: asyncpg.Record) -> Known:
    fields = dict(row)
    del fields["enrollment_id"]
    happened = tuple(Happened.model_validate(one) for one in fields.pop("happened") or ())
    contact = contact_of(fields)
    return Known(contact, Facts(fields=dict(fields_of(contact)), happened=happened))
