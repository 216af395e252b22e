"""Generated sequences of every step type, run to their ends: whatever compiles works, and its records are one story.

A few examples by default; `--hypothesis-profile=long` tries several hundred.
"""

import json
from collections import deque
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from authoring.check import check
from domain import ids
from domain.contact import Contact
from domain.errors import PermanentError, TouchlineError, TransientError
from domain.events import EventType, InboundMessage, StatusReport
from domain.messages import Channel, OutgoingMessage, Receipt
from starter.contacts.events import record_event
from starter.engine import at_time
from starter.enrollments import control, tasks
from starter.inbound.receive import receive
from store.pool import Database
from tests.support.harness import Answer, Rig, ScriptedProvider, receipt, rig_on
from tests.support.helpers import time_skipping_server
from tests.unit.authoring.sequences import graph_documents, step_documents
from tests.workflows.consistency import assert_one_story

LONG = settings.get_current_profile_name() == "long"
RUNS = settings(
    max_examples=settings().max_examples if LONG else 15,
    # To make a failing example smaller takes minutes.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
OTHER = "sequence: other\nsteps: [{id: hello, type: sms, body: Hello from another.}]"

ANSWERS: dict[str, Answer] = {
    "refused": PermanentError(provider="scripted", message="no such number"),
    "busy": TransientError(provider="scripted", message="busy"),
}
"""What a provider says now and then; otherwise it takes the message over."""


async def taken(message: OutgoingMessage) -> Receipt:
    return receipt(message)


CONTACTS = st.builds(
    lambda address, attributes, more: {**address, "attributes": attributes, **more},
    st.sampled_from([{}, {}, {"email": None}, {"phone": None}]),
    st.sampled_from([{}, {"due": "2031-05-01"}, {"due": "2020-05-01"}, {"plan": "a", "x": "2"}]),
    st.sampled_from([{}, {"tags": ("x",)}, {"name": None}]),
)
CUES = st.tuples(
    st.sampled_from([0, 1, 30, 100]),
    st.sampled_from(["reply", "opened", "clicked", "bounced", "tick", "done", "send_now", "pause"]),
)
"""After so many hours, something that a contact or an operator does."""


@pytest.fixture(scope="module")
def provider() -> ScriptedProvider:
    return ScriptedProvider()


@pytest.fixture(scope="module")
async def rig(
    module_database_url: str, provider: ScriptedProvider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Rig]:
    """One worker and one clock for all examples."""
    database = await Database.connect(module_database_url, size=10, name="test")
    outbox = tmp_path_factory.mktemp("outbox")
    async with time_skipping_server() as environment:
        async with rig_on(environment.client, database, outbox, environment=environment, provider=provider) as made:
            await made.publish(OTHER)
            yield made
        await database.close()


@RUNS
@given(
    document=st.one_of(step_documents(), graph_documents()),
    contact=CONTACTS,
    answers=st.lists(st.sampled_from([None, None, None, *ANSWERS]), max_size=5),
    cues=st.lists(CUES, max_size=3),
)
async def test_whatever_compiles_runs_to_an_end_and_is_recorded_as_it_went(
    rig: Rig,
    provider: ScriptedProvider,
    document: dict[str, Any],
    contact: dict[str, Any],
    answers: list[str | None],
    cues: list[tuple[int, str]],
) -> None:
    """Nothing raises, nobody stays behind, and path, messages, counts and history agree."""
    text = json.dumps({**document, "sequence": f"s-{ids.new_id().hex}"})
    note(text)
    checked = check(text)
    if checked.plan is None:
        assert checked.diagnostics
        return
    provider.answers = deque(ANSWERS[answer] if answer else taken for answer in answers)
    enrollment, person = await rig.start(text, **contact)
    for hours, what in cues:
        await rig.skip(timedelta(hours=hours))
        await _happens(rig, enrollment, person, what)
    told = await rig.ended(enrollment)
    await assert_one_story(rig, enrollment, checked.plan, told)
    assert await rig.rows("SELECT FROM disagreements") == []


async def _happens(rig: Rig, enrollment: UUID, contact: Contact, what: str) -> None:
    """As far as it can happen now: nobody opens what never came, and an operator may be told so."""
    engine = at_time(rig.engine, await rig.now())
    sent = [job for job in await rig.jobs(enrollment) if job["state"] == "sent" and job["channel"] != "webhook"]
    try:
        match what:
            case "reply" if sent:
                channel = Channel(sent[-1]["channel"])
                message = InboundMessage(
                    channel=channel,
                    provider="test",
                    provider_event_id=ids.new_id().hex,
                    sender=contact.address_for(channel) or "",
                    text="Tell me more.",
                    at=engine.now(),
                    enrollment_id=enrollment,
                )
                await receive(engine, message)
            case "opened" | "clicked" | "bounced" if sent:
                report = StatusReport(
                    channel=Channel(sent[-1]["channel"]),
                    provider="test",
                    provider_event_id=ids.new_id().hex,
                    at=engine.now(),
                    type=EventType(what),
                    job_id=sent[-1]["id"],
                )
                await receive(engine, report)
            case "tick":
                await record_event(engine, contact.external_id, "tick")
            case "done":
                for task in await rig.rows("SELECT id FROM tasks WHERE enrollment_id = $1", enrollment):
                    await tasks.close(engine, task["id"], "completed")
            case "send_now":
                await control.send_now(engine, enrollment)
            case "pause":
                await control.pause(engine, enrollment)
                await rig.skip(timedelta(hours=50))
                await control.resume(engine, enrollment)
    except TouchlineError:
        pass
