"""Contacts and their sequences, as a CRM sees them: enroll, look, pause, resume, stop."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.enrollments.enrollments import STATE_EXAMPLE, StateAnswered, Writer, state_answered
from api.http.auth import REFUSALS, needs
from api.http.problems import answers
from api.http.text_types import Line
from starter.engine import Engine
from starter.enrollments import by_contact, control
from starter.enrollments.by_contact import Act, Became, Told
from starter.enrollments.record import Standing, standing_of
from store.contacts.conversation import Party
from store.enrollments import record

router = APIRouter(prefix="/leads", tags=["leads"], responses={**REFUSALS, **answers(404, 422, 503)})

_MOST = 500
_SHOWN = 200

# An external id may hold anything, slashes included.
LeadId = Annotated[str, Path(description="The contact's external id, or ours.", max_length=500, examples=["T01"])]
_ContactName = Annotated[str, StringConstraints(min_length=1, max_length=500)]
_SequenceName = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class Enrolling(BaseModel):
    """Who is to be enrolled, and in what."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"contacts": ["T01", "T02"], "sequence": "quick-tour", "source": "web form"}},
    )

    contacts: list[_ContactName] = Field(
        description=f"Each by its external id, or by our id; at most {_MOST}. A campaign enrolls more.",
        min_length=1,
        max_length=_MOST,
    )
    sequence: _SequenceName = Field(description="Its key or id; they are enrolled in its newest version.")
    source: Line = Field(default="api", description="From where or why; shown as the enrollment's reason.")
    is_test: bool = Field(
        default=False,
        alias="isTest",
        description="A test run: everything happens as it does to others, messages are really sent, and no statistics "
        "count it. It may be repeated, also where the sequence takes nobody in again.",
    )


class Enrolled(BaseModel):
    """What became of one contact."""

    contact: str = Field(description="Its external id.")
    contact_id: UUID
    outcome: Became = Field(
        description="`enrolled`; `live`: it is in the sequence already, and stays as it is; `once_only`: it was in it, "
        "and the sequence says `reenroll: never`; `shared_address`: somebody else of its email or phone is in it; "
        "`unschedulable`: no allowed time exists for it."
    )
    enrollment_id: UUID | None = Field(description="The new one, or the one that lives.")
    reason: str | None = Field(description="Why no allowed time exists, or with whom it shares which address.")


class EnrolledAll(BaseModel):
    """What became of everybody."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "enrolled": 1,
                "contacts": [
                    {
                        "contact": "T01",
                        "contact_id": "0b6f2a54-3a58-4f0e-9d57-0c5f6f0f7a11",
                        "outcome": "enrolled",
                        "enrollment_id": "1f0c2a9b-7c1e-4c0d-9a51-0d6a52c3c111",
                        "reason": None,
                    },
                    {
                        "contact": "T02",
                        "contact_id": "7d0b3f0a-52a5-4a61-8e0e-9d7f2f6f0b22",
                        "outcome": "live",
                        "enrollment_id": "5c1d9d2e-8f57-4a58-9d0e-1b2c3d4e5f66",
                        "reason": None,
                    },
                ],
                "unstarted": 0,
            }
        }
    )

    enrolled: int
    unstarted: int = Field(
        description="Of these, how many Temporal has not taken up yet, because it does not answer. They are recorded, "
        "and start within a minute of its being back: nothing is to be sent again."
    )
    contacts: list[Enrolled] = Field(description="In the order in which they were named, each once.")


class SequenceState(BaseModel):
    """Where a contact stands."""

    contact: Party
    enrollments: list[Standing] = Field(description="The newest first.")
    more: bool = Field(description=f"It has more than these {_SHOWN}; GET /flow-executions lists all.")


class Which(BaseModel):
    """Which of the contact's sequences."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"sequence": "quick-tour"}})

    sequence: _SequenceName | None = Field(
        default=None, description="Its key or id; without it, every live enrollment of the contact."
    )


class Stopping(Which):
    """Which of the contact's sequences, and why."""

    model_config = ConfigDict(json_schema_extra={"example": {"sequence": "quick-tour", "reason": "called us"}})

    reason: Line = Field(default="manual", description="Recorded with each enrollment.")


