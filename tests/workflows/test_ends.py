"""Cold outreach, as steps and as a graph, to each of its ends: what is sent on the way, and one story of it."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from authoring.check import check
from domain import ids
from domain.contact import Contact
from domain.events import EventType, InboundMessage, StatusReport
from domain.messages import Channel
from starter.engine import at_time
from starter.inbound.receive import receive
from tests.support.harness import HOUR, Rig
from tests.workflows.consistency import assert_one_story

CASES = Path(__file__).parent.parent / "cases"
STEPS = (CASES / "cold-outreach.yaml").read_text(encoding="utf-8")
GRAPH: dict[str, Any] = json.loads((CASES / "cold-outreach.graph.json").read_bytes())
UNSTOPPED = ["unsubscribe", "bounce"]
"""As files are written, an answer stops a sequence before a condition can see it: this setting lets it be a branch."""


async def answers(rig: Rig, enrollment: UUID, contact: Contact) -> None:
    await _writes(rig, enrollment, contact, "Tell me more.")


async def opts_out(rig: Rig, enrollment: UUID, contact: Contact) -> None:
    await _writes(rig, enrollment, contact, "unsubscribe")


async def opens(rig: Rig, enrollment: UUID, contact: Contact) -> None:
    await _reports(rig, enrollment, EventType.OPENED)


async def bounces(rig: Rig, enrollment: UUID, contact: Contact) -> None:
    await _reports(rig, enrollment, EventType.BOUNCED)


async def _writes(rig: Rig, enrollment: UUID, contact: Contact, text: str) -> None:
    now = await rig.now()
    message = InboundMessage(
        channel=Channel.EMAIL,
        provider="test",
        provider_event_id=ids.new_id().hex,
        sender=contact.email or "",
        text=text,
        at=now,
        enrollment_id=enrollment,
    )
    await receive(at_time(rig.engine, now), message)


async def _reports(rig: Rig, enrollment: UUID, event: EventType) -> None:
    now = await rig.now()
    last = [job for job in await rig.jobs(enrollment) if job["state"] == "sent"][-1]
    report = StatusReport(
        channel=Channel(last["channel"]),
        provider="test",
        provider_event_id=ids.new_id().hex,
        at=now,
        type=event,
        job_id=last["id"],
    )
    await receive(at_time(rig.engine, now), report)


@dataclass(frozen=True)
class End:
    told: tuple[str, str | None]
    sent: list[str]
    before: str | None = None
    """The node before which something happens; None: nothing does."""
    happens: Callable[[Rig, UUID, Contact], Awaitable[None]] = answers
    stop_on: list[str] | None = None
    """Instead of what the file says."""


OF_STEPS = {
    "breakup": End(("completed", None), ["intro", "follow-up", "breakup"]),
    "interested, opened": End(("completed", None), ["intro", "follow-up", "interested"], "interest", opens),
    "interested, answered": End(
        ("completed", None), ["intro", "follow-up", "interested"], "interest", answers, UNSTOPPED
    ),
    "won": End(("completed", "qualified"), ["intro"], "answered", answers, UNSTOPPED),
    "answered": End(("stopped", "replied"), ["intro"], "answered", answers),
    "answered late": End(("stopped", "replied"), ["intro", "follow-up"], "interest", answers),
    "opted out": End(("stopped", "unsubscribed"), ["intro"], "answered", opts_out),
    "bounced": End(("stopped", "bounced"), ["intro"], "answered", bounces),
}
OF_GRAPH = {
    "contacted": End(("completed", None), ["n1", "n5"]),
    "qualified": End(("completed", "qualified"), ["n1"], "n3", answers, UNSTOPPED),
    "answered": End(("stopped", "replied"), ["n1"], "n3", answers),
    "opted out": End(("stopped", "unsubscribed"), ["n1"], "n3", opts_out),
    "bounced": End(("stopped", "bounced"), ["n1"], "n3", bounces),
}


async def _come_to(rig: Rig, text: str, end: End) -> Contact:
    plan = check(text).plan
    assert plan is not None
    enrollment, contact = await rig.start(text, company="Analytical Engines")
    if end.before is not None:
        while (row := await rig.enrollment(enrollment))["current_node"] != end.before:
            # Its window may hold it for days.
            await rig.skip(min(max(row["next_run_at"] - await rig.now(), HOUR / 60), 6 * HOUR))
        await end.happens(rig, enrollment, contact)
    assert await rig.ended(enrollment) == end.told
    jobs = await rig.jobs(enrollment)
    assert [job["node_id"] for job in jobs if job["state"] == "sent"] == end.sent
    await assert_one_story(rig, enrollment, plan, end.told)
    return contact


@pytest.mark.parametrize("name", OF_STEPS)
async def test_the_steps_run_to_each_of_their_ends(skipping: Rig, name: str) -> None:
    """Three ways through, and whatever stops them; whoever comes to the last step is marked unresponsive."""
    end = OF_STEPS[name]
    text = STEPS
    if end.stop_on is not None:
        text = text.replace("stop_on: [reply, unsubscribe, bounce]", f"stop_on: {json.dumps(end.stop_on)}")
    contact = await _come_to(skipping, text, end)
    [row] = await skipping.rows("SELECT status FROM contacts WHERE id = $1", contact.id)
    assert row["status"] == ("unresponsive" if end.told == ("completed", None) else None)


@pytest.mark.parametrize("name", OF_GRAPH)
async def test_the_graph_runs_to_each_of_its_ends(skipping: Rig, name: str) -> None:
    """Two ways through, and whatever stops them; whoever comes to the last node is tagged."""
    end = OF_GRAPH[name]
    graph = GRAPH if end.stop_on is None else {**GRAPH, "stop_on": end.stop_on}
    contact = await _come_to(skipping, json.dumps(graph), end)
    [row] = await skipping.rows("SELECT tags FROM contacts WHERE id = $1", contact.id)
    assert ("contacted" in row["tags"]) == (end.told == ("completed", None))


def test_every_exit_of_the_files_is_among_these_ends() -> None:
    """An exit that is added to a file wants an end of its own here."""
    for text, ends in ((STEPS, OF_STEPS), (json.dumps(GRAPH), OF_GRAPH)):
        plan = check(text).plan
        assert plan is not None
        reasons = {getattr(node, "reason", None) for node in plan.nodes.values() if node.kind == "exit"}
        assert reasons == {end.told[1] for end in ends.values() if end.told[0] == "completed"}
