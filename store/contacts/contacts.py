"""Contacts: rows in by bulk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import asyncpg

from domain.contact import Contact
from domain.errors import ContentError
from store.pool import load_queries

_sql = load_queries("contacts/contacts")

_MOST = 1000
"""Contacts that a search may find."""


@dataclass(frozen=True)
class Merged:
    """What came of a batch of contacts."""

    created: int
    moved: tuple[UUID, ...]
    """Those who were known, and live by another clock now."""


async def upsert(tx: asyncpg.Connection, contacts: Sequence[Contact]) -> Merged:
    """Insert contacts, or update those whose external id is known.

    A known contact keeps its id, and everything that the new record leaves empty. External ids must not repeat.
    """
    row = await _sql.merge_arrivals(tx, arrivals=[contact.model_dump() for contact in contacts])
    return Merged(row["created"], tuple(row["moved"]))


async def count_known(tx: asyncpg.Connection, external_ids: Sequence[str]) -> int:
    """How many of these there are."""
    known: int = await _sql.count_known(tx, external_ids=list(external_ids))
    return known


async def sharing(
    tx: asyncpg.Connection, contacts: Sequence[Contact]
) -> dict[tuple[str, Literal["email", "phone"]], str]:
    """Who else has an address of these contacts, by external id and address."""
    rows = _sql.sharing(
        tx,
        external_ids=[c.external_id for c in contacts],
        emails=[c.email for c in contacts],
        phones=[c.phone for c in contacts],
    )
    return {(row["external_id"], row["kind"]): row["other"] async for row in rows}


def contact_of(row: Mapping[str, Any]) -> Contact:
    """The contact that a row with all of its columns is."""
    lists = {name: tuple(row[name]) for name in ("zones", "tags", "triggers")}
    return Contact.model_construct(**{**row, **lists})


async def by_external_ids(tx: asyncpg.Connection, external_ids: Sequence[str]) -> list[Contact]:
    """Those that exist, in no order."""
    return [contact_of(row) async for row in _sql.by_external_ids(tx, external_ids=list(external_ids))]


async def page(tx: asyncpg.Connection, *, after: UUID | None, trigger: str | None, limit: int) -> list[Contact]:
    """Contacts with an id above `after`, by id; with `trigger`, only those that carry it."""
    return [contact_of(row) async for row in _sql.page(tx, after=after, trigger=trigger, limit=limit)]


async def matching(tx: asyncpg.Connection, text: str) -> list[UUID]:
    """Contacts whose name, last name, email, phone or external id begins with a text; of the first three in any case.

    Raises ContentError when these are more than 1,000.
    """
    lower = text.lower()
    rows = _sql.matching(tx, text=text, behind=_behind(text), lower=lower, lower_behind=_behind(lower), limit=_MOST + 1)
    found = [row["id"] async for row in rows]
    if len(found) > _MOST:
        raise ContentError(f"more than {_MOST:,} contacts begin with that", hint="say more of the name, email or phone")
    return found


def _behind(text: str) -> str:
    """What no text that begins with this one comes after, in the order of code points."""
    return text + "\U0010ffff"


async def count_contacts(tx: asyncpg.Connection, trigger: str | None) -> int:
    """Contacts of the tenant; with `trigger`, those that carry it."""
    count: int = await _sql.count_contacts(tx, trigger=trigger)
    return count


async def contacts_of(tx: asyncpg.Connection, contact_ids: Sequence[UUID]) -> list[Contact]:
    """Those that exist, by id."""
    return [contact_of(row) async for row in _sql.contacts_of(tx, ids=list(contact_ids))]
