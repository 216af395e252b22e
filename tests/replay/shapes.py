"""One enrollment of each shape that a history can have; what is recorded here is replayed for ever after."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

from domain import ids
from domain.errors import AmbiguousError, TransientError
from domain.migration import MoveRequest, Stays
from starter.enrollments import control, tasks
from starter.enrollments.migration import migrate
from starter.sequences import status
from store.sequences import sequences
from tests.support.harness import DAY, HOUR, Rig, ScriptedProvider, SlowAnswer
from tests.support.helpers import assert_eventually
from tests.support.reports import away, hear_of, nudge
from workflows.enrollment import EnrollmentWorkflow

REFERENCE = (Path(__file__).parent.parent / "cases" / "reference-journey.yaml").read_text(encoding="utf-8")
OUTREACH = (Path(__file__).parent.parent / "cases" / "cold-outreach.yaml").read_text(encoding="utf-8")
OUTREACH = OUTREACH.replace("{{ company }}", "your company")
HISTORIES = Path(__file__).parent / "histories"
TEXTS = """
    sequence: texts
    steps:
      - {id: first, type: sms, body: "Hello. STOP to end."}
      - {id: wait, type: delay, hours: 72}
      - {id: second, type: sms, body: "Hello again."}
"""

Shape = Callable[[Rig, ScriptedProvider], Awaitable[UUID]]


async def _waiting(rig: Rig) -> UUID:
    """An enrollment in the midst of its wait."""
    enrollment, _ = await rig.start(TEXTS)
    await rig.arrives(enrollment, "second")
    return enrollment


async def journey(rig: Rig, provider: ScriptedProvider) -> UUID:
    """Email, delay, email in its thread, delay, text."""
    enrollment, _ = await rig.start(REFERENCE)
    await rig.ended(enrollment)
    return enrollment


async def finish(rig: Rig, provider: ScriptedProvider) -> UUID:
    """A wait after the last message, and an exit with its reason."""
    enrollment, _ = await rig.start(
        TEXTS.replace('{id: second, type: sms, body: "Hello again."}', "{id: out, type: exit, reason: nurtured}")
    )
    await rig.ended(enrollment)
    return enrollment


async def window(rig: Rig, provider: ScriptedProvider) -> UUID:
    """Hurried by an operator outside the hours, held by the window, sent when it opens."""
    opens = ((await rig.now()).hour + 3) % 24
    hours = f'window: {{from: "{opens:02}:00", to: "{(opens + 1) % 24:02}:00", timezone: UTC}}'
    enrollment, _ = await rig.start(TEXTS.replace('body: "Hello again."', f'body: "Hello again.", {hours}'))
    await rig.arrives(enrollment, "second", gate="window")
    await control.send_now(rig.engine, enrollment)
    await rig.ended(enrollment)
    return enrollment


async def reply(rig: Rig, provider: ScriptedProvider) -> UUID:
    """Stopped by an answer during the wait."""
    enrollment, contact = await rig.start(TEXTS)
    await rig.arrives(enrollment, "second")
    await rig.reply(contact, enrollment_id=enrollment)
    await rig.ended(enrollment)
    return enrollment


async def pause(rig: Rig, provider: ScriptedProvider) -> UUID:
    """Paused, resumed with what was left, and hurried."""
    enrollment = await _waiting(rig)
    await rig.skip(DAY)
    await control.pause(rig.engine, enrollment)
    await rig.skip(DAY)
    await control.resume(rig.engine, enrollment)
    await control.send_now(rig.engine, enrollment)
    await rig.ended(enrollment)
    return enrollment


async def stop(rig: Rig, provider: ScriptedProvider) -> UUID:
    """Stopped by an operator while paused."""
    enrollment = await _waiting(rig)
    await control.pause(rig.engine, enrollment)
    await control.stop(rig.engine, enrollment, "manual")
    await rig.ended(enrollment)
    return enrollment


async def retry(rig: Rig, provider: ScriptedProvider) -> UUID:
    """Two hand-overs that failed for now, the third taken over."""
    provider.answers.extend([TransientError("scripted", "busy")] * 2)
    enrollment, _ = await rig.start(TEXTS)
    await rig.ended(enrollment)
    return enrollment


async def doubt(rig: Rig, provider: ScriptedProvider) -> UUID:
    """In doubt, held, and counted as sent by a person."""
    provider.answers.append(AmbiguousError("scripted", "the connection died"))
    enrollment, _ = await rig.start(TEXTS)
    await rig.arrives(enrollment, "first", gate="ambiguous")
    await control.assume_sent(rig.engine, enrollment)
    await rig.ended(enrollment)
    return enrollment


async def sequence_pause(rig: Rig, provider: ScriptedProvider) -> UUID:
    """Held by its paused sequence, woken when that goes on."""
    enrollment = await _waiting(rig)
    await status.pause_sequence(rig.engine, "texts", "the offer is wrong")
    await rig.skip(72.5 * HOUR)
    await rig.arrives(enrollment, "second", gate="sequence_paused")
    await status.resume_sequence(rig.engine, "texts")
    await rig.ended(enrollment)
    return enrollment


async def heard_of(rig: Rig, provider: ScriptedProvider) -> UUID:
    """In doubt, heard of, nudged, and sent by that."""
    provider.answers.append(AmbiguousError("scripted", "the connection died"))
    enrollment, _ = await rig.start(TEXTS)
    await rig.arrives(enrollment, "first", gate="ambiguous")
    await hear_of(rig, enrollment)
    await nudge(rig, enrollment)
    await rig.ended(enrollment)
    return enrollment


async def postponed(rig: Rig, provider: ScriptedProvider) -> UUID:
    """The contact is away during the wait: the next message waits for the return."""
    enrollment = await _waiting(rig)
    await away(rig, enrollment, (await rig.now()).date() + 10 * DAY)
    await rig.ended(enrollment)
    return enrollment


async def outreach(rig: Rig, provider: ScriptedProvider) -> UUID:
    """Decisions and an action between messages, and no answer to any."""
    enrollment, _ = await rig.start(OUTREACH)
    await rig.ended(enrollment)
    return enrollment


async def laps(rig: Rig, provider: ScriptedProvider) -> UUID:
    """A loop of three laps, each with its message."""
    enrollment, _ = await rig.start(
        TEXTS.replace("- {id: second,", "- {id: again, type: goto, step: first, times: 2}\n      - {id: second,")
    )
    await rig.ended(enrollment)
    return enrollment


async def decision_first(rig: Rig, provider: ScriptedProvider) -> UUID:
    """A split before the first message, hurried through its wait, and an action at the end."""
    enrollment, _ = await rig.start("""
        sequence: decisions
        steps:
          - {id: test, type: split, variants: [{id: a}, {id: b}]}
          - {id: wait, type: delay, hours: 72}
          - {id: ask, type: condition, if: replied}
          - {id: second, type: sms, body: "Hello. STOP to end."}
          - {id: mark, type: action, action: update_status, status: told}
    """)
    await rig.arrives(enrollment, "ask")
    await control.send_now(rig.engine, enrollment)
    await rig.ended(enrollment)
    return enrollment


async def awaited(rig: Rig, provider: ScriptedProvider) -> UUID:
    """Two waits for an answer: one that is answered, and one whose time runs out."""
    enrollment, contact = await rig.start("""
        sequence: awaiting
        steps:
          - {id: first, type: sms, body: "Hello. STOP to end."}
          - {id: answer, type: wait_for, event: reply, timeout: 2d}
          - {id: second, type: sms, body: "Hello again."}
          - {id: more, type: wait_for, event: [reply, paid], timeout: 2d}
    """)
    await rig.arrives(enrollment, "answer", gate="event")
    await rig.reply(contact, enrollment_id=enrollment)
    await rig.ended(enrollment)
    return enrollment


async def migrated(rig: Rig, provider: ScriptedProvider) -> UUID:
    """Refused a move, then moved to another step of another version, paused there, moved back, and finished."""
    enrollment = await _waiting(rig)
    await rig.publish(TEXTS.replace("id: second", "id: other").replace("hours: 72", "hours: 96"))
    async with rig.engine.transaction() as tx:
        [version_id] = [row["id"] for row in await tx.fetch("SELECT id FROM sequence_versions WHERE version = 2")]
        version = await sequences.read_version(tx, version_id)
    assert version is not None
    # The starter foresees a refusal; here the workflow is asked all the same.
    request = MoveRequest(version_id=version_id, plan=version.plan)
    refused = await rig.engine.runs.handle(enrollment).execute_update(EnrollmentWorkflow.migrate, request)
    assert refused.stays is Stays.GONE
    await migrate(rig.engine, "texts", 2, {"second": "other"})
    await control.pause(rig.engine, enrollment)
    await migrate(rig.engine, "texts", 1, {"other": "second"})
    await rig.skip(DAY)
    await control.resume(rig.engine, enrollment)
    await rig.ended(enrollment)
    return enrollment


async def tasked(rig: Rig, provider: ScriptedProvider) -> UUID:
    """A task that a person does, then a webhook, and a date of the contact's that ends the wait."""
    at = await rig.now() + 5 * DAY
    enrollment, _ = await rig.start(
        """
        sequence: tasked
        steps:
          - {id: call, type: task, title: Call}
          - {id: hook, type: webhook, url: "https://example.com/"}
          - {id: date, type: delay, until: {on: meeting}}
          - {id: second, type: sms, body: "Hello. STOP to end."}
        """,
        attributes={"meeting": at.isoformat()},
    )
    await rig.arrives(enrollment, "call", gate="task")
    await tasks.close(rig.engine, ids.step_id(enrollment, "call"), "completed")
    await rig.ended(enrollment)
    return enrollment


