"""Subscriptions to what happens, and the deliveries that become of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg
from pydantic import Field

from domain import ids
from domain.base import Frozen
from store.changes import changes
from store.changes.changes import Change, ChangeType, Position
from store.keyset import FIRST, LAST, Keyset
from store.pool import load_queries

_sql = load_queries("changes/subscriptions")

DeliveryState = Literal["pending", "delivered", "failed"]

_FED_AT_ONCE = 500
_FORGOTTEN_AT_ONCE = 5_000


class Subscription(Frozen):
    """Who is told of what."""

    id: UUID
    url: str = Field(examples=["https://crm.example.com/touchline"])
    description: str = Field(examples=["CRM"])
    types: tuple[ChangeType, ...] = Field(examples=[["enrollment.completed", "reply.received"]])
    test_runs: bool = Field(description="Whether it is told of test runs as well.")
    active: bool
    disabled_reason: str | None = Field(
        description="Why it was switched off by itself; null: it was not.",
        examples=["nothing was taken since 2027-03-01 15:00 UTC: HTTP 500"],
    )
    failures: int = Field(description="Attempts in a row that failed; 0: all is well.")
    failing_since: datetime | None
    previous_secret_until: datetime | None = Field(description="Until when deliveries bear the old signature as well.")
    created_at: datetime


class Delivery(Frozen):
    """One document for one subscription, and what became of it."""

    id: UUID = Field(description="The `webhook-id` by which a receiver knows a repetition.")
    subscription_id: UUID
    enrollment_id: UUID
    type: ChangeType
    state: DeliveryState = Field(description="`failed`: it was given up, and can be redelivered.")
    attempts: int
    last_status: int | None = Field(description="The HTTP status of the last attempt; null: there was no answer.")
    last_error: str | None = Field(examples=["HTTP 503"])
    created_at: datetime
    last_attempt_at: datetime | None
    next_attempt_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class Receiver:
    """Where deliveries go."""

    url: str
    secrets: tuple[str, ...]
    """whsec_…; each of them signs."""
    allow: tuple[str, ...]
    """The tenant's list of hosts and networks that are not public."""
    active: bool


@dataclass(frozen=True)
class Due:
    """A delivery whose time has come."""

    id: UUID
    body: str
    tries: int


@dataclass(frozen=True)
class Health:
    """How a subscription's attempts went last."""

    failures: int
    failing_since: datetime


async def add(
    tx: asyncpg.Connection,
    *,
    url: str,
    description: str,
    types: Sequence[ChangeType],
    test_runs: bool,
    secret: str,
    active: bool,
    now: datetime,
) -> UUID:
    """A new subscription; from the commit on, what happens is owed to it."""
    new = ids.new_id()
    await _sql.add(
        tx,
        id=new,
        url=url,
        description=description,
        types=list(types),
        test_runs=test_runs,
        secret=secret,
        active_since=now if active else None,
        now=now,
    )
    if active:
        await _sql.begin_feed(tx)
    return new


async def read(tx: asyncpg.Connection, subscription_id: UUID) -> Subscription | None:
    """None: the tenant has none of that id."""
    row = await _sql.read(tx, id=subscription_id)
    return _subscription(row) if row else None


async def listed(tx: asyncpg.Connection, after: Keyset | None, limit: int) -> list[Subscription]:
    """The oldest first, behind a place."""
    at, behind = after or FIRST
    rows = _sql.listed(tx, at=at, behind=behind, limit=limit)
    return [_subscription(row) async for row in rows]


async def change(
    tx: asyncpg.Connection,
    subscription_id: UUID,
    *,
    url: str,
    description: str,
    types: Sequence[ChangeType],
    test_runs: bool,
    active: bool,
    now: datetime,
) -> bool:
    """False: there is none. Switched off, what is still to be delivered is given up."""
    found = await _sql.change(
        tx,
        id=subscription_id,
        url=url,
        description=description,
        types=list(types),
        test_runs=test_runs,
        active=active,
        now=now,
    )
    if found is None:
        return False
    if active:
        await _sql.begin_feed(tx)
    else:
        await _sql.give_up(tx, id=subscription_id, error="the subscription was switched off", now=now)
    return True


async def rotate(tx: asyncpg.Connection, subscription_id: UUID, secret: str, until: datetime) -> bool:
    """A new secret; the present one signs as well until then. False: there is no such subscription."""
    return await _sql.rotate(tx, id=subscription_id, secret=secret, until=until) is not None


async def remove(tx: asyncpg.Connection, subscription_id: UUID) -> bool:
    """Also its deliveries. False: there is none."""
    if await _sql.hold(tx, id=subscription_id) is None:
        return False
    await _sql.remove_deliveries(tx, id=subscription_id)
    await _sql.remove(tx, id=subscription_id)
    return True


async def switch_off(tx: asyncpg.Connection, subscription_id: UUID, reason: str, now: datetime) -> None:
    """It has failed for too long; what is still to be delivered is given up."""
    await _sql.switch_off(tx, id=subscription_id, reason=reason)
    await _sql.give_up(tx, id=subscription_id, error=reason, now=now)


