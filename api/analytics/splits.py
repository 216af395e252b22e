"""How the arms of a sequence's splits compare."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel

from api.http.auth import REFUSALS, needs
from api.http.problems import answers
from starter.analytics.splits import SplitReport, split_report
from starter.engine import Engine
from store.sequences import sequences

router = APIRouter(prefix="/sequences", tags=["analytics"], responses={**REFUSALS, **answers(404, 422, 503)})


class Splits(BaseModel):
    """Exact counts at the moment of asking, all of one snapshot."""

    id: UUID
    sequence: str
    splits: list[SplitReport]


@router.get("/{id}/splits", summary="How the arms of a sequence's splits compare, and which one won")
async def sequence_splits(
    id: Annotated[str, Path(description="The sequence's key or id.", max_length=64)],
    engine: Annotated[Engine, needs("read")],
) -> Splits:
    """Count what followed from each arm of each split that any version has, with intervals of the differences.

    An arm is named the winner only when every arm took 100 enrollments and the intervals of its lead over each of the
    others, at 95 % for all of them together, exclude 0. Whoever looks every day and stops at the first winner is
    misled more often than that: decide beforehand when to look.
    """
    async with engine.transaction() as tx:
        found = await sequences.named(tx, id)
        return Splits(id=found.id, sequence=found.key, splits=await split_report(tx, found.id))
