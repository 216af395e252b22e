"""What a simulation adds to each activity: its time, what contacts do right after it, and a note of what was held."""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from temporalio import activity
from temporalio.worker import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

from activities.clock import PACE
from domain.contact import Contact
from domain.enrollment import Gate, StepResult, Upcoming
from simulation.clock import SkippingClock
from simulation.cues import Cue, has_come, play
from starter.engine import Engine
from store.enrollments import record
from store.enrollments.scope import read_scope

_ROUNDING = timedelta(seconds=1)
"""Timers count in milliseconds; nothing in a sequence does."""


@dataclasses.dataclass(frozen=True)
class Held:
    """A gate held a step back."""

    step: str
    gate: Gate
    until: datetime | None
    """UTC; None: until somebody acts."""


class Attempts(Interceptor):
    """Accompanies every activity of one simulation."""

    def __init__(
        self, engine: Engine, clock: SkippingClock, enrolled: Mapping[UUID, Contact], cues: Iterable[Cue]
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._enrolled = enrolled
        self._moments: dict[UUID, datetime] = {}
        self.open = list(cues)
        """What has not been played yet."""
        self.held: dict[UUID, dict[Held, None]] = {}
        """By enrollment, in the order of time."""
        self.under_way = 0
        self.done = 0
        self.failure: Exception | None = None
        """What broke an activity: repeating it would only break it again."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """One for each attempt."""
        return _Attempt(next, self)

    def shifted(self, started: datetime) -> datetime:
        """The simulated moment of an attempt that is no enrollment's."""
        return self._clock.shifted(started)

    async def begin(self, enrollment_id: UUID, started: datetime) -> datetime:
        """The simulated moment of an attempt, which is when it was due: what is done takes no time.

        Whatever wakes an enrollment before it is due is something that its contact has just done.
        """
        started = self.shifted(started)
        async with self._engine.transaction() as tx:
            scope = await read_scope(tx, enrollment_id)
        if scope is None:
            return started
        self._note(enrollment_id, scope.next)
        due = scope.next.at if scope.next else None
        if due is not None and started >= due - _ROUNDING:
            self._moments[scope.contact_id] = due
        return self._moments.setdefault(scope.contact_id, started)

    async def finish(self, enrollment_id: UUID, at: datetime, result: object) -> None:
        """Note what comes next, and let the contact do what it does now."""
        if isinstance(result, StepResult):
            self._note(enrollment_id, result.next)
        contact = self._enrolled.get(enrollment_id)
        if contact is None or not any(cue.contact == contact.external_id for cue in self.open):
            return
        async with self._engine.transaction() as tx:
            report = await record.read_enrollment(tx, enrollment_id)
        for cue in [cue for cue in self.open if cue.contact == contact.external_id]:
            if report is not None and has_come(report, cue.step):
                self.open.remove(cue)
                await play(self._engine, cue, contact, report, at)

    def _note(self, enrollment_id: UUID, upcoming: Upcoming | None) -> None:
        if upcoming is not None and upcoming.gate is not None:
            held = Held(upcoming.node_id, upcoming.gate, upcoming.at)
            self.held.setdefault(enrollment_id, {}).setdefault(held)


class _Attempt(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, attempts: Attempts) -> None:
        super().__init__(next)
        self._attempts = attempts
        self._at: datetime | None = None

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        super().init(_At(outbound, self))

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        attempts = self._attempts
        attempts.under_way += 1
        try:
            return await self._execute(input)
        except Exception as error:
            attempts.failure = attempts.failure or error
            raise
        finally:
            attempts.under_way -= 1
            attempts.done += 1

    async def _execute(self, input: ExecuteActivityInput) -> Any:
        enrollment_id = getattr(input.args[0], "enrollment_id", None)
        started = activity.info().started_time
        if not isinstance(enrollment_id, UUID):
            self._at = self._attempts.shifted(started)
            return await self.next.execute_activity(input)
        self._at = await self._attempts.begin(enrollment_id, started)
        PACE.set(lambda: 0.0)
        result = await self.next.execute_activity(input)
        # While this attempt lasts no time is skipped, so what the contact does comes at once.
        await self._attempts.finish(enrollment_id, self._at, result)
        return result

    def info_of(self, info: activity.Info) -> activity.Info:
        return info if self._at is None else dataclasses.replace(info, started_time=self._at)


class _At(ActivityOutboundInterceptor):
    """Tells the activity the simulated time."""

    def __init__(self, next: ActivityOutboundInterceptor, attempt: _Attempt) -> None:
        super().__init__(next)
        self._attempt = attempt

    def info(self) -> activity.Info:
        return self._attempt.info_of(super().info())