async def feed(tx: asyncpg.Connection, now: datetime) -> tuple[frozenset[UUID], bool]:
    """Make deliveries of what has happened since the last time; to whom, and whether there is more to be read."""
    row = await _sql.lock_feed(tx)
    if row is None:
        return frozenset(), False
    horizon, place = await changes.horizon(tx), Position(row["xid"], row["id"])
    told = await changes.page(tx, place, horizon, _FED_AT_ONCE)
    subscribed = [(r["id"], frozenset(r["types"]), r["test_runs"], r["active_since"]) async for r in _sql.active(tx)]
    owed = [
        (subscription, happened)
        for happened in told
        for subscription, types, test_runs, since in subscribed
        if happened.type in types and happened.at >= since and (test_runs or not happened.is_test)
    ]
    if owed:
        await _sql.owe(
            tx,
            ids=[ids.webhook_delivery_id(subscription, happened.id) for subscription, happened in owed],
            subscription_ids=[subscription for subscription, _ in owed],
            enrollment_ids=[happened.enrollment_id for _, happened in owed],
            numbers=[happened.position.id for _, happened in owed],
            types=[happened.type for _, happened in owed],
            bodies=[document(happened) for _, happened in owed],
            now=now,
        )
    more = len(told) == _FED_AT_ONCE
    reached = told[-1].position if more else max(horizon, place)
    await _sql.move_feed(tx, xid=reached.xid, id=reached.id)
    return frozenset(subscription for subscription, _ in owed), more


def document(happened: Change) -> str:
    """What is posted: type, time, and the change as the live stream tells it."""
    return f'{{"type":"{happened.type}","timestamp":"{happened.at.isoformat()}","data":{happened.document}}}'


async def has_feed(tx: asyncpg.Connection) -> bool:
    """Whether the tenant ever subscribed to anything."""
    return bool(await _sql.has_feed(tx))


async def receiver(tx: asyncpg.Connection, subscription_id: UUID, now: datetime) -> Receiver | None:
    """None: there is none of that id any more."""
    row = await _sql.receiver(tx, id=subscription_id, now=now)
    if row is None:
        return None
    secrets = tuple(secret for secret in (row["secret"], row["previous_secret"]) if secret)
    return Receiver(row["url"], secrets, tuple(row["webhook_allow"]), row["active"])


async def due(tx: asyncpg.Connection, subscription_id: UUID, now: datetime, limit: int) -> list[Due]:
    """What is to be posted now, at most one of each enrollment."""
    return [Due(**row) async for row in _sql.due(tx, id=subscription_id, now=now, limit=limit)]


async def next_due(tx: asyncpg.Connection, subscription_id: UUID) -> datetime | None:
    """When the next one is to be posted; None: nothing is."""
    at: datetime | None = await _sql.next_due(tx, id=subscription_id)
    return at


async def settle(
    tx: asyncpg.Connection,
    subscription_id: UUID,
    delivery: UUID,
    now: datetime,
    *,
    status: int | None,
    error: str | None,
    again_at: datetime | None,
) -> Health | None:
    """Note how an attempt ended: delivered without an error, otherwise tried again then, or given up (None).

    Answers how the subscription does; None: well.
    """
    state: DeliveryState = "delivered" if error is None else "pending" if again_at else "failed"
    # The subscription before its deliveries, as whoever ends it takes them.
    if error is None:
        row = None
        await _sql.took(tx, id=subscription_id)
    else:
        row = await _sql.took_not(tx, id=subscription_id, now=now)
    await _sql.settle(tx, id=delivery, state=state, status=status, error=error, now=now, next_attempt_at=again_at)
    return Health(**row) if row else None


async def deliveries(
    tx: asyncpg.Connection, subscription_id: UUID, state: DeliveryState | None, before: Keyset | None, limit: int
) -> list[Delivery]:
    """The newest of a subscription, before a place."""
    at, behind = before or LAST
    rows = _sql.deliveries(tx, id=subscription_id, state=state, at=at, behind=behind, limit=limit)
    return [_delivery(row) async for row in rows]


async def delivery(tx: asyncpg.Connection, delivery_id: UUID) -> tuple[Delivery, str] | None:
    """A delivery and the document that it posts; None: there is none of that id."""
    row = await _sql.delivery(tx, id=delivery_id)
    return (_delivery(row), row["body"]) if row else None


async def redeliver(tx: asyncpg.Connection, delivery_id: UUID, now: datetime) -> UUID | None:
    """Have it posted once more; whose it is, None: it is still to be delivered, or its subscription is off."""
    row = await _sql.redeliver(tx, id=delivery_id, now=now)
    return row["subscription_id"] if row else None


async def forget(tx: asyncpg.Connection, before: datetime) -> None:
    """Throw away a part of the log of deliveries that ended before a time."""
    await _sql.forget(tx, before=before, limit=_FORGOTTEN_AT_ONCE)


def _subscription(row: asyncpg.Record) -> Subscription:
    same = ("id", "url", "description", "test_runs", "disabled_reason", "failures", "failing_since", "created_at")
    return Subscription(
        **{name: row[name] for name in same},
        types=tuple(row["types"]),
        active=row["active_since"] is not None,
        previous_secret_until=row["previous_until"],
    )


def _delivery(row: asyncpg.Record) -> Delivery:
    same = ("id", "type", "state", "attempts", "last_status", "last_error")
    times = ("created_at", "last_attempt_at", "next_attempt_at", "ended_at")
    return Delivery(
        **{name: row[name] for name in (*same, *times)},
        subscription_id=row["subscription_id"],
        enrollment_id=row["enrollment_id"],
    )
