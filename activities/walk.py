"""From a node to the next one that waits or is handed over: what lies between is done in the caller's transaction.

The caller holds the enrollment's lock, and has a transaction anyway: to settle a message, or to find out what a wake-up
is for. So nothing between two messages costs a workflow task or an activity of its own.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg
import structlog

from activities import waiting
from activities.actions import Actor, act
from activities.enrollments import Enroller
from activities.waiting import Left, Moment
from domain.enrollment import GOAL, Ending, EnrollmentStatus, StepResult, StepStatus, Visit
from domain.errors import ContentError
from domain.facts import evaluate
from domain.plan import (
    ActionNode,
    ConditionNode,
    DelayNode,
    ExitNode,
    GotoNode,
    Node,
    Plan,
    SplitNode,
    TaskNode,
    WaitNode,
)
from domain.reachability import out_of_reach
from domain.schedule import UntilField
from domain.split import choose
from scheduling.itinerary import LocalTime, Passed, Stop, next_stop, stop_at
from store.enrollments import enrollments, facts, steps
from store.enrollments.enrollments import Visited
from store.enrollments.facts import Known
from store.enrollments.steps import Course
from store.sequences.sequences import Version

log = structlog.get_logger(__name__)

_MOST_AT_ONCE = 100
"""Nodes that one transaction executes; a longer way goes on in the next one."""

Verdict = Literal["sent", "failed", "skipped", "deferred"]


@dataclass
class Walk:
    """One enrollment, on its way."""

    tx: asyncpg.Connection
    visit: Visit
    """Where it stands, or the message that was settled."""
    contact_id: UUID
    version: Version
    where: LocalTime
    desk: Enroller
    now: datetime
    not_before: datetime | None = None
    """The contact is away until then (UTC)."""
    hurried: bool = False
    """An operator has ended the wait for the first node."""
    as_of: datetime | None = None
    """Conditions are judged by what had happened by then (UTC); None: by now."""
    sequence_id: UUID = field(init=False)
    plan: Plan = field(init=False)
    _passed: list[Passed] = field(default_factory=list)
    _bypassed: list[tuple[Visit, tuple[Node, ...]]] = field(default_factory=list)
    _known: Known | None = None
    _returns: dict[str, int] | None = None
    _failed_at: str | None = None
    """The node whose failure ends the enrollment, where that is not the one that it stood at."""

    def __post_init__(self) -> None:
        self.sequence_id, self.plan = self.version.sequence_id, self.version.plan

    async def go_on(
        self, node_id: str, since: datetime, *, verdict: Verdict = "deferred", sent: Visited | None = None
    ) -> StepResult:
        """Walk from `node_id` (included) and record how far; the author's waits count from `since` (UTC)."""
        if await self.is_at_goal():
            return await self.end(GOAL, sent=sent)
        outcome = await self._walk(node_id, since)
        if isinstance(outcome, Ending):
            return await self.end(outcome, sent=sent)
        course = Course(self.visit.enrollment_id, self.contact_id, outcome, tuple(self._passed))
        await enrollments.move_on(self.tx, course, self.sequence_id, now=self.now, sent=sent)
        await self._record_bypassed()
        return StepResult(verdict=verdict, next=outcome.upcoming)

    async def is_at_goal(self) -> bool:
        """Whether the sequence's goal holds, which ends the enrollment wherever it stands."""
        goal = self.plan.settings.goal
        return goal is not None and evaluate(goal, (await self._facts()).facts, self.now)

    async def stay(
        self, node: Node, due: datetime, *, verdict: Verdict = "deferred", sent: Visited | None = None
    ) -> StepResult:
        """Record that `node` is next, and leave it for a wake-up of its own."""
        course = Course(self.visit.enrollment_id, self.contact_id, self._stop(node, due))
        await enrollments.move_on(self.tx, course, self.sequence_id, now=self.now, sent=sent)
        return StepResult(verdict=verdict, next=course.stop.upcoming if course.stop else None)

    async def end(self, ending: Ending, *, sent: Visited | None = None, error: str | None = None) -> StepResult:
        """Record an ending, and what was passed before it; `error`: the whole of what failed it."""
        if self._passed:
            course = Course(self.visit.enrollment_id, self.contact_id, None, tuple(self._passed))
            await steps.record(self.tx, self.sequence_id, [course])
        await self._record_bypassed()
        await enrollments.end(
            self.tx,
            [self.visit.enrollment_id],
            ending,
            now=self.now,
            sent=sent,
            failed_at=self._failed_at,
            error=error,
        )
        log.info("ended", status=ending.status, reason=ending.reason)
        return StepResult(verdict="ended", ended=ending)

    # --- the way -----------------------------------------------------------------------------------------

    async def _walk(self, node_id: str, since: datetime) -> Stop | Ending:
        for _ in range(_MOST_AT_ONCE):
            outcome = await self._execute(self.plan.nodes[node_id], since)
            if not isinstance(outcome, str):
                return outcome
            node_id = outcome
            self.hurried = False
        return self._stop(self.plan.nodes[node_id], self.now)

    async def _execute(self, node: Node, since: datetime) -> str | Stop | Ending:
        """One node: the next one, or where to stop, or the end."""
        match node:
            case ConditionNode():
                return await self._decide(node)
            case SplitNode():
                arm = choose(node.arms, contact_id=self.contact_id, sequence_id=self.sequence_id, step_id=node.id)
                await steps.choose(self.tx, self._at(node), self.sequence_id, arm.id, self.now)
                return await self._take(node, arm.next, {"arm": arm.id})
            case ActionNode():
                return await self._act(node)
            case GotoNode():
                return await self._go_back_or_on(node)
            case WaitNode():
                return await self._follow(node, await waiting.for_event(self.tx, node, self._at(node), self._moment))
            case TaskNode():
                contact = (await self._facts()).contact
                said = self.version.contents[node.id]
                step = await waiting.for_person(self.tx, node, self._at(node), self._moment, contact, said)
                return await self._follow(node, step)
            case DelayNode():
                return await self._wait(node, since)
            case ExitNode():
                if not node.implicit:
                    self._pass(node, {})
                return Ending(status=EnrollmentStatus.COMPLETED, reason=node.reason)
            case _:
                return self._stop(node, since)

    async def _decide(self, node: ConditionNode) -> str:
        known = await self._facts() if self.as_of is None else await self._facts_by(self.as_of)
        holds = evaluate(node.condition, known.facts, self.as_of or self.now)
        result = {"branch": "then" if holds else "else"}
        if self.as_of is not None:
            result["as_of"] = self.as_of.isoformat()
        return await self._take(node, node.then if holds else node.otherwise, result)

    async def _wait(self, node: DelayNode, since: datetime) -> str | Stop | Ending:
        stop = next_stop(self.plan, node.id, since, self.where, not_before=self.not_before, lap=self.visit.lap)
        if stop.node.id == node.id:
            known = (await self._facts()).facts.fields if isinstance(node.delay, UntilField) else {}
            return await self._follow(
                node, await waiting.until_date(self.tx, node, self._at(node), self._moment, since, self.plan, known)
            )
        if any(wait.ends > since for wait in stop.waits):
            return stop
        for wait in stop.waits:
            self._pass(wait.node, {})
        return stop.node.id

    async def _act(self, node: ActionNode) -> str | Ending:
        visit = self._at(node)
        if await steps.is_done(self.tx, visit) and node.next is not None:
            return node.next  # moved to a version that comes to it again: nothing is done twice
        actor = Actor(visit, self.sequence_id, (await self._facts()).contact)
        self._known = None  # it may be about to change
        try:
            effect = await act(self.tx, node.action, actor, self.desk, self.now)
        except ContentError as error:
            return self._fail(node, str(error), node.next)
        self._pass(node, effect.result)
        if effect.ending is not None or node.next is None:
            return effect.ending or Ending(status=EnrollmentStatus.STOPPED, reason="stopped")
        return GOAL if await self.is_at_goal() else node.next

    async def _follow(self, node: Node, step: Stop | Left) -> str | Stop | Ending:
        """Stay there, or go the way that was taken."""
        if isinstance(step, Stop):
            return step
        if step.error is not None:
            return self._fail(node, step.error, step.way)
        if step.way is None:
            self._pass(node, step.result)
            return step.ending
        return await self._take(node, step.way, step.result)

    def _fail(self, node: Node, error: str, following: str | None) -> str | Ending:
        """The step has no text for this contact: on, or not, as the sequence says."""
        self._pass(node, {"error": error}, StepStatus.FAILED)
        if self.plan.settings.on_failure == "stop" or following is None:
            self._failed_at = node.id
            return Ending(status=EnrollmentStatus.FAILED, reason=f"{node.id}: {error}")
        return following

    def _at(self, node: Node) -> Visit:
        return self.visit._replace(node_id=node.id)

    @property
    def _moment(self) -> Moment:
        return Moment(self.now, self.where, self.hurried)

    async def _go_back_or_on(self, node: GotoNode) -> str:
        returns = await self._gone_back()
        times = returns.get(node.id, 0)
        if times >= node.times:
            return await self._take(node, node.next, {"way": "on"})
        returns[node.id] = times + 1
        taken = await self._take(node, node.target, {"way": "back", "time": times + 1})
        self.visit = self.visit._replace(lap=self.visit.lap + 1)
        return taken

    def _stop(self, node: Node, due: datetime) -> Stop:
        return stop_at(self.plan, node, due, self.where, not_before=self.not_before, lap=self.visit.lap)

    # --- what was passed, and what was passed by ---------------------------------------------------------------

    async def _take(self, node: Node, taken: str, result: dict[str, Any]) -> str:
        """Record a decision, and what it puts out of reach; answers where it leads."""
        self._pass(node, result)
        if lost := out_of_reach(self.plan, node, taken, await self._spent()):
            self._bypassed.append((self._at(node), lost))
        return taken

    def _pass(self, node: Node, result: dict[str, Any], status: StepStatus = StepStatus.SUCCESS) -> None:
        self._passed.append(Passed(node, self.visit.lap, self.now, result, status))

    async def _record_bypassed(self) -> None:
        for visit, nodes in self._bypassed:
            await steps.bypass(self.tx, visit, nodes, self.now)

    # --- what decisions are made by -------------------------------------------------------------------------

    async def _facts(self) -> Known:
        if self._known is None:
            self._known = await facts.read(self.tx, self.visit.enrollment_id, events=self.plan.own_events())
        return self._known

    async def _facts_by(self, moment: datetime) -> Known:
        return await facts.read(self.tx, self.visit.enrollment_id, events=self.plan.own_events(), until=moment)

    async def _gone_back(self) -> dict[str, int]:
        if self._returns is None:
            self._returns = await steps.returns(self.tx, self.visit.enrollment_id)
        return self._returns

    async def _spent(self) -> set[str]:
        """The gotos that lead back no more."""
        gotos = [node for node in self.plan.nodes.values() if isinstance(node, GotoNode)]
        if not gotos:
            return set()
        returns = await self._gone_back()
        return {node.id for node in gotos if returns.get(node.id, 0) >= node.times}
