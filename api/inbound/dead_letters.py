"""What proven senders reported and nobody could read."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from api.http.auth import REFUSALS, needs
from api.http.paging import Limit
from api.http.problems import answers
from starter.engine import Engine
from store.inbound import dead_letters

router = APIRouter(prefix="/dead-letters", tags=["admin"], responses={**REFUSALS, **answers(422, 503)})


class DeadLetter(BaseModel):
    """A call that was kept as it came."""

    id: UUID
    source: str = Field(description="The path that was called.")
    reason: str = Field(description="Why it could not be read or recorded.")
    content_type: str
    bytes: int = Field(description="How long what was sent is.")
    received_at: datetime


class DeadLetters(BaseModel):
    """The newest of them."""

    items: list[DeadLetter]


class WithBody(DeadLetter):
    """One of them with what was sent."""

    body: str = Field(description="As text; bytes that are none are replaced.")


@router.get("", summary="List dead letters")
async def list_dead_letters(engine: Annotated[Engine, needs("admin")], limit: Limit = 50) -> DeadLetters:
    """The newest first: calls of proven senders that could not be read or recorded, each with its reason."""
    async with engine.transaction() as tx:
        found = await dead_letters.listed(tx, limit)
    return DeadLetters(items=[DeadLetter.model_validate(vars(one)) for one in found])


@router.get("/{id}", summary="One dead letter, with what was sent", responses=answers(404))
async def get_dead_letter(
    id: Annotated[UUID, Path(description="Its id.")], engine: Annotated[Engine, needs("admin")]
) -> WithBody:
    """As it came, for whoever finds out why."""
    async with engine.transaction() as tx:
        letter, body = await dead_letters.read(tx, id)
    return WithBody.model_validate({**vars(letter), "body": body.decode("utf-8", "replace")})
