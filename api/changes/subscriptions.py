"""Webhooks out: who is told of what happens, and what became of each document."""

import json
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from api.http.auth import REFUSALS, needs
from api.http.paging import After, Limit, Page, part, place
from api.http.problems import answers
from api.http.recorded import RECORDED
from domain.errors import NotFound
from starter.changes import subscriptions as starter
from starter.changes.subscriptions import LONGEST_OVERLAP, Wanted
from starter.engine import Engine
from store.changes import subscriptions
from store.changes.changes import TYPES, ChangeType
from store.changes.subscriptions import Delivery, DeliveryState, Subscription

router = APIRouter(
    tags=["webhooks out"], responses={**REFUSALS, **answers(404, 409, 422, 503)}, dependencies=[RECORDED]
)

_RECEIVING = """\
Each change of one of these `types` is posted to `url` as JSON: `type`, `timestamp`, and `data`, which is the document
`Change` of `GET /events`. Answer 2xx within 15 seconds; redirects are not followed. What happens in test runs is
posted only to whoever asks for it (`test_runs`), so that a CRM does not act on them.

**Signed** by [Standard Webhooks](https://www.standardwebhooks.com): verify `webhook-signature` over `webhook-id`,
`webhook-timestamp` and the body by the secret (`whsec_…`), which is shown once, here.

**At least once.** What is not taken is tried again after 5 seconds, 5 and 30 minutes, 2, 5, 8 and 8 hours, or after the
`Retry-After` that you name where that is later; then it is given up. A repetition bears the same `webhook-id`.

**In order** for each enrollment: while a document is tried again, the later ones of the same enrollment wait. Between
enrollments there is no order; after a redelivery an older document comes late: `data.id` tells, whose second number
only rises within an enrollment.

**Switched off** by itself, with the reason in `disabled_reason`: where nothing was taken for three days and ten
attempts, and at once where you answer 410 Gone.
"""


class SubscriptionBody(BaseModel):
    """Where to, and of what."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)] = Field(
        description="https:// or http://, on the internet; other addresses are for the tenant's allow list.",
        examples=["https://crm.example.com/touchline"],
    )
    types: list[ChangeType] = Field(
        min_length=1, max_length=len(TYPES), examples=[["enrollment.completed", "enrollment.stopped", "reply.received"]]
    )
    description: str = Field(default="", max_length=500, examples=["CRM"])
    active: bool = Field(default=True, description="Switched off, what is still to be delivered is given up.")
    test_runs: bool = Field(
        default=False, description="Post what happens in test runs as well; `isTest` of each document tells them apart."
    )

    @field_validator("url", "description")
    @classmethod
    def _storable(cls, text: str) -> str:
        if "\0" in text:
            raise ValueError("no character 0")
        return text

    def wanted(self) -> Wanted:
        """In the words of the starter."""
        return Wanted(self.url, self.types, self.description, self.active, self.test_runs)


class Rotation(BaseModel):
    """How long the old secret signs beside the new one."""

    model_config = ConfigDict(extra="forbid")

    overlap_hours: int = Field(
        default=24, ge=0, le=int(LONGEST_OVERLAP.total_seconds() // 3600), description="0: from now on it does not."
    )


class WithSecret(Subscription):
    """A subscription and its secret, which is shown this once."""

    secret: str = Field(examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"])


class DeliveryWithDocument(Delivery):
    """A delivery and what it posts."""

    document: dict[str, Any]


@router.post(
    "/webhook-subscriptions",
    status_code=HTTPStatus.CREATED,
    summary="Be told of what happens",
    description=_RECEIVING,
)
async def create_subscription(body: SubscriptionBody, engine: Annotated[Engine, needs("admin")]) -> WithSecret:
    """Described above, at length."""
    made, secret = await starter.create(engine, body.wanted())
    return WithSecret(**dict(made), secret=secret)


@router.get("/webhook-subscriptions", summary="Who is told of what")
async def list_subscriptions(
    engine: Annotated[Engine, needs("read")], after: After = None, limit: Limit = 50
) -> Page[Subscription]:
    """The oldest first; never the secrets."""
    behind = place("webhook subscriptions", after, datetime, UUID)
    async with engine.transaction() as tx:
        found = await subscriptions.listed(tx, behind, limit + 1)
    return part("webhook subscriptions", found, limit, lambda one: (one.created_at, one.id))


@router.get("/webhook-subscriptions/{id}", summary="One subscription, and how it does")
async def get_subscription(id: UUID, engine: Annotated[Engine, needs("read")]) -> Subscription:
    """Whether it is active, and what failed last in a row."""
    async with engine.transaction() as tx:
        found = await subscriptions.read(tx, id)
    if found is None:
        raise starter.no_such()
    return found


@router.put("/webhook-subscriptions/{id}", summary="Say anew where to, and of what")
async def put_subscription(id: UUID, body: SubscriptionBody, engine: Annotated[Engine, needs("admin")]) -> Subscription:
    """What is left out takes its default. Switched on again, it is told of what happens from then on."""
    return await starter.change(engine, id, body.wanted())


@router.delete(
    "/webhook-subscriptions/{id}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Be told no more",
)
async def delete_subscription(id: UUID, engine: Annotated[Engine, needs("admin")]) -> None:
    """With its log; what is still to be delivered is not."""
    await starter.remove(engine, id)


@router.post("/webhook-subscriptions/{id}/rotate-secret", summary="Take another secret")
async def rotate_secret(id: UUID, body: Rotation, engine: Annotated[Engine, needs("admin")]) -> WithSecret:
    """Until `previous_secret_until` every document bears both signatures, so that none is refused meanwhile."""
    changed, secret = await starter.rotate(engine, id, timedelta(hours=body.overlap_hours))
    return WithSecret(**dict(changed), secret=secret)


@router.get("/webhook-subscriptions/{id}/deliveries", summary="What was delivered, and what was not")
async def list_deliveries(
    id: UUID,
    engine: Annotated[Engine, needs("read")],
    state: Annotated[DeliveryState | None, Query(description="Only these.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[Delivery]:
    """The newest first; kept for 30 days after their end."""
    before = place("webhook deliveries", after, datetime, UUID)
    async with engine.transaction() as tx:
        if await subscriptions.read(tx, id) is None:
            raise starter.no_such()
        found = await subscriptions.deliveries(tx, id, state, before, limit + 1)
    return part("webhook deliveries", found, limit, lambda one: (one.created_at, one.id))


@router.get("/webhook-deliveries/{id}", summary="One delivery, with its document")
async def get_delivery(id: UUID, engine: Annotated[Engine, needs("read")]) -> DeliveryWithDocument:
    """Every attempt posts the very same document."""
    async with engine.transaction() as tx:
        found = await subscriptions.delivery(tx, id)
    if found is None:
        raise NotFound("there is no such delivery", hint="GET /webhook-subscriptions/{id}/deliveries lists them")
    delivery, document = found
    return DeliveryWithDocument(**dict(delivery), document=json.loads(document))


@router.post(
    "/webhook-deliveries/{id}/redeliver", status_code=HTTPStatus.ACCEPTED, summary="Deliver something once more"
)
async def redeliver(id: UUID, engine: Annotated[Engine, needs("write")]) -> Delivery:
    """At once, and if need be again for a day; 409 while it is still to be delivered, or its subscription is off."""
    return await starter.redeliver(engine, id)
