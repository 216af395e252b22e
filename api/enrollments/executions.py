"""Who ran through which flow, and what each step did: what the tabs of a flow builder read."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, computed_field

from api.http.auth import REFUSALS, needs, takes_turn
from api.http.csv_stream import stream_csv
from api.http.paging import After, Limit, Page, part, place
from api.http.problems import answers
from domain.enrollment import LIVE, EnrollmentStatus
from domain.errors import NotFound
from starter import humanize
from starter.engine import Engine
from store.contacts import contacts as people
from store.enrollments import executions
from store.enrollments.executions import Filter, LoggedStatus
from store.keyset import Keyset
from store.sequences import sequences

router = APIRouter(
    prefix="/flow-executions", tags=["flow executions"], responses={**REFUSALS, **answers(404, 422, 503)}
)

_EXPORTED_AT_ONCE = 1000
_NO_NUL = r"^[^\x00]*$"
_CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "The whole list."}
}
_T = TypeVar("_T", executions.Execution, executions.LoggedStep)


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999 in UTC") from None


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time with a zone; the first and last hours of the calendar are times in some zones alone, and refused."""


class Execution(executions.Execution):
    """One run of a contact through a sequence."""

    is_test: bool = Field(serialization_alias="isTest")

    @computed_field(description="What the step does, in words.")  # type: ignore[prop-decorator] # pydantic's own way
    @property
    def current_action(self) -> str | None:
        """Of an execution that ended: what the last step did."""
        return humanize.action(self.step_type)

    @computed_field(description="What holds it back beyond the author's delay, in words.")  # type: ignore[prop-decorator] # pydantic's own way
    @property
    def held_by(self) -> str | None:
        """null: nothing but the delay."""
        return humanize.held_by(self.gate) or None


class LoggedStep(executions.LoggedStep):
    """What one step did, or what became of it."""

    is_test: bool = Field(serialization_alias="isTest")

    @computed_field(description="What the step does, in words.")  # type: ignore[prop-decorator] # pydantic's own way
    @property
    def action(self) -> str | None:
        """In a few words."""
        return humanize.action(self.step_type)


class ExecutionDetails(BaseModel):
    """One execution with the fate of each of its steps."""

    execution: Execution
    steps: list[LoggedStep] = Field(description="In the order of the path; also those that it passed by or waits for.")


class Statistics(BaseModel):
    """How many executions there are; exact."""

    total: int
    running: int = Field(description="Not ended: pending, running or paused.")
    completed: int
    failed: int
    stopped: int = Field(description="Stopped or cancelled before their end.")
    by_status: list[executions.StatusCount]


async def _which(
    engine: Annotated[Engine, needs("read")],
    sequence: Annotated[str | None, Query(description="Key or id.", max_length=64)] = None,
    since: Annotated[Instant | None, Query(description="From then on; RFC 3339 with a zone.")] = None,
    until: Annotated[Instant | None, Query(description="Before then.")] = None,
    search: Annotated[
        str | None,
        Query(
            description="What the contact's name, last name, email, phone or external id begins with.",
            min_length=1,
            max_length=200,
            pattern=_NO_NUL,
        ),
    ] = None,
    is_test: Annotated[
        bool | None, Query(alias="isTest", description="Test runs alone, or real ones alone; both when left out.")
    ] = None,
) -> Filter:
    async with engine.transaction() as tx:
        sequence_id = None if sequence is None else (await sequences.named(tx, sequence)).id
        contact_ids = None if search is None else tuple(await people.matching(tx, search))
    return Filter(sequence_id=sequence_id, contact_ids=contact_ids, since=since, until=until, is_test=is_test)


Which = Annotated[Filter, Depends(_which)]


def _executions_of(
    which: Which,
    step: Annotated[
        str | None,
        Query(
            description="Only those that stand at this step, or ended there; by its id.",
            min_length=1,
            max_length=200,
            pattern=_NO_NUL,
        ),
    ] = None,
    reason: Annotated[
        str | None,
        Query(
            description="Only those that ended for it: `replied`, `unsubscribed`, `manual`, or the words given.",
            min_length=1,
            max_length=200,
            pattern=_NO_NUL,
        ),
    ] = None,
) -> Filter:
    return which.model_copy(update={"step": step, "reason": reason})


def _steps_of(
    which: Which,
    step: Annotated[
        str | None,
        Query(description="Only what this step did; by its id.", min_length=1, max_length=200, pattern=_NO_NUL),
    ] = None,
) -> Filter:
    return which.model_copy(update={"step": step})


Executions = Annotated[Filter, Depends(_executions_of)]
Steps = Annotated[Filter, Depends(_steps_of)]
Statuses = Annotated[
    list[EnrollmentStatus] | None, Query(alias="status", description="Any of these; may be repeated.", max_length=20)
]
StepStatuses = Annotated[
    list[LoggedStatus] | None, Query(alias="status", description="Any of these; may be repeated.", max_length=20)
]


