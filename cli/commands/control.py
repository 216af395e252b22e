"""`pause`, `resume`, `stop`, `send-now`, `assume-sent`, `retry`: what an operator does to enrollments and sequences."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

import typer

from cli.terminal import connect, output, short_ids
from cli.terminal.command import Answer, AsJson, command
from domain.enrollment import EnrollmentState
from starter import humanize
from starter.engine import Engine
from starter.enrollments import control
from starter.enrollments import retry as starter
from starter.sequences import status

_Whole = Annotated[str | None, typer.Option("--sequence", metavar="KEY", help="The whole sequence instead.")]
_Maybe = Annotated[
    str | None,
    typer.Argument(metavar="ENROLLMENT", help="An enrollment's id, or the first characters of it.", show_default=False),
]
_Reason = Annotated[str, typer.Option(metavar="WORDS", help="Why; shown wherever the sequence is.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "pause 1f0c2a9b", "pause --sequence quick-tour --reason 'wrong prices'")(pause)
    command(app, "resume 1f0c2a9b", "resume --sequence quick-tour")(resume)
    command(app, "stop 1f0c2a9b --reason 'called us'")(stop)
    command(app, "send-now 1f0c2a9b", name="send-now")(send_now)
    command(app, "assume-sent 1f0c2a9b", name="assume-sent")(assume_sent)
    command(app, "retry 1f0c2a9b", "retry 1f0c2a9b second")(retry)


async def pause(
    enrollment: _Maybe = None,
    sequence: _Whole = None,
    reason: _Reason = "paused by an operator",
    as_json: AsJson = False,
) -> Answer:
    """Hold an enrollment (what is left of its wait is kept), or with --sequence every message of a sequence."""
    if sequence is None:
        return await _tell(_one(enrollment, sequence), control.pause)
    _one(enrollment, sequence)
    if not reason.strip():
        raise typer.BadParameter("a pause has a reason", param_hint="--reason")
    async with connect.engine() as engine:
        await status.pause_sequence(engine, sequence, reason)
    return Answer(
        {"sequence": sequence, "status": "paused", "paused_reason": reason},
        [output.line(f"{sequence} is paused: {reason}")],
    )


async def resume(enrollment: _Maybe = None, sequence: _Whole = None, as_json: AsJson = False) -> Answer:
    """Let an enrollment go on with what was left of its wait, or with --sequence a whole sequence."""
    if sequence is None:
        return await _tell(_one(enrollment, sequence), control.resume)
    _one(enrollment, sequence)
    async with connect.engine() as engine:
        woken = await status.resume_sequence(engine, sequence)
    return Answer(
        {"sequence": sequence, "status": "active", "woken": woken},
        [output.line(f"{sequence} goes on; {woken} enrollments that it held back were woken")],
    )


async def stop(
    enrollment: short_ids.Enrollment,
    reason: Annotated[str, typer.Option(metavar="WORDS", help="Recorded with the enrollment.")] = "manual",
    as_json: AsJson = False,
) -> Answer:
    """End an enrollment for good; nothing more is sent."""
    if not 1 <= len(reason.strip()) <= 200:
        raise typer.BadParameter("a reason has 1 to 200 characters", param_hint="--reason")
    return await _tell(enrollment, lambda engine, found: control.stop(engine, found, reason))


async def send_now(enrollment: short_ids.Enrollment, as_json: AsJson = False) -> Answer:
    """Cut the wait short, or send a message in doubt again; every other gate still holds."""
    return await _tell(enrollment, control.send_now)


async def assume_sent(enrollment: short_ids.Enrollment, as_json: AsJson = False) -> Answer:
    """Count a message in doubt as sent, and go on."""
    return await _tell(enrollment, control.assume_sent)


async def retry(
    enrollment: short_ids.Enrollment,
    step: Annotated[
        str | None, typer.Argument(metavar="STEP", help="Only if it failed at this one.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> Answer:
    """Take a failed enrollment up again at the step that failed; nothing that was sent is sent again."""
    return await _tell(enrollment, lambda engine, found: starter.retry(engine, found, step))


def _one(enrollment: str | None, sequence: str | None) -> str:
    if (enrollment is None) == (sequence is None):
        raise typer.BadParameter("say which: an ENROLLMENT, or --sequence KEY")
    return enrollment or ""


async def _tell(enrollment: str, act: Callable[[Engine, UUID], Awaitable[EnrollmentState]]) -> Answer:
    async with connect.engine() as engine:
        async with engine.transaction() as tx:
            enrollment_id = await short_ids.enrollment(tx, enrollment)
        state = await act(engine, enrollment_id)
    return Answer(
        {"enrollment": enrollment_id, **state.model_dump()},
        [output.line(f"{short_ids.short(enrollment_id)}: {humanize.state_answered(state)}")],
    )
