"""Messages that may be opt-outs, for a person to decide."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from api.http.auth import REFUSALS, needs
from api.http.paging import After, Limit, Page, part, place
from api.http.problems import answers
from api.http.recorded import RECORDED
from starter.engine import Engine
from starter.inbound import reviews as starter
from store.inbound import reviews
from store.inbound.reviews import FIRST, Decision, Review

router = APIRouter(
    prefix="/reviews", tags=["conversation"], responses={**REFUSALS, **answers(422, 503)}, dependencies=[RECORDED]
)


class NewDecision(BaseModel):
    """What the message is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"opt_out": True}})

    opt_out: bool = Field(description="Whether its writer asks for no more messages.")


class DecisionMade(BaseModel):
    """What was decided, and what that ended."""

    id: UUID = Field(description="The message's.")
    decision: Decision
    stopped: list[UUID] = Field(description="The enrollments that it ended.")


@router.get("", summary="List messages that may be opt-outs")
async def list_reviews(
    engine: Annotated[Engine, needs("read")], after: After = None, limit: Limit = 50
) -> Page[Review]:
    """Those that nobody has decided, the oldest first. Nothing is sent to their addresses on their channel until
    somebody does, or until `counts_from`, when they count as opt-outs.
    """
    async with engine.transaction() as tx:
        found = await reviews.still_open(tx, limit + 1, place("reviews", after, datetime, UUID) or FIRST)
    return part("reviews", found, limit, lambda one: (one.created_at, one.id))


@router.post("/{id}/decision", summary="Decide whether a message is an opt-out", responses=answers(404, 409))
async def decide_review(
    id: Annotated[UUID, Path(description="The message's id.")],
    body: NewDecision,
    engine: Annotated[Engine, needs("write")],
) -> DecisionMade:
    """An opt-out suppresses the address and ends what an opt-out ends, from when it was written. Otherwise the address
    may be written to again; what the message ended as a reply stays ended. The same decision again changes nothing.
    """
    decided = await starter.decide(engine, id, opt_out=body.opt_out)
    return DecisionMade(id=id, decision=decided.decision, stopped=list(decided.struck.ended))
