"""How a sequence does."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel

from api.auth import REFUSALS, needs
from api.problems import answers
from domain.errors import NotFound
from starter.engine import Engine
from store import analytics, sequences
from store.analytics import Counts, StepStats

router = APIRouter(prefix="/sequences", tags=["analytics"], responses={**REFUSALS, **answers(404, 422, 503)})


class SequenceAnalytics(BaseModel):
    """Exact counts at the moment of asking, all of one snapshot."""

    id: UUID
    sequence: str
    name: str
    version: int | None
    status: str
    paused_reason: str | None
    steps: list[StepStats]
    total: Counts


@router.get("/{id}/analytics", summary="What became of a sequence's messages, step by step")
async def sequence_analytics(
    id: Annotated[str, Path(description="The sequence's key or id.", max_length=64)],
    engine: Annotated[Engine, needs("read")],
) -> SequenceAnalytics:
    """Count every message step that any version of the sequence has."""
    async with engine.database.transaction(engine.tenant_id) as tx:
        found = await sequences.find(tx, id)
        if found is None:
            raise NotFound("there is no such sequence", hint="./touchline sequences lists them")
        steps = await analytics.step_stats(tx, found.id)
    return SequenceAnalytics(
        id=found.id,
        sequence=found.key,
        name=found.name,
        version=found.version,
        status=found.status,
        paused_reason=found.paused_reason,
        steps=steps,
        total=analytics.total(steps),
    )
