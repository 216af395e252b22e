"""How a sequence does."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from api.http.auth import REFUSALS, needs
from api.http.problems import answers
from domain.enrollment import EnrollmentStatus
from starter.engine import Engine
from store.analytics import analytics
from store.analytics.analytics import Counts, StepStats, TimeToReply
from store.enrollments import executions
from store.enrollments.executions import Filter, StatusCount
from store.health import OVERDUE
from store.sequences import sequences

router = APIRouter(prefix="/sequences", tags=["analytics"], responses={**REFUSALS, **answers(404, 422, 503)})


class Stage(BaseModel):
    """How many came how far."""

    stage: str = Field(examples=["enrolled", "sent: intro", "answered", "reached the goal"])
    count: int
    share: float | None = Field(description="Of those who were enrolled; null while nobody was.")


class SequenceAnalytics(BaseModel):
    """Exact counts at the moment of asking, of real runs alone, all of one snapshot."""

    id: UUID
    sequence: str
    name: str
    version: int | None
    status: str
    paused_reason: str | None
    steps: list[StepStats]
    total: Counts
    enrollments: list[StatusCount] = Field(description="By status and reason.")
    stop_reasons: dict[str, int] = Field(description="Why enrollments were stopped, the most frequent first.")
    funnel: list[Stage] = Field(
        description="Enrolled; sent each message, in order; answered one; reached the goal. Loops send more than one."
    )
    time_to_reply: TimeToReply
    backlog: int = Field(description="Messages in the ledger that are not settled: waiting, or being handed over.")
    overdue: int = Field(description="Enrollments that should have moved more than five minutes ago; 0 in health.")


@router.get("/{id}/analytics", summary="What became of a sequence's messages, step by step")
async def sequence_analytics(
    id: Annotated[str, Path(description="The sequence's key or id.", max_length=64)],
    engine: Annotated[Engine, needs("read")],
) -> SequenceAnalytics:
    """Count every message step that any version of the sequence has."""
    async with engine.transaction() as tx:
        found = await sequences.named(tx, id)
        steps = await analytics.step_stats(tx, found.id)
        enrollments = await executions.counts(tx, Filter(sequence_id=found.id, is_test=False))
        time_to_reply = await analytics.time_to_reply(tx, found.id)
        overdue = await analytics.overdue(tx, found.id, engine.now() - OVERDUE)
    total = analytics.total(steps)
    return SequenceAnalytics(
        id=found.id,
        sequence=found.key,
        name=found.name,
        version=found.version,
        status=found.status,
        paused_reason=found.paused_reason,
        steps=steps,
        total=total,
        enrollments=enrollments,
        stop_reasons=_stop_reasons(enrollments),
        funnel=_funnel(steps, total, enrollments),
        time_to_reply=time_to_reply,
        backlog=total.pending,
        overdue=overdue,
    )


def _stop_reasons(enrollments: list[StatusCount]) -> dict[str, int]:
    stopped = [row for row in enrollments if row.status is EnrollmentStatus.STOPPED]
    return {row.reason or "": row.enrollments for row in sorted(stopped, key=lambda row: -row.enrollments)}


def _funnel(steps: list[StepStats], total: Counts, enrollments: list[StatusCount]) -> list[Stage]:
    enrolled = sum(row.enrollments for row in enrollments)
    stages = [
        ("enrolled", enrolled),
        *((f"sent: {step.step}", step.sent) for step in steps),
        ("answered", total.answered),
        ("reached the goal", sum(row.enrollments for row in enrollments if row.reason == "goal")),
    ]
    return [Stage(stage=name, count=n, share=round(n / enrolled, 4) if enrolled else None) for name, n in stages]
