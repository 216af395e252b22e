"""Addresses that the tenant's messages are sent from."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.http.auth import REFUSALS, needs
from api.http.paging import After, Limit, Page, part, place
from api.http.problems import answers
from api.http.recorded import RECORDED
from api.http.text_types import Line
from starter.engine import Engine
from starter.workspace import senders as starter
from store.workspace import senders
from store.workspace.senders import Sender, SendingChannel

router = APIRouter(
    prefix="/senders", tags=["admin"], responses={**REFUSALS, **answers(422, 503)}, dependencies=[RECORDED]
)


class NewSender(BaseModel):
    """An address to send from."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"channel": "email", "address": "hello@acme.example", "name": "Acme"}},
    )

    channel: SendingChannel
    address: Line = Field(
        description="An email address, a phone number, or the SID of a messaging service (MG…). The provider of the "
        "channel must be able to send from it: this is not checked here."
    )
    name: Line | None = Field(default=None, description="Shown beside an email address.")
    is_default: bool = Field(
        default=False, description="New messages of the channel go out from here; a channel's first sender always is."
    )


@router.post("", status_code=HTTPStatus.CREATED, summary="Add a sender", responses=answers(409))
async def add_sender(body: NewSender, engine: Annotated[Engine, needs("admin")]) -> Sender:
    """Messages that are rendered from now on go out from the default of their channel.

    A channel without a sender uses the installation's own address. What comes in from a sender was written by a
    person of the tenant's, and is no answer of a contact. 409: the address is there already.
    """
    async with engine.transaction() as tx:
        return await starter.add(
            tx,
            body.channel,
            body.address,
            body.name,
            default=body.is_default,
            region=engine.default_region,
            now=engine.now(),
        )


@router.get("", summary="List senders")
async def list_senders(
    engine: Annotated[Engine, needs("admin")], after: After = None, limit: Limit = 50
) -> Page[Sender]:
    """By channel and address."""
    behind = place("senders", after, str, str)
    async with engine.transaction() as tx:
        found = await senders.listed(tx, behind=behind, limit=limit + 1)
    return part("senders", found, limit, lambda one: (one.channel, one.address))


@router.post("/{id}/default", summary="Make a sender the default", responses=answers(404))
async def make_default(id: UUID, engine: Annotated[Engine, needs("admin")]) -> Sender:
    """New messages of its channel go out from here."""
    async with engine.transaction() as tx:
        return await starter.make_default(tx, id)


@router.delete("/{id}", status_code=HTTPStatus.NO_CONTENT, summary="Remove a sender", responses=answers(404, 409))
async def remove_sender(id: UUID, engine: Annotated[Engine, needs("admin")]) -> None:
    """A message whose sending has begun keeps its sender. 409: it is the default, and there are others."""
    async with engine.transaction() as tx:
        await starter.remove(tx, id)
