"""Move the live enrollments of a sequence to another version: judge them all, then ask their workflows one by one.

Each move is one update of one workflow and one transaction, so whoever is moved is moved whole; what was cut off is
found again by the next run, which leaves alone whoever is there already.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from domain.enrollment import EnrollmentStatus
from domain.errors import NotFound, NotReady, TouchlineError
from domain.migration import MoveRequest, Stays
from domain.version_diff import Diff, diff
from scheduling.migration import Change, Stay, move
from starter.engine import Engine, unanswered
from store.enrollments import moves
from store.enrollments.moves import Candidate
from store.sequences import sequences
from store.sequences.sequences import Version
from workflows.enrollment import EnrollmentWorkflow

_PAGE = 500
_AT_ONCE = 16
_PATIENCE = timedelta(seconds=45)
"""Longer than a hand-over takes, after which a command is acted on."""


@dataclass
class Person:
    """One enrollment, and what becomes of it."""

    enrollment: UUID
    contact: str
    """External id."""
    status: str
    version: int
    """The one that it was on."""
    step: str
    """What was next there."""
    to: str | None = None
    """What is next in the other version."""
    at: datetime | None = None
    """UTC. None: paused, or held until somebody acts."""
    gate: str | None = None
    stays: Stays | None = None
    """None: it can be moved, or was."""
    detail: str = ""


@dataclass
class MigrationReport:
    """Who was moved, or would be."""

    sequence: str
    version: int
    dry_run: bool
    diffs: dict[int, Diff] = field(default_factory=dict)
    """By the number of the version that people were on."""
    people: list[Person] = field(default_factory=list)
    there: int = 0
    """Were on the version before."""
    interrupted: NotReady | None = None
    """Whoever is not among the people was not dealt with; the same again goes on."""

    @property
    def moved(self) -> list[Person]:
        """Those that were moved, or could be."""
        return [person for person in self.people if person.stays is None]

    @property
    def stay(self) -> list[Person]:
        """Those that cannot."""
        return [person for person in self.people if person.stays is not None]


class _Migration:
    """One run."""

    def __init__(self, engine: Engine, target: Version, replaced: Mapping[str, str], report: MigrationReport) -> None:
        self._engine = engine
        self._target = target
        self._replaced = replaced
        self._report = report
        self._versions: dict[UUID, Version] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def page(self, after: UUID | None) -> list[Candidate]:
        """The next of those that are on other versions, by id, and the versions that they are on."""
        async with self._engine.transaction() as tx:
            page = await moves.people(tx, self._target.sequence_id, self._target.id, after=after, limit=_PAGE)
            found = await moves.candidates(tx, page)
            for version_id in {one.version_id for one in found} - self._versions.keys():
                version = await sequences.read_version(tx, version_id)
                if version is None:
                    raise LookupError(f"no version {version_id} in this tenant")
                self._versions[version_id] = version
                self._report.diffs[version.number] = diff(
                    version.plan, self._target.plan, version.contents, self._target.contents
                )
        return found

    async def deal_with(self, found: Sequence[Candidate]) -> None:
        """Judge a page of them, and move those that can be moved unless nothing is to be changed."""
        people = [person for one in found if (person := self._judged(one)) is not None]
        if self._report.dry_run:
            self._report.people += people
            return
        await asyncio.gather(*(self._move(person) for person in people))

    def _judged(self, one: Candidate) -> Person | None:
        if one.standing is None:
            return None  # it ended between two queries
        old = self._versions[one.version_id]
        person = Person(one.id, one.contact, one.status, old.number, one.standing.next.node_id)
        if one.status is EnrollmentStatus.PENDING:
            person.stays, person.detail = Stays.NOT_RUNNING, "it is enrolled and not started yet"
            return person
        change = Change(old.plan, self._target.plan, self._replaced)
        outcome = move(one.standing, change, one.where, self._engine.now())
        if isinstance(outcome, Stay):
            person.stays, person.detail = outcome.why, outcome.detail
        else:
            stop = outcome.stop
            person.to, person.gate = stop.node.id, stop.gate
            person.at = None if one.standing.paused else stop.at
        return person

    async def _move(self, person: Person) -> None:
        async with self._turns:
            if self._report.interrupted is not None:
                return
            if person.stays is None:
                try:
                    await self._ask(person)
                except NotReady as error:
                    self._report.interrupted = self._report.interrupted or error
                    return
            self._report.people.append(person)

    async def _ask(self, person: Person) -> None:
        request = MoveRequest(version_id=self._target.id, plan=self._target.plan, replaced=self._replaced)
        try:
            moved = await self._engine.runs.handle(person.enrollment).execute_update(
                EnrollmentWorkflow.migrate, request, rpc_timeout=_PATIENCE
            )
        except WorkflowUpdateFailedError as error:
            person.stays, person.detail = Stays.ENDED, str(error.cause)
        except WorkflowUpdateRPCTimeoutOrCancelledError as error:
            raise NotReady(
                f"no worker answered for enrollment {person.enrollment}; it is not known to have been moved",
                hint="say it again when a worker runs: it goes on from there",
                command="up",
            ) from error
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise unanswered(error) from error
            person.stays = Stays.NOT_RUNNING
            person.detail = "within a minute the reconciler starts its workflow, or records how it ended"
        else:
            person.stays, person.detail = moved.stays, moved.detail
            person.to, person.at, person.gate = moved.state.node_id, moved.state.at, moved.state.gate
        if person.stays is not None:
            person.to = person.at = person.gate = None


async def migrate(
    engine: Engine,
    key: str,
    number: int,
    replaced: Mapping[str, str],
    *,
    dry_run: bool = False,
    on_count: Callable[[int], None] | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> MigrationReport:
    """Move every live enrollment of a sequence to the version of that number, or with `dry_run` say what would be.

    `replaced` names what takes the place of a step. `on_count` is told how many are to be dealt with, `on_progress`
    how many were. Raises NotFound for a sequence or version that does not exist, TouchlineError for a step in
    `replaced` that does not, NotReady where a channel of the version has no provider.
    """
    async with engine.transaction() as tx:
        sequence = await sequences.named(tx, key)
        version_id = await sequences.numbered(tx, sequence.id, number)
        target = None if version_id is None else await sequences.read_version(tx, version_id)
        if target is None:
            raise NotFound(f"{sequence.key} has no version {number}", hint=f"the newest is {sequence.version}")
        unknown = await moves.never_published(tx, sequence.id, list(replaced))
        there, others = await moves.count(tx, sequence.id, target.id)
    _must_exist(replaced, unknown, target)
    engine.providers.must_carry(target.plan)
    report = MigrationReport(sequence.key, number, dry_run, there=there)
    if on_count:
        on_count(others)
    run = _Migration(engine, target, replaced, report)
    after: UUID | None = None
    while report.interrupted is None and (found := await run.page(after)):
        await run.deal_with(found)
        after = found[-1].id
        if on_progress:
            on_progress(len(found))
    return report


def _must_exist(replaced: Mapping[str, str], unknown: Sequence[str], target: Version) -> None:
    if unknown:
        raise TouchlineError(f"no version of {target.plan.sequence} has a step {unknown[0]!r}")
    if missing := [new for new in replaced.values() if new not in target.plan.nodes]:
        raise TouchlineError(
            f"version {target.number} of {target.plan.sequence} has no step {missing[0]!r}",
            hint=f"its steps are {', '.join(target.plan.nodes)}",
        )
