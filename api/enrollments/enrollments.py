"""One enrollment: its record, and what an operator does to it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.http.auth import REFUSALS, needs
from api.http.problems import answers
from api.http.recorded import RECORDED
from api.http.text_types import Line
from domain.enrollment import EnrollmentState, EnrollmentStatus, Gate
from domain.errors import NotFound
from starter import humanize
from starter.engine import Engine
from starter.enrollments import control, retry
from starter.enrollments.record import EnrollmentRecord, record_of
from store.enrollments import record

router = APIRouter(
    prefix="/enrollments",
    tags=["enrollments"],
    responses={**REFUSALS, **answers(404, 422, 503)},
    dependencies=[RECORDED],
)

EnrollmentId = Annotated[UUID, Path(description="The enrollment's id.")]
Writer = Annotated[Engine, needs("write")]

STATE_EXAMPLE: dict[str, JsonValue] = {
    "id": "1f0c2a9b-7c1e-4c0d-9a51-0d6a52c3c111",
    "status": "running",
    "reason": None,
    "step": "follow-up",
    "at": "2026-11-23T14:30:00Z",
    "gate": None,
    "remaining_seconds": None,
    "state": "running; follow-up is next at 2026-11-23 14:30:00 UTC",
}


class StateAnswered(BaseModel):
    """How an enrollment stands after a command. It is recorded when this is answered."""

    model_config = ConfigDict(json_schema_extra={"example": STATE_EXAMPLE})

    id: UUID
    status: EnrollmentStatus
    reason: str | None = Field(description="Why it ended.")
    step: str | None = Field(description="What executes next; null: it has ended.")
    at: datetime | None = Field(description="When; null: when somebody acts.")
    gate: Gate | None = Field(description="What holds it back beyond the author's delay.")
    remaining_seconds: float | None = Field(description="While paused: what is left of its wait.")
    state: str = Field(description="All of this in a few words.")


class Reason(BaseModel):
    """Why it is stopped."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"reason": "called us"}})

    reason: Line = Field(default="manual", description="Recorded with the enrollment, and shown wherever it is.")


def state_answered(enrollment_id: UUID, state: EnrollmentState) -> StateAnswered:
    """The workflow's account, as the API tells it."""
    return StateAnswered(
        id=enrollment_id,
        status=state.status,
        reason=state.reason,
        step=state.node_id,
        at=state.at,
        gate=state.gate,
        remaining_seconds=state.remaining_seconds,
        state=humanize.state_answered(state),
    )


@router.get("/{id}", summary="The whole record of an enrollment")
async def get_enrollment(id: EnrollmentId, engine: Annotated[Engine, needs("read")]) -> EnrollmentRecord:
    """What happened, what is next and when, and if it is held back, by what and until when."""
    async with engine.transaction() as tx:
        report = await record.read_enrollment(tx, id)
    if report is None:
        raise NotFound("there is no such enrollment", hint="GET /flow-executions lists them")
    return record_of(report)


@router.post("/{id}/pause", summary="Pause an enrollment", responses=answers(409))
async def pause_enrollment(id: EnrollmentId, engine: Writer) -> StateAnswered:
    """Nothing is sent until it is resumed, also where no worker answers; what is left of its wait is kept.

    409: it is paused, or has ended.
    """
    return state_answered(id, await control.pause(engine, id))


@router.post("/{id}/resume", summary="Resume a paused enrollment", responses=answers(409))
async def resume_enrollment(id: EnrollmentId, engine: Writer) -> StateAnswered:
    """It goes on with what was left of its wait. 409: it is not paused, or has ended."""
    return state_answered(id, await control.resume(engine, id))


@router.post("/{id}/stop", summary="Stop an enrollment for good", responses=answers(409))
async def stop_enrollment(id: EnrollmentId, engine: Writer, body: Reason | None = None) -> StateAnswered:
    """Nothing more is sent from the moment of the answer on; that needs no Temporal. 409: it has ended already."""
    return state_answered(id, await control.stop(engine, id, (body or Reason()).reason))


@router.post("/{id}/send-now", summary="Send the next message now", responses=answers(409))
async def send_now(id: EnrollmentId, engine: Writer) -> StateAnswered:
    """Cuts the wait short, an absence of the contact included, or sends a message in doubt again.

    Every other gate still holds: a message is not sent outside its window of allowed hours, nor while the sequence is
    paused; the answer says what holds it back. 409: it is paused, or has ended.
    """
    return state_answered(id, await control.send_now(engine, id))


@router.post("/{id}/assume-sent", summary="Count a message in doubt as sent", responses=answers(409))
async def assume_sent(id: EnrollmentId, engine: Writer) -> StateAnswered:
    """The enrollment goes on; one that has ended only gets its record settled. 409: no message of it is in doubt."""
    return state_answered(id, await control.assume_sent(engine, id))


@router.post("/{id}/steps/{step}/retry", summary="Retry the step that failed", responses=answers(409))
async def retry_step(
    id: EnrollmentId,
    step: Annotated[str, Path(description="Id of the step at which it failed.", max_length=200, examples=["offer"])],
    engine: Writer,
) -> StateAnswered:
    """A failed enrollment lives again and goes on from that step; nothing that was sent is sent again.

    The failed attempt stays in the records; the new one is a message of its own, composed anew, so that a corrected
    address or field counts. Who calls at the same time gets one attempt in all. 409, with the reason: it did not fail
    at that step, it lives, the contact lives in the sequence by another enrollment, its address is suppressed, it has
    answered since, or the sequence is archived. 503: nothing was changed.
    """
    return state_answered(id, await retry.retry(engine, id, step))