class Answered(BaseModel):
    """What became of the command at one enrollment."""

    enrollment_id: UUID
    sequence: str
    state: StateAnswered | None = Field(description="null: it refused.")
    refused: str | None = Field(description="Why the command does not fit how the enrollment stands.")


class AnsweredAll(BaseModel):
    """What became of the command at each enrollment, the oldest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "enrollments": [
                    {
                        "enrollment_id": STATE_EXAMPLE["id"],
                        "sequence": "quick-tour",
                        "state": STATE_EXAMPLE,
                        "refused": None,
                    }
                ]
            }
        }
    )

    enrollments: list[Answered]


@router.post("/enroll-in-sequence", summary="Enroll contacts in a sequence", responses=answers(409))
async def enroll_in_sequence(body: Enrolling, engine: Writer) -> EnrolledAll:
    """Each contact lives at most once in a sequence, however often and by however many it is enrolled.

    The same request with the same `Idempotency-Key` answers the enrollments that it made, also those that have ended
    since. 404: the sequence was never published, or one of the contacts does not exist; then nobody is enrolled. 409:
    the sequence is paused or archived. 503: it uses a channel that has no provider.
    """
    done = await by_contact.enroll_named(engine, body.contacts, body.sequence, source=body.source, is_test=body.is_test)
    return EnrolledAll(
        enrolled=sum(one.became == "enrolled" for one in done.outcomes),
        unstarted=done.unstarted,
        contacts=[
            Enrolled(
                contact=one.contact.external_id,
                contact_id=one.contact.id,
                outcome=one.became,
                enrollment_id=one.enrollment,
                reason=one.reason,
            )
            for one in done.outcomes
        ],
    )


@router.get("/{id:path}/sequence-state", summary="Where a contact stands in its sequences")
async def sequence_state(
    id: LeadId,
    engine: Annotated[Engine, needs("read")],
    live: Annotated[bool, Query(description="Only what has not ended.")] = False,
) -> SequenceState:
    """Every enrollment: how it stands or ended, and what is next and when, by UTC and by the contact's own clock."""
    party = await by_contact.find(engine, id)
    async with engine.transaction() as tx:
        rows = await record.list_enrollments(tx, contact_id=party.id, is_live=live or None, limit=_SHOWN + 1)
    return SequenceState(
        contact=party,
        enrollments=[standing_of(row, party.zone) for row in rows[:_SHOWN]],
        more=len(rows) > _SHOWN,
    )


@router.post("/{id:path}/pause-sequence", summary="Pause a contact's sequences", responses=answers(409))
async def pause_sequence(id: LeadId, engine: Writer, body: Which | None = None) -> AnsweredAll:
    """In one sequence or in all; nothing is sent until it is resumed, and what is left of each wait is kept.

    It holds from the answer on, also where no worker answers. 409: the contact does not live in the sequence that is
    named, or is paused there already. 503: a message is being handed over, or it has not begun; say it again.
    """
    return await _tell(engine, id, body, control.pause)


@router.post("/{id:path}/resume-sequence", summary="Resume a contact's sequences", responses=answers(409))
async def resume_sequence(id: LeadId, engine: Writer, body: Which | None = None) -> AnsweredAll:
    """In one sequence or in all; each goes on with what was left of its wait. 409 as for a pause.

    503: no worker answers; to say the same again is safe.
    """
    return await _tell(engine, id, body, control.resume)


@router.post("/{id:path}/stop-sequence", summary="Stop a contact's sequences for good", responses=answers(409))
async def stop_sequence(id: LeadId, engine: Writer, body: Stopping | None = None) -> AnsweredAll:
    """In one sequence or in all; nothing more is sent from the moment of the answer on.

    That needs no Temporal. 409 as for a pause. 503: a message is being handed over; say it again.
    """
    said = body or Stopping()
    return _answered(await by_contact.stop(engine, id, said.sequence, said.reason))


async def _tell(engine: Engine, id: str, which: Which | None, act: Act) -> AnsweredAll:
    return _answered(await by_contact.tell(engine, id, which.sequence if which else None, act))


def _answered(told: Sequence[Told]) -> AnsweredAll:
    return AnsweredAll(
        enrollments=[
            Answered(
                enrollment_id=one.enrollment.id,
                sequence=one.enrollment.sequence,
                state=state_answered(one.enrollment.id, one.state) if one.state else None,
                refused=one.refused,
            )
            for one in told
        ]
    )
