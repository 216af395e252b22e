"""One contact in one version of one sequence: wait, execute the next node, until the end.

Changing this code under running enrollments: a change that alters the commands of an existing history goes
behind `workflow.patched("<what-and-when>")`; the recorded histories in tests/replay say whether it does. Workers
that take part in Worker Versioning move running enrollments to the newest build (AUTO_UPGRADE).
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.clock import HEARTBEAT_TIMEOUT
    from activities.deliver import Deliveries
    from activities.lifecycle import Lifecycle
    from activities.migration import Migrations
    from domain.enrollment import (
        Ending,
        EndInput,
        EnrollmentInput,
        EnrollmentStatus,
        ExecuteInput,
        Gate,
        Instruction,
        ResumeInput,
        StepResult,
        Upcoming,
    )
    from domain.migration import MoveOrder
    from domain.plan import ExitNode, MessageNode
    from workflows.commands import ATTEMPT_TIMEOUT, MOST_EVENTS, RETRY, Command, uninterrupted
from workflows.handlers import Handlers

_Order = TypeVar("_Order", ExecuteInput, ResumeInput, EndInput)


@workflow.defn(name="Enrollment")
class EnrollmentWorkflow(Handlers):
    """Walks the plan. Holds no truth of its own: every step it takes was recorded before it learns of it."""

    @workflow.init
    def __init__(self, start: EnrollmentInput) -> None:
        super().__init__(start)
        self._start = start

    @workflow.run
    async def run(self, start: EnrollmentInput) -> Ending:
        """Until the enrollment ends; answers how."""
        try:
            while self._ending is None:
                if self._has_run_long() and not self._is_called():
                    await self._continue_as_new()
                elif await self._called_before_due():
                    await self._act()
                else:
                    await self._execute()
        except asyncio.CancelledError:
            await self._end(Ending(status=EnrollmentStatus.CANCELLED, reason="cancelled"))
            await self._drain()
            raise
        await self._drain()
        return self._ending

    # --- waiting ---------------------------------------------------------------------------------------

    async def _called_before_due(self) -> bool:
        """Wait for the next node's time; True: somebody called first."""
        if self._is_called():
            return True
        due = None if self._paused else self._next.at
        remaining = due - workflow.now() if due else None
        if remaining is not None and remaining <= timedelta():
            return False
        try:
            await workflow.wait_condition(self._is_called, timeout=remaining, timeout_summary=self._summary())
        except TimeoutError:
            return False
        return True

    def _summary(self) -> str:
        until = f"until {self._next.at:%a %d %b %H:%M:%S} UTC" if self._next.at else "until an operator acts"
        why = f" ({self._next.gate})" if self._next.gate else ""
        return f"{self._next.node_id} {until}{why}"

    # --- executing -------------------------------------------------------------------------------------

    async def _execute(self, instruction: Instruction | None = None) -> None:
        node = self._start.plan.nodes[self._next.node_id]
        order = self._order(instruction)
        if not isinstance(node, ExitNode):
            attempt = workflow.start_activity_method(
                Deliveries.deliver,
                order,
                start_to_close_timeout=ATTEMPT_TIMEOUT,
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                retry_policy=RETRY,
                summary=f"{node.channel if isinstance(node, MessageNode) else node.kind} {node.id}",
            )
        else:
            attempt = workflow.start_activity_method(
                Lifecycle.finish,
                order,
                start_to_close_timeout=ATTEMPT_TIMEOUT,
                retry_policy=RETRY,
                summary=f"exit {node.id}",
            )
        self._take(await uninterrupted(attempt))

    def _order(self, instruction: Instruction | None = None) -> ExecuteInput:
        return ExecuteInput(
            tenant_id=self._start.tenant_id,
            enrollment_id=self._start.enrollment_id,
            node_id=self._next.node_id,
            lap=self._next.lap,
            instruction=instruction,
        )

    def _take(self, result: StepResult) -> None:
        """Adopt what was recorded. A stop that was signalled meanwhile is a committed fact and stays."""
        if result.next is not None:
            self._next = result.next
        if self._ending is None:
            self._ending = result.ended

    # --- acting on commands ------------------------------------------------------------------------------

    async def _act(self) -> None:
        while self._commands and self._ending is None:
            command = self._commands[0]
            match command.kind:
                case "pause":
                    await self._pause()
                case "resume":
                    await self._resume()
                case "stop":
                    await self._end(Ending(status=EnrollmentStatus.STOPPED, reason=command.reason))
                case "look_again":
                    # Judged here, not on arrival: a delivery under way may be about to say that it was held.
                    if self._may_know_more() and not self._paused:
                        await self._execute()
                case "postpone":
                    self._wait_anew(command.upcoming)
                case "migrate":
                    await self._migrate(command)
                case instruction:
                    if command.place == self._place and not self._paused:
                        await self._execute(instruction)
            self._commands.remove(command)
            command.done = True

    def _may_know_more(self) -> bool:
        """Whether what holds the next node back is something that a nudge may have changed."""
        if self._next.gate in (Gate.SEQUENCE_PAUSED, Gate.EVENT, Gate.TASK, Gate.DATE):
            return True
        in_doubt = self._next.gate in (Gate.AMBIGUOUS, Gate.RECONCILE)
        return in_doubt and workflow.patched("nudge-in-doubt-2026-11")

    def _wait_anew(self, later: Upcoming | None) -> None:
        """Take another time over, unless it came too late for its node; an absence only makes it later."""
        now = self._next
        # Held by anything else, it is looked at again before it goes, and then waits for the return.
        movable = not self._paused and now.gate in (None, Gate.WINDOW, Gate.POSTPONED)
        if not movable or later is None or (later.node_id, later.lap) != self._place:
            return
        if later.anew:
            self._next = later.model_copy(update={"anew": False})
        elif later.at is not None and now.at is not None and later.at > now.at:
            # How long the author's own wait lasts is known here best.
            self._next = later.model_copy(update={"due": now.wait_ends})

    async def _pause(self) -> None:
        if self._paused:
            return
        before = self._next
        # Of the author's wait, not of the window's: a message held over a weekend must not slip by the pause.
        ends = before.wait_ends
        self._remaining = max((ends - workflow.now()).total_seconds(), 0.0) if before.at and ends else None
        if before.gate is Gate.ENROLLMENT_PAUSED:
            # It was recorded before it was heard of, and has held this back meanwhile: nothing of the wait is left.
            self._remaining = 0.0
        result = await self._record(Lifecycle.pause_enrollment, self._order(), "pause")
        self._paused = result.ended is None
        self._take(StepResult(verdict="deferred", next=before, ended=result.ended))

    async def _resume(self) -> None:
        if not self._paused:
            return
        order = ResumeInput(
            tenant_id=self._start.tenant_id,
            enrollment_id=self._start.enrollment_id,
            next=self._next,
            remaining_seconds=self._remaining,
        )
        result = await self._record(Lifecycle.resume_enrollment, order, "resume")
        self._paused, self._remaining = False, None
        self._take(result)

    async def _migrate(self, command: Command) -> None:
        if command.move is None:
            return
        order = MoveOrder(
            tenant_id=self._start.tenant_id,
            enrollment_id=self._start.enrollment_id,
            move_id=workflow.uuid4(),
            version_id=command.move.version_id,
            replaced=command.move.replaced,
            next=self._next,
        )
        attempt = workflow.start_activity_method(
            Migrations.migrate_enrollment,
            order,
            start_to_close_timeout=ATTEMPT_TIMEOUT,
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            retry_policy=RETRY,
            summary="migrate",
        )
        result = await uninterrupted(attempt)
        if result.next is not None:
            # With the input, so that a later run of this enrollment has it as well.
            self._start = self._start.model_copy(update={"plan": command.move.plan})
            self._next = result.next
            if self._remaining is not None:
                self._remaining = max(self._remaining + result.late_seconds, 0.0)
        elif result.stays is not None:
            command.stays = result
        if self._ending is None:
            self._ending = result.ended

    async def _end(self, ending: Ending) -> None:
        order = EndInput(tenant_id=self._start.tenant_id, enrollment_id=self._start.enrollment_id, ending=ending)
        self._take(await self._record(Lifecycle.end_enrollment, order, str(ending.status)))

    async def _record(
        self,
        activity: Callable[[Lifecycle, _Order], Awaitable[StepResult]],
        order: _Order,
        summary: str,
    ) -> StepResult:
        return await uninterrupted(
            workflow.start_activity_method(
                activity, order, start_to_close_timeout=ATTEMPT_TIMEOUT, retry_policy=RETRY, summary=summary
            )
        )

    # --- ending ----------------------------------------------------------------------------------------

    async def _drain(self) -> None:
        """Let every handler answer before the run is over."""
        for command in self._commands:
            command.done = command.too_late = True
        await workflow.wait_condition(workflow.all_handlers_finished)

    def _has_run_long(self) -> bool:
        """The server's limit may be another, or none."""
        now = workflow.info()
        if now.is_continue_as_new_suggested():
            return True
        return now.get_current_history_length() >= MOST_EVENTS and workflow.patched("most-events-2026-11")

    async def _continue_as_new(self) -> None:
        """Before history grows too long: the same enrollment, with its state, in a new run."""
        await workflow.wait_condition(lambda: workflow.all_handlers_finished() or self._is_called())
        if self._is_called():
            return
        workflow.continue_as_new(
            self._start.model_copy(
                update={"next": self._next, "paused": self._paused, "remaining_seconds": self._remaining}
            )
        )
