"""Addresses that may not be written to, of the tenant and of one contact."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from api.contacts.contacts import ContactRef
from api.http.auth import REFUSALS, needs
from api.http.paging import After, Limit, Page, part, place
from api.http.problems import answers
from starter.engine import Engine
from starter.gates import suppressions as starter
from store.gates import suppressions
from store.gates.suppressions import SuppressionReason, SuppressionRecord
from store.workspace.senders import SendingChannel

router = APIRouter(tags=["suppressions"], responses={**REFUSALS, **answers(422, 503)})

SuppressionRef = Annotated[UUID, Path(description="The suppression's id.")]
Asked = Annotated[
    bool,
    Query(description="The person has asked for messages again, and you can show it: an opt-out needs that."),
]


class NewSuppression(BaseModel):
    """An address to be suppressed."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"channel": "sms", "address": "+12125550100"}}
    )

    channel: SendingChannel
    address: str = Field(description="An email address or a phone number, in any spelling.", max_length=300)


class NewSuppressionOfContact(BaseModel):
    """A channel on which a contact is to be written to no more."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"channel": "sms"}})

    channel: SendingChannel
    asked_by_contact: bool = Field(
        default=False,
        description="The contact asked for it: an opt-out, which holds for whichever address the contact has or gets.",
    )


class SuppressionsOfContact(BaseModel):
    """What suppresses a contact and its addresses, or did so once."""

    items: list[SuppressionRecord]


@router.get("/suppressions", summary="List suppressions")
async def list_suppressions(
    engine: Annotated[Engine, needs("read")],
    channel: Annotated[SendingChannel | None, Query(description="Of this channel.")] = None,
    reason: Annotated[SuppressionReason | None, Query(description="For this reason.")] = None,
    active: Annotated[bool | None, Query(description="Those that bar now, or those that were lifted.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[SuppressionRecord]:
    """The newest first. An address has one for each reason, and is suppressed until each is lifted. One without an
    address is a contact's own wish, which holds for whichever address the contact has.
    """
    before = place("suppressions", after, datetime, UUID)
    async with engine.transaction() as tx:
        found = await suppressions.page(
            tx, channel=channel, reason=reason, active=active, before=before, limit=limit + 1
        )
    return part("suppressions", found, limit, lambda one: (one.created_at, one.id))


@router.post("/suppressions", status_code=HTTPStatus.CREATED, summary="Bar an address")
async def create_suppression(body: NewSuppression, engine: Annotated[Engine, needs("write")]) -> SuppressionRecord:
    """Once answered, no sequence hands a message over to it, whosever address it is; enrollments go on without the
    channel. The reason is `manual`; opt-outs that you hear of elsewhere belong here too, unless they are to end the
    contact's sequences: then stop those as well.

    Said again, it is the same suppression with the later time in `at`; one that was lifted suppresses again.
    """
    return await starter.bar(engine, body.channel, body.address)


@router.delete("/suppressions/{id}", summary="Lift a suppression", responses=answers(404, 409))
async def lift_suppression(
    id: SuppressionRef, engine: Annotated[Engine, needs("write")], asked_by_contact: Asked = False
) -> SuppressionRecord:
    """Its record stays. What was suppressed manually and what bounced may be lifted; an opt-out only where the person
    asked for messages again (`asked_by_contact`); a complaint never. What may be an opt-out is decided at `/reviews`.
    409 says why not.
    """
    return await starter.lift(engine, id, asked_by_contact=asked_by_contact)


@router.get("/contacts/{id:path}/suppressions", summary="What bars a contact", responses=answers(404))
async def list_suppressions_of_contact(
    id: ContactRef, engine: Annotated[Engine, needs("read")]
) -> SuppressionsOfContact:
    """Those that were lifted as well."""
    return SuppressionsOfContact(items=await starter.of_contact(engine, id))


@router.post(
    "/contacts/{id:path}/suppressions",
    status_code=HTTPStatus.CREATED,
    summary="Write to a contact no more on a channel",
    responses=answers(404, 409),
)
async def create_suppression_of_contact(
    id: ContactRef, body: NewSuppressionOfContact, engine: Annotated[Engine, needs("write")]
) -> SuppressionRecord:
    """Suppresses the address that the contact has now. With `asked_by_contact` also every other one that it gets: the
    answer is then the contact's own suppression. 409: it has no address for the channel, and has not asked.
    """
    return await starter.bar_contact(engine, id, body.channel, asked_by_contact=body.asked_by_contact)


@router.delete(
    "/contacts/{id:path}/suppressions/{suppression}",
    summary="Lift a suppression of a contact",
    responses=answers(404, 409),
)
async def lift_suppression_of_contact(
    id: ContactRef,
    suppression: SuppressionRef,
    engine: Annotated[Engine, needs("write")],
    asked_by_contact: Asked = False,
) -> SuppressionRecord:
    """By the same rules; 404 also where it is about somebody else's address."""
    return await starter.lift(engine, suppression, asked_by_contact=asked_by_contact, contact=id)
