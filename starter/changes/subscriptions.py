"""Webhooks out, as a tenant sets them up: subscriptions, their secrets, and what is to be delivered once more."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

from domain.errors import Conflict, ContentError, NotFound, SendError
from providers.allow_list import ANY
from providers.signed_post import Poster
from starter.engine import Engine
from starter.signals import taken_in_time
from store import once
from store.changes import subscriptions
from store.changes.changes import ChangeType
from store.changes.subscriptions import Delivery, Subscription
from store.workspace import tenant_settings

LONGEST_OVERLAP = timedelta(days=30)
"""How long an old secret may sign beside the new one."""
_SECRET_BYTES = 32
_MOST = 50
"""Subscriptions of one tenant: each is asked about everything that happens."""


@dataclass(frozen=True)
class Wanted:
    """What an author of a subscription says."""

    url: str
    types: Sequence[ChangeType]
    description: str = ""
    active: bool = True
    test_runs: bool = False
    """Also of test runs."""


async def create(engine: Engine, wanted: Wanted) -> tuple[Subscription, str]:
    """Subscribe; also the secret, in the one text that it will ever be shown in. Raises ContentError, Conflict."""
    secret = _new_secret()
    async with engine.transaction() as tx:
        # One after the other, so that two at once do not both pass the limit.
        tenant = await tenant_settings.hold(tx)
        _check(wanted.url, tenant.webhook_allow if tenant else ())
        if len(await subscriptions.listed(tx, None, _MOST)) == _MOST:
            raise Conflict(f"there are {_MOST} subscriptions already", hint="delete one that is not needed")
        new = await subscriptions.add(
            tx,
            url=wanted.url,
            description=wanted.description,
            types=_once(wanted.types),
            test_runs=wanted.test_runs,
            secret=secret,
            active=wanted.active,
            now=engine.now(),
        )
        made = await subscriptions.read(tx, new)
    await _keep_feed(engine)
    if made is None:
        raise LookupError(f"subscription {new} vanished")
    return made, secret


async def change(engine: Engine, subscription_id: UUID, wanted: Wanted) -> Subscription:
    """Say anew where and of what it is told; switched off, what is still to be delivered is given up."""
    async with engine.transaction() as tx:
        tenant = await tenant_settings.read(tx)
        _check(wanted.url, tenant.webhook_allow if tenant else ())
        if not await subscriptions.change(
            tx,
            subscription_id,
            url=wanted.url,
            description=wanted.description,
            types=_once(wanted.types),
            test_runs=wanted.test_runs,
            active=wanted.active,
            now=engine.now(),
        ):
            raise no_such()
        changed = await subscriptions.read(tx, subscription_id)
    await _keep_feed(engine)
    if changed is None:
        raise no_such()
    return changed


async def rotate(engine: Engine, subscription_id: UUID, overlap: timedelta) -> tuple[Subscription, str]:
    """A new secret, shown this once; for so long deliveries are signed by the old one as well."""
    secret = _new_secret()
    async with engine.transaction() as tx:
        if not await subscriptions.rotate(tx, subscription_id, secret, engine.now() + min(overlap, LONGEST_OVERLAP)):
            raise no_such()
        changed = await subscriptions.read(tx, subscription_id)
    if changed is None:
        raise no_such()
    return changed, secret


async def remove(engine: Engine, subscription_id: UUID) -> None:
    """End it, with its log; what is still to be delivered is not."""

    async def attempt() -> bool:
        async with engine.transaction() as tx:
            return await subscriptions.remove(tx, subscription_id)

    if not await engine.database.repeat(attempt):
        raise no_such()


async def redeliver(engine: Engine, delivery_id: UUID) -> Delivery:
    """Post a delivery once more, under its own id, at once."""
    async with engine.transaction() as tx:
        whose = await subscriptions.redeliver(tx, delivery_id, engine.now())
        found = await subscriptions.delivery(tx, delivery_id)
    if found is None:
        raise NotFound(
            "there is no such delivery",
            hint="list the deliveries of its subscription to find it",
            command="webhooks deliveries ID",
        )
    delivery, _ = found
    if whose is None:
        if delivery.state == "pending":
            raise Conflict("it is still to be delivered", hint=f"the next attempt is at {delivery.next_attempt_at}")
        raise Conflict(
            "its subscription is switched off",
            hint="make the subscription active first",
            command="webhooks change ID --on",
        )
    await _wake(engine, whose)
    return delivery


def no_such() -> NotFound:
    """Of that id the tenant has none."""
    return NotFound("there is no such subscription", hint="list the subscriptions to find it", command="webhooks list")


async def _wake(engine: Engine, subscription_id: UUID) -> None:
    """What is due the feed has posted as soon as Temporal is back."""
    if not once.later(partial(_wake, engine, subscription_id)):
        call = engine.runs.wake_subscription(engine.tenant_id, subscription_id, hurry=True)
        await taken_in_time(call, "subscription_not_woken", subscription=str(subscription_id))


async def _keep_feed(engine: Engine) -> None:
    """The reconciler starts it as soon as Temporal is back; what happens until then is not lost."""
    if not once.later(partial(_keep_feed, engine)):
        await taken_in_time(engine.runs.keep_webhook_feed(), "webhook_feed_not_started")


def _check(url: str, allow: Sequence[str]) -> None:
    """As far as the tenant can fix it; the installation's own bound is kept by whoever posts."""
    try:
        Poster([ANY]).check(url, allow)
    except SendError as error:
        raise ContentError(
            f"the URL cannot be called: {error.message}", hint="name an https:// address on the internet"
        ) from error


def _once(types: Sequence[ChangeType]) -> list[ChangeType]:
    return list(dict.fromkeys(types))


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
