"""What others may ask an enrollment's workflow and say to it; the loop in `enrollment.py` acts on what was said."""

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from domain.enrollment import (
        Ending,
        EnrollmentInput,
        EnrollmentState,
        EnrollmentStatus,
        Gate,
        StopMark,
        StopRequest,
        Upcoming,
    )
    from domain.migration import Moved, MoveRequest, MoveResult
    from workflows.commands import Command, Kind, Place


class Handlers:
    """How the enrollment stands, and what it was told."""

    def __init__(self, start: EnrollmentInput) -> None:
        self._next = start.next
        self._paused = start.paused
        self._remaining = start.remaining_seconds
        self._ending: Ending | None = None
        self._commands: list[Command] = []

    @property
    def _place(self) -> Place:
        return self._next.node_id, self._next.lap

    def _is_called(self) -> bool:
        return bool(self._commands) or self._ending is not None

    @workflow.signal
    def reply(self, mark: StopMark) -> None:
        """A reply was recorded; if it ended the enrollment, that is a committed fact."""
        self._ending = self._ending or mark.ending

    @workflow.signal
    def suppress(self, mark: StopMark) -> None:
        """An opt-out was recorded; if it ended the enrollment, that is a committed fact."""
        self._ending = self._ending or mark.ending

    @workflow.signal
    def nudge(self) -> None:
        """The sequence goes on, or a message in doubt was heard of: what was held back is looked at again now."""
        self._commands.append(Command("look_again", self._place))

    @workflow.signal
    def hold(self) -> None:
        """An operator's pause was recorded while no worker answered."""
        self._commands.append(Command("pause", self._place))

    @workflow.signal
    def postpone(self, upcoming: Upcoming) -> None:
        """The contact is away: what is next waits until then, as the database has recorded it."""
        self._commands.append(Command("postpone", self._place, upcoming=upcoming))

    @workflow.query
    def state(self) -> EnrollmentState:
        """How the enrollment stands, by the workflow's own account."""
        if self._ending is not None:
            return EnrollmentState(status=self._ending.status, reason=self._ending.reason)
        return EnrollmentState(
            status=EnrollmentStatus.PAUSED if self._paused else EnrollmentStatus.RUNNING,
            node_id=self._next.node_id,
            at=None if self._paused else self._next.at,
            gate=Gate.ENROLLMENT_PAUSED if self._paused else self._next.gate,
            remaining_seconds=self._remaining,
        )

    @workflow.update
    async def pause(self) -> EnrollmentState:
        """Hold everything; what is left of the wait is kept. Answers when it is recorded."""
        return await self._ask("pause")

    @workflow.update
    async def resume(self) -> EnrollmentState:
        """Go on with what was left of the wait."""
        return await self._ask("resume")

    @workflow.update
    async def stop(self, request: StopRequest) -> EnrollmentState:
        """End the enrollment for good."""
        return await self._ask("stop", request.reason)

    @workflow.update
    async def send_now(self) -> EnrollmentState:
        """Cut the wait short, an absence included, or send a message in doubt again; every other gate still holds."""
        return await self._ask("send_now")

    @workflow.update
    async def assume_sent(self) -> EnrollmentState:
        """Count a message in doubt as sent and go on."""
        return await self._ask("assume_sent")

    @workflow.update
    async def migrate(self, request: MoveRequest) -> Moved:
        """Go on in another version; answers when it is recorded, or why it stays."""
        command = Command("migrate", self._place, move=request)
        self._commands.append(command)
        await self._acted_on(command)
        stays = command.stays or MoveResult()
        return Moved(state=self.state(), stays=stays.stays, detail=stays.detail)

    @pause.validator
    def _may_pause(self) -> None:
        self._must_live()
        if self._paused:
            raise ApplicationError("it is paused already")

    @resume.validator
    def _may_resume(self) -> None:
        self._must_live()
        # A pause that was heard of a moment ago is acted on first.
        if not self._paused and not any(command.kind == "pause" for command in self._commands):
            raise ApplicationError("it is not paused")

    @stop.validator
    def _may_stop(self, request: StopRequest) -> None:
        self._must_live()

    @send_now.validator
    def _may_send_now(self) -> None:
        self._must_live()
        if self._paused:
            raise ApplicationError("it is paused; resume it first")

    @migrate.validator
    def _may_migrate(self, request: MoveRequest) -> None:
        self._must_live()

    @assume_sent.validator
    def _may_assume_sent(self) -> None:
        self._must_live()
        if self._paused:
            raise ApplicationError("it is paused; resume it first")
        if self._next.gate is not Gate.AMBIGUOUS:
            raise ApplicationError("no message of it is in doubt")

    def _must_live(self) -> None:
        if self._ending is not None:
            raise ApplicationError(f"it has ended already: {self._ending.reason or self._ending.status}")

    async def _ask(self, kind: Kind, reason: str = "") -> EnrollmentState:
        command = Command(kind, self._place, reason)
        if self._commands and self._commands[-1] == command:
            # Said again before it was acted on: one act answers both.
            command = self._commands[-1]
        else:
            self._commands.append(command)
        await self._acted_on(command)
        return self.state()

    async def _acted_on(self, command: Command) -> None:
        await workflow.wait_condition(lambda: command.done)
        if command.too_late:
            self._must_live()
