"""The hours of the law: what applies to whom and why, and what the tenant decides about it."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.http.auth import REFUSALS, TheCaller, needs
from api.http.problems import answers
from api.http.text_types import Line
from domain.messages import Channel
from scheduling.law import Block
from starter.engine import Engine
from starter.gates import law as starter
from starter.gates.law import LawNow, RuleState
from store.gates.law import LawDecision
from store.workspace.senders import SendingChannel

router = APIRouter(prefix="/law", tags=["law"], responses={**REFUSALS, **answers(422, 503)})

_MOST_DECISIONS = 500


class LawState(BaseModel):
    """All rules, and the times in which a region is not written to."""

    rules: list[RuleState]
    blocks: list[Block]


class Decisions(BaseModel):
    """What the tenant has decided about the law, the newest first."""

    items: list[LawDecision]


class NewDecision(BaseModel):
    """Whether a rule is enforced, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"rule": "us-al", "enforced": False, "reason": "Counsel, 2026-11-02: B2B only."}},
    )

    rule: Line = Field(description="Its name, `us-fl`.", max_length=60)
    enforced: bool
    reason: Line = Field(description="Kept with the decision for whoever asks later.", max_length=500)


class NewBlock(BaseModel):
    """A time in which nobody in a region is written to."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "jurisdiction": "US-LA",
                "starts": "2026-08-30T00:00:00-05:00",
                "ends": "2026-09-17T18:00:00-05:00",
                "channels": ["sms", "whatsapp"],
                "source": "LPSC emergency order of 2026-08-29",
            }
        },
    )

    jurisdiction: Line = Field(description="ISO 3166: `US`, `US-LA`, `FR`.", max_length=10)
    starts: AwareDatetime
    ends: AwareDatetime
    channels: list[SendingChannel] = Field(min_length=1, max_length=3)
    source: Line = Field(description="Who has ordered it, and where that can be read.", max_length=500)


@router.get("", summary="The rules of law")
async def get_law(engine: Annotated[Engine, needs("read")]) -> LawState:
    """The rules that ship with their sources, which of them are enforced for the tenant, and the blocks that hold.
    They hold for text messages and WhatsApp of sequences whose purpose is `marketing`. None of this is legal advice.
    """
    rules, decided = await starter.rules(engine)
    return LawState(rules=rules, blocks=list(decided.blocks))


@router.get("/now", summary="What the law says about somebody", responses=answers(404))
async def get_law_now(
    engine: Annotated[Engine, needs("read")],
    contact: Annotated[str | None, Query(description="A contact, by its external id.", max_length=200)] = None,
    number: Annotated[str | None, Query(description="Or a phone number.", max_length=60)] = None,
    channel: Annotated[SendingChannel, Query(description="By this channel.")] = Channel.SMS,
    at: Annotated[AwareDatetime | None, Query(description="At this time, with its zone; now, where left out.")] = None,
) -> LawNow:
    """Which rules apply and why, which of them are open at the moment, and when all of them are next."""
    return await starter.at_moment(engine, contact=contact, number=number, channel=channel, at=at)


@router.get("/decisions", summary="What was decided about the law")
async def list_law_decisions(
    engine: Annotated[Engine, needs("read")],
    limit: Annotated[int, Query(ge=1, le=_MOST_DECISIONS, description="How many at most.")] = 100,
) -> Decisions:
    """Rules that were switched, and blocks that were set and withdrawn: when, by whom and why. It never changes."""
    return Decisions(items=await starter.decisions(engine, limit))


@router.post("/decisions", status_code=HTTPStatus.CREATED, summary="Enforce a rule, or do not", responses=answers(404))
async def create_law_decision(
    body: NewDecision, engine: Annotated[Engine, needs("admin")], caller: TheCaller
) -> LawDecision:
    """Holds from each message's next look on, at the latest when it is about to go. What a rule has held back already
    goes at the time that was planned for it.
    """
    return await starter.switch(
        engine, body.rule, enforced=body.enforced, reason=body.reason, decided_by=_name(caller.owner.key_id)
    )


@router.post("/blocks", status_code=HTTPStatus.CREATED, summary="Block a region for a time")
async def create_block(body: NewBlock, engine: Annotated[Engine, needs("admin")], caller: TheCaller) -> LawDecision:
    """For emergency orders, which come within hours. Marketing that is due there waits until the block is over."""
    return await starter.block(
        engine,
        body.jurisdiction,
        starts=body.starts,
        ends=body.ends,
        channels=body.channels,
        source=body.source,
        decided_by=_name(caller.owner.key_id),
    )


@router.delete("/blocks/{id}", summary="Withdraw a block", responses=answers(404))
async def withdraw_block(
    id: Annotated[UUID, Path(description="The block's id.")],
    engine: Annotated[Engine, needs("admin")],
    caller: TheCaller,
    reason: Annotated[Line, Query(description="Why.", max_length=500)] = "no longer in force",
) -> LawDecision:
    """What it has held back already goes at the time that was planned for it."""
    return await starter.withdraw(engine, id, reason=reason, decided_by=_name(caller.owner.key_id))


def _name(key_id: UUID) -> str:
    return f"key {key_id}"
