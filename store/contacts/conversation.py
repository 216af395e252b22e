"""What was said with a contact, both directions, as the messages were logged."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from pydantic import ConfigDict

from domain import ids
from domain.base import Frozen
from store.contacts.records import unknown
from store.keyset import LAST, Keyset
from store.pool import load_queries

_sql = load_queries("contacts/conversation")


class Party(Frozen):
    """Whose conversation it is."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: UUID
    external_id: str
    name: str | None
    email: str | None
    phone: str | None
    zone: str
    """IANA name: the contact's first zone, or the tenant's."""


class Message(Frozen):
    """One message, either way. Times are UTC."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: UUID
    at: datetime
    """When it was sent, or when its author sent it by the provider's account."""
    direction: str
    """`out` or `in`."""
    kind: str
    """Out: `step`, `confirmation`, `help`, `operator`; in: `reply`, `opt_out`, `auto_reply`, `help`, `start`."""
    channel: str
    address: str
    """The contact's, whichever direction."""
    subject: str | None
    body: str
    enrollment_id: UUID | None
    """That it belongs to, or that it answers."""
    sequence: str | None
    step: str | None
    step_number: int | None
    """From 1; of an inbound message, the step that it answers. None: nothing had been sent."""
    delivery: str | None
    """Of a step: the furthest that was reported of it."""
    under_review: bool
    """A person should read it, and nobody has."""


class Received(Message):
    """What came in, and from whom."""

    contact: str | None
    """The contact's external id; None: the address is nobody's."""
    contact_name: str | None


@dataclass(frozen=True)
class Page:
    """A part of a conversation, in the order of time."""

    messages: list[Message]
    earlier: Keyset | None
    """Where the part before it ends; None: there is nothing before."""


async def named(tx: asyncpg.Connection, name: str) -> Party:
    """The contact of that external id, or else of that id of ours. Raises NotFound."""
    # PostgreSQL has no text with NUL.
    row = None if "\0" in name else await _sql.whose(tx, external_id=name, id=ids.as_id(name))
    if row is None:
        raise unknown([name])
    return Party(**row)


async def page(tx: asyncpg.Connection, contact_id: UUID, *, before: Keyset | None, limit: int) -> Page:
    """The newest `limit` messages; with `before`, the newest of those that come before that place."""
    at, behind = before or LAST
    rows = _sql.page(tx, contact_id=contact_id, at=at, behind=behind, limit=limit + 1)
    found = [Message(**row) async for row in rows]
    shown = found[:limit][::-1]
    return Page(shown, (shown[0].at, shown[0].id) if len(found) > limit else None)


async def from_strangers(tx: asyncpg.Connection, limit: int) -> list[Message]:
    """The newest `limit` messages from addresses that are nobody's, in the order of time."""
    return [Message(**row) async for row in _sql.from_strangers(tx, limit=limit)][::-1]


async def received(tx: asyncpg.Connection, *, known: bool | None, before: Keyset | None, limit: int) -> list[Received]:
    """What came in, newest first, from behind that place (`at` and id) on; `known`: of contacts, or of nobody's."""
    at, behind = before or LAST
    return [Received(**row) async for row in _sql.received(tx, known=known, at=at, behind=behind, limit=limit)]
