"""What conditions are judged by, read in one round trip."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from domain.contact import Contact
from domain.facts import Facts, Happened, fields_of
from store.contacts import contact_of
from store.pool import load_queries

_sql = load_queries("facts")


@dataclass(frozen=True)
class Known:
    """An enrollment's contact, and all that conditions ask about."""

    contact: Contact
    facts: Facts


async def read(tx: asyncpg.Connection, enrollment_id: UUID, *, until: datetime | None = None) -> Known:
    """As the running transaction sees it; `until`: without what happened later.

    Raises LookupError for an unknown enrollment.
    """
    row = await _sql.read(tx, enrollment_id=enrollment_id, until=until)
    if row is None:
        raise LookupError(f"no enrollment {enrollment_id}")
    fields = dict(row)
    happened = tuple(Happened.model_validate(one) for one in fields.pop("happened") or ())
    status = fields.pop("status")
    contact = contact_of(fields)
    return Known(contact, Facts(fields=dict(fields_of(contact, status)), happened=happened))