async def cancel(rig: Rig, provider: ScriptedProvider) -> UUID:
    """Cancelled from Temporal's side during a wait."""
    enrollment = await _waiting(rig)
    await rig.engine.runs.handle(enrollment).cancel()
    await _until_closed(rig, enrollment)
    return enrollment


async def cancel_in_delivery(rig: Rig, provider: ScriptedProvider) -> UUID:
    """Cancelled while a message is handed over."""
    slow = SlowAnswer()
    provider.answers.append(slow)
    enrollment, _ = await rig.start(TEXTS)
    await slow.under_way.wait()
    await rig.engine.runs.handle(enrollment).cancel()
    slow.let_go.set()
    await _until_closed(rig, enrollment)
    return enrollment


async def _until_closed(rig: Rig, enrollment: UUID) -> None:
    async def closed() -> bool:
        return await rig.engine.runs.status(enrollment) == "cancelled"

    await assert_eventually(closed)


async def long_lived(rig: Rig, provider: ScriptedProvider) -> UUID:
    """Paused and resumed until its history grows too long, and continued as new (its first run)."""
    enrollment = await _waiting(rig)
    handle = rig.engine.runs.handle(enrollment)
    first_run = (await handle.describe()).run_id
    while (await handle.describe()).run_id == first_run:
        await control.pause(rig.engine, enrollment)
        await control.resume(rig.engine, enrollment)
    return enrollment


SHAPES: dict[str, Shape] = {
    shape.__name__: shape
    for shape in (
        *(journey, finish, window, reply, pause, stop, retry, doubt, sequence_pause, heard_of, postponed),
        *(outreach, laps, decision_first, awaited, tasked, migrated),
        *(cancel, cancel_in_delivery),
    )
}
"""Recorded on the time-skipping server; `long_lived` needs one that suggests to continue as new."""