@router.get("", summary="Enrollment history: who ran through which flow")
async def history(
    engine: Annotated[Engine, needs("read")],
    which: Executions,
    status: Statuses = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[Execution]:
    """The newest first; parts stay right while others are enrolled."""
    found = await _executions(engine, which, status, limit + 1)(place("history", after, datetime, UUID))
    return part("history", [_shown(row) for row in found], limit, lambda row: (row.enrolled_at, row.id))


@router.get("/logs", summary="Execution logs: what each step did")
async def logs(
    engine: Annotated[Engine, needs("read")],
    which: Steps,
    status: StepStatuses = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[LoggedStep]:
    """The newest first. Steps that are still to come are no part of it."""
    found = await _steps(engine, which, status, limit + 1)(place("logs", after, datetime, UUID))
    return part("logs", [_logged(row) for row in found], limit, _logged_at)


@router.get("/statistics", summary="How many executions there are, by status")
async def statistics(engine: Annotated[Engine, needs("read")], which: Which, status: Statuses = None) -> Statistics:
    """Of those that `GET /flow-executions` lists with the same filters; exact at the moment of asking, however many."""
    async with engine.transaction() as tx:
        counted = await executions.counts(tx, which, status or list(EnrollmentStatus))

    def of(*statuses: EnrollmentStatus) -> int:
        return sum(row.enrollments for row in counted if row.status in statuses)

    return Statistics(
        total=of(*EnrollmentStatus),
        running=of(*LIVE),
        completed=of(EnrollmentStatus.COMPLETED),
        failed=of(EnrollmentStatus.FAILED),
        stopped=of(EnrollmentStatus.STOPPED, EnrollmentStatus.CANCELLED),
        by_status=counted,
    )


@router.get(
    "/history.csv",
    summary="Enrollment history as CSV",
    response_class=StreamingResponse,
    responses=_CSV,
    dependencies=[takes_turn(lambda edge: edge.exports)],
)
async def history_csv(
    engine: Annotated[Engine, needs("read")], which: Executions, status: Statuses = None
) -> StreamingResponse:
    """All of it, newest first; what a spreadsheet would take for a formula is defused."""
    read = _executions(engine, which, status, _EXPORTED_AT_ONCE)
    rows = _rows(read, lambda row: (row.enrolled_at, row.id), lambda row: [*_shown(row).model_dump().values()])
    return stream_csv(_columns(Execution), rows, "enrollment-history.csv")


@router.get(
    "/logs.csv",
    summary="Execution logs as CSV",
    response_class=StreamingResponse,
    responses=_CSV,
    dependencies=[takes_turn(lambda edge: edge.exports)],
)
async def logs_csv(
    engine: Annotated[Engine, needs("read")], which: Steps, status: StepStatuses = None
) -> StreamingResponse:
    """All of it, newest first; what a spreadsheet would take for a formula is defused."""
    read = _steps(engine, which, status, _EXPORTED_AT_ONCE)
    rows = _rows(read, _logged_at, lambda row: [*_logged(row).model_dump(mode="json").values()])
    return stream_csv(_columns(LoggedStep), rows, "execution-logs.csv")


@router.get("/{id}", summary="One execution with all its steps")
async def details(
    id: Annotated[UUID, Path(description="That of the enrollment.")], engine: Annotated[Engine, needs("read")]
) -> ExecutionDetails:
    """What it came to, waits for and passed by."""
    async with engine.transaction() as tx:
        found = await executions.one(tx, id)
        if found is None:
            raise NotFound("there is no such execution", hint="GET /flow-executions lists them")
        steps = await executions.log_of(tx, id)
    return ExecutionDetails(execution=_shown(found), steps=[_logged(step) for step in steps])


_Read = Callable[[Keyset | None], Awaitable[list[_T]]]


def _executions(
    engine: Engine, which: Filter, status: Sequence[EnrollmentStatus] | None, limit: int
) -> _Read[executions.Execution]:
    async def read(before: Keyset | None) -> list[executions.Execution]:
        tx: asyncpg.Connection
        async with engine.transaction() as tx:
            return await executions.page(tx, which, status or list(EnrollmentStatus), before, limit)

    return read


def _steps(
    engine: Engine, which: Filter, status: Sequence[LoggedStatus] | None, limit: int
) -> _Read[executions.LoggedStep]:
    async def read(before: Keyset | None) -> list[executions.LoggedStep]:
        async with engine.transaction() as tx:
            return await executions.log(tx, which, status or executions.LOGGED, before, limit)

    return read


async def _rows(
    read: _Read[_T], key: Callable[[_T], Keyset], cells: Callable[[_T], Sequence[object]]
) -> AsyncIterator[Sequence[object]]:
    """Part by part, so that no transaction stays open for as long as somebody downloads."""
    before: Keyset | None = None
    while found := await read(before):
        for row in found:
            yield cells(row)
        before = key(found[-1])


def _logged_at(row: executions.LoggedStep) -> Keyset:
    assert row.at is not None  # noqa: S101 - a log has what has begun, or whose fate is known
    return row.at, row.id


def _columns(of: type[BaseModel]) -> list[str]:
    return [
        *(field.serialization_alias or name for name, field in of.model_fields.items()),
        *of.model_computed_fields,
    ]


def _shown(row: executions.Execution) -> Execution:
    return Execution.model_validate(row.model_dump())


def _logged(row: executions.LoggedStep) -> LoggedStep:
    return LoggedStep.model_validate(row.model_dump())
