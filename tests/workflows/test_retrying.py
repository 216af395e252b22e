"""A failed enrollment is taken up again at the step that failed: once, and nothing that went out goes out again."""

import asyncio
import dataclasses
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio.client import Client

from domain.contact import Contact
from domain.enrollment import EnrollmentInput, EnrollmentState, EnrollmentStatus
from domain.errors import Conflict, NotFound, NotReady, PermanentError
from domain.messages import Channel, OutgoingMessage, Receipt
from starter import control, retrying
from starter.archiving import archive
from starter.migration import migrate
from starter.retrying import retry
from starter.runs import Runs
from store.pool import Database
from store.suppressions import suppress
from tests.harness import Rig, ScriptedProvider, receipt, rig_on
from tests.workflows.test_reconciler import sweep, while_temporal_is_down

NEVER = PermanentError("scripted", "no such user", code="550")

TEXTS = """
    sequence: texts
    steps:
      - {id: first, type: sms, body: "One. STOP to end."}
      - {id: second, type: sms, body: "Two."}
      - {id: third, type: sms, body: "Three."}
"""


@pytest.fixture
async def dev(
    temporal_client: Client, database: Database, tmp_path: Path, provider: ScriptedProvider
) -> AsyncIterator[Rig]:
    """Time passes as it does; messages go to the scripted provider."""
    async with rig_on(temporal_client, database, tmp_path / "outbox", provider=provider) as rig:
        yield rig


async def taken(message: OutgoingMessage) -> Receipt:
    return receipt(message)


async def failed(rig: Rig, provider: ScriptedProvider, text: str = TEXTS, **fields: Any) -> tuple[UUID, Contact]:
    """The first message went out, the second one was refused for good."""
    provider.answers.extend([taken, NEVER])
    enrollment, contact = await rig.start(text, **fields)
    assert await rig.ended(enrollment) == ("failed", "second: scripted 550: no such user")
    return enrollment, contact


def said(provider: ScriptedProvider) -> list[str]:
    """What was handed over, in order, refusals included."""
    return [message.content.model_dump()["body"] for message in provider.handed_over]


async def counters_are_exact(rig: Rig) -> None:
    counted = await rig.rows(
        "SELECT node_id, sum(pending)::int AS pending, sum(sent)::int AS sent, sum(failed)::int AS failed,"
        " sum(cancelled)::int AS cancelled FROM step_counters GROUP BY node_id ORDER BY node_id"
    )
    by_hand = await rig.rows(
        "SELECT node_id, (count(*) FILTER (WHERE state IN ('pending', 'sending')))::int AS pending,"
        " (count(*) FILTER (WHERE state = 'sent'))::int AS sent,"
        " (count(*) FILTER (WHERE state = 'failed'))::int AS failed,"
        " (count(*) FILTER (WHERE state = 'cancelled'))::int AS cancelled"
        " FROM message_jobs GROUP BY node_id ORDER BY node_id"
    )
    assert counted == by_hand


async def as_it_was(rig: Rig, enrollment: UUID) -> None:
    """A refused retry leaves no trace."""
    row = await rig.enrollment(enrollment)
    assert (row["status"], row["retries"], row["lap"]) == ("failed", 0, 0)
    assert len(await rig.jobs(enrollment)) == 2
    assert await rig.rows("SELECT * FROM enrollment_retries") == []


# --- it goes on ----------------------------------------------------------------------------------------------


async def test_it_goes_on_from_the_step_that_failed(dev: Rig, provider: ScriptedProvider) -> None:
    """What was sent is not sent again, what failed goes as another message, and what follows follows."""
    enrollment, _ = await failed(dev, provider)
    answer = await retry(dev.engine, enrollment, "second")
    assert (answer.status, answer.node_id) == (EnrollmentStatus.RUNNING, "second")
    assert await dev.ended(enrollment) == ("completed", None)
    assert said(provider) == ["One. STOP to end.", "Two.", "Two.", "Three."]
    assert len({message.job_id for message in provider.handed_over}) == 4
    row = await dev.enrollment(enrollment)
    assert (row["status"], row["error"], row["ended_node"], row["retries"]) == ("completed", None, None, 1)


async def test_the_failed_attempt_stays_in_the_records(dev: Rig, provider: ScriptedProvider) -> None:
    """Its step and its message keep their error; the counters count both attempts; the retry says what it was of."""
    enrollment, _ = await failed(dev, provider)
    before = await dev.enrollment(enrollment)
    await retry(dev.engine, enrollment)
    await dev.ended(enrollment)
    steps = [(s["node_id"], s["lap"], s["status"]) for s in await dev.steps(enrollment)]
    assert steps == [
        ("first", 0, "success"),
        ("second", 0, "failed"),
        ("second", 1, "success"),
        ("third", 1, "success"),
    ]
    old, new = [job for job in await dev.jobs(enrollment) if job["node_id"] == "second"]
    assert (old["state"], old["error_code"], new["state"], new["error"]) == ("failed", "550", "sent", None)
    [noted] = await dev.rows("SELECT * FROM enrollment_retries")
    assert (noted["number"], noted["node_id"], noted["lap"], noted["error"], noted["failed_at"]) == (
        *(1, "second", 0, "second: scripted 550: no such user"),
        before["ended_at"],
    )
    await counters_are_exact(dev)


async def test_it_may_fail_and_be_retried_again(dev: Rig, provider: ScriptedProvider) -> None:
    """Each attempt is an attempt of its own."""
    enrollment, _ = await failed(dev, provider)
    provider.answers.append(NEVER)
    await retry(dev.engine, enrollment)
    assert (await dev.ended(enrollment))[0] == "failed"
    await retry(dev.engine, enrollment)
    assert (await dev.ended(enrollment))[0] == "completed"
    assert Counter(said(provider)) == {"One. STOP to end.": 1, "Two.": 3, "Three.": 1}
    assert [row["lap"] for row in await dev.rows("SELECT lap FROM enrollment_retries ORDER BY number")] == [0, 1]
    await counters_are_exact(dev)


async def test_a_corrected_address_is_used(dev: Rig, provider: ScriptedProvider) -> None:
    """The new attempt is composed anew: the frozen recipient belongs to the failed one."""
    enrollment, contact = await failed(dev, provider)
    await dev.execute("UPDATE contacts SET phone = '+12125550199' WHERE id = $1", contact.id)
    await retry(dev.engine, enrollment)
    await dev.ended(enrollment)
    assert [message.to for message in provider.handed_over[2:]] == ["+12125550199"] * 2


async def test_a_failed_action_is_retried_and_not_the_message_before_it(dev: Rig, provider: ScriptedProvider) -> None:
    """A step that sends nothing is named as the one that failed, and done once its reason is mended."""
    enrollment, contact = await dev.start("""
        sequence: acting
        steps:
          - {id: first, type: sms, body: "One. STOP to end."}
          - {id: note, type: action, action: set_attribute, attribute: firm, value: "{{ company }}"}
          - {id: last, type: sms, body: "Two."}
    """)
    assert (await dev.ended(enrollment))[0] == "failed"
    assert (await dev.enrollment(enrollment))["ended_node"] == "note"
    await dev.execute("UPDATE contacts SET company = 'Engines' WHERE id = $1", contact.id)
    await retry(dev.engine, enrollment, "note")
    assert await dev.ended(enrollment) == ("completed", None)
    assert said(provider) == ["One. STOP to end.", "Two."]
    [row] = await dev.rows("SELECT attributes FROM contacts WHERE id = $1", contact.id)
    assert row["attributes"] == {"firm": "Engines"}


async def test_what_went_out_before_is_not_sent_by_another_version_either(dev: Rig, provider: ScriptedProvider) -> None:
    """Moved after its retry to a version in which the first message comes last, nobody gets that twice."""
    enrollment, _ = await failed(dev, provider)
    await dev.publish("""
        sequence: texts
        steps:
          - {id: second, type: sms, body: "Two. STOP to end."}
          - {id: third, type: sms, body: "Three."}
          - {id: first, type: sms, body: "One."}
    """)
    await control.pause_sequence(dev.engine, "texts", "moving")
    await retry(dev.engine, enrollment)
    await dev.arrives(enrollment, "second", gate="sequence_paused")
    report = await migrate(dev.engine, "texts", 2, {})
    assert len(report.moved) == 1, report
    await control.resume_sequence(dev.engine, "texts")
    assert (await dev.ended(enrollment))[0] == "completed"
    assert said(provider) == ["One. STOP to end.", "Two.", "Two. STOP to end.", "Three."]
    [_, skipped] = [s for s in await dev.steps(enrollment) if s["node_id"] == "first"]
    assert (skipped["status"], skipped["result"]) == ("skipped", {"skipped": "sent before the retry"})


# --- once ----------------------------------------------------------------------------------------------------


async def test_of_many_who_retry_at_once_one_does(dev: Rig, provider: ScriptedProvider) -> None:
    """Racing calls make one attempt, and the others are told that it lives."""
    enrollment, _ = await failed(dev, provider)
    answers = await asyncio.gather(*(retry(dev.engine, enrollment) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(answer, EnrollmentState) for answer in answers) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 19, answers
    await dev.ended(enrollment)
    assert Counter(said(provider)) == {"One. STOP to end.": 1, "Two.": 2, "Three.": 1}


async def test_the_run_that_failed_is_over_before_the_next_begins(
    dev: Rig, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that has not heard of its failure yet would go on beside the next one: nothing is changed until it ends."""
    enrollment, _ = await dev.start(
        TEXTS.replace("{id: second,", "{id: wait, type: delay, hours: 9}\n      - {id: second,")
    )
    await dev.arrives(enrollment, "second")
    await dev.execute(
        "UPDATE enrollments SET status = 'failed', error = 'second: lost', ended_at = now(), ended_node = 'second',"
        " current_node = NULL, next_run_at = NULL, gate = NULL WHERE id = $1",
        enrollment,
    )
    await dev.execute("UPDATE enrollment_steps SET status = 'failed', completed_at = now() WHERE node_id = 'second'")
    monkeypatch.setattr(retrying, "_PATIENCE", timedelta(seconds=1))
    with pytest.raises(NotReady, match="not over yet"):
        await retry(dev.engine, enrollment)
    assert (await dev.enrollment(enrollment))["status"] == "failed"
    await dev.engine.runs.handle(enrollment).terminate()
    assert (await retry(dev.engine, enrollment)).status is EnrollmentStatus.RUNNING
    assert (await dev.ended(enrollment))[0] == "completed"


# --- a crash in between ----------------------------------------------------------------------------------------


async def test_a_retry_whose_start_is_lost_is_started_by_the_sweep(dev: Rig, provider: ScriptedProvider) -> None:
    """Temporal went away between the row and the start: the row waits as `pending`, and lives at the next sweep."""
    enrollment, _ = await failed(dev, provider)
    answer = await retry(while_temporal_is_down(dev).engine, enrollment)
    assert answer.status is EnrollmentStatus.PENDING
    row = await dev.enrollment(enrollment)
    assert (row["status"], row["current_node"], row["ended_at"]) == ("pending", "second", None)
    assert said(provider) == ["One. STOP to end.", "Two."]
    with pytest.raises(Conflict, match="is live"):
        await retry(dev.engine, enrollment)
    await dev.execute("UPDATE enrollments SET enrolled_at = enrolled_at - interval '1 minute'")
    assert (await sweep(dev)).started == 1
    assert await dev.ended(enrollment) == ("completed", None)
    assert said(provider) == ["One. STOP to end.", "Two.", "Two.", "Three."]
    assert (await sweep(dev)).started == 0


class Killed(BaseException):
    """The process is gone."""


@dataclass(frozen=True)
class Fatal(Runs):
    """Whoever starts a workflow dies, before Temporal hears of it or after."""

    after: bool = False

    async def start(self, enrollment: EnrollmentInput, contact_id: UUID, version: int, *, bulk: bool = False) -> None:
        if self.after:
            await super().start(enrollment, contact_id, version, bulk=bulk)
        raise Killed


@pytest.mark.parametrize("after", [False, True])
async def test_a_process_killed_around_the_start_leaves_one_run(
    dev: Rig, provider: ScriptedProvider, after: bool
) -> None:
    """Wherever it died, the sweep makes it one run, and each message goes once."""
    enrollment, _ = await failed(dev, provider)
    runs = dev.engine.runs
    fatal = dataclasses.replace(dev.engine, runs=Fatal(runs.client, runs.task_queue, after=after))
    with pytest.raises(Killed):
        await retry(fatal, enrollment)
    await dev.execute("UPDATE enrollments SET enrolled_at = enrolled_at - interval '1 minute'")
    await sweep(dev)
    assert await dev.ended(enrollment) == ("completed", None)
    await sweep(dev)
    assert said(provider) == ["One. STOP to end.", "Two.", "Two.", "Three."]
    assert (await dev.enrollment(enrollment))["retries"] == 1


async def test_a_start_that_met_the_ending_run_is_made_good(dev: Rig, provider: ScriptedProvider) -> None:
    """A retried row whose workflow has completed all the same is started again by the sweep, not flagged."""

    @dataclass(frozen=True)
    class Deaf(Runs):
        async def start(self, *args: Any, **kwargs: Any) -> None:
            """Answers as if it had met an open run."""

    enrollment, _ = await failed(dev, provider)
    runs = dev.engine.runs
    deaf = dataclasses.replace(dev.engine, runs=Deaf(runs.client, runs.task_queue))
    assert (await retry(deaf, enrollment)).status is EnrollmentStatus.RUNNING
    await dev.execute("UPDATE enrollments SET next_run_at = next_run_at - interval '10 minutes'")
    swept = await sweep(dev)
    assert (swept.mended, swept.disagreeing) == (1, 0)
    assert await dev.ended(enrollment) == ("completed", None)
    assert Counter(said(provider)) == {"One. STOP to end.": 1, "Two.": 2, "Three.": 1}


async def test_a_start_too_many_does_nothing(dev: Rig, provider: ScriptedProvider) -> None:
    """One that arrives when the retried run is over finds the end in the records."""
    starts: list[tuple[EnrollmentInput, UUID, int]] = []

    @dataclass(frozen=True)
    class Noting(Runs):
        async def start(
            self, enrollment: EnrollmentInput, contact_id: UUID, version: int, *, bulk: bool = False
        ) -> None:
            starts.append((enrollment, contact_id, version))
            await super().start(enrollment, contact_id, version, bulk=bulk)

    enrollment, _ = await failed(dev, provider)
    runs = dev.engine.runs
    await retry(dataclasses.replace(dev.engine, runs=Noting(runs.client, runs.task_queue)), enrollment)
    await dev.ended(enrollment)
    before = await dev.enrollment(enrollment)
    await runs.start(*starts[0])
    assert await dev.ended(enrollment) == ("completed", None)
    assert len(provider.handed_over) == 4
    assert await dev.enrollment(enrollment) == before


# --- not at all ----------------------------------------------------------------------------------------------


async def test_only_the_step_that_failed_is_retried(dev: Rig, provider: ScriptedProvider) -> None:
    """Another step, an unknown one and an unknown enrollment are refused, each with the reason."""
    enrollment, _ = await failed(dev, provider)
    for step in ("first", "third", "nowhere"):
        with pytest.raises(Conflict, match="did not fail at") as refused:
            await retry(dev.engine, enrollment, step)
        assert "it failed at 'second'" in (refused.value.hint or "")
    with pytest.raises(NotFound):
        await retry(dev.engine, uuid4())
    await as_it_was(dev, enrollment)


async def test_what_did_not_fail_is_not_retried(dev: Rig, provider: ScriptedProvider) -> None:
    """One that lives, one that was stopped and one that completed are refused with how they stand."""
    waiting = TEXTS.replace("{id: second,", "{id: wait, type: delay, hours: 9}\n      - {id: second,")
    enrollment, _ = await dev.start(waiting)
    await dev.arrives(enrollment, "second")
    with pytest.raises(Conflict, match="is live"):
        await retry(dev.engine, enrollment)
    await control.stop(dev.engine, enrollment, "called us")
    with pytest.raises(Conflict, match="ended stopped: called us"):
        await retry(dev.engine, enrollment, "second")
    done, _ = await dev.start(TEXTS.replace("sequence: texts", "sequence: others"))
    await dev.ended(done)
    with pytest.raises(Conflict, match="ended completed"):
        await retry(dev.engine, done)


async def test_a_contact_who_lives_in_the_sequence_again_is_not_retried(dev: Rig, provider: ScriptedProvider) -> None:
    """One live enrollment per contact and sequence, also by this way."""
    enrollment, contact = await failed(dev, provider)
    key = await dev.publish(TEXTS.replace("steps:", "steps:\n      - {id: wait, type: delay, days: 9}"))
    [other] = await dev.enroll(key, contact)
    with pytest.raises(Conflict, match=str(other)):
        await retry(dev.engine, enrollment)


async def test_a_suppressed_address_is_not_retried(dev: Rig, provider: ScriptedProvider) -> None:
    """On the channel that failed, or on one of the sequence's since it failed."""
    enrollment, contact = await failed(dev, provider)
    now = await dev.now()
    async with dev.engine.database.transaction(dev.engine.tenant_id) as tx:
        await suppress(tx, Channel.SMS, contact.phone or "", "manual", at=now - timedelta(days=9), now=now)
    with pytest.raises(Conflict, match="suppressed on sms"):
        await retry(dev.engine, enrollment)
    await as_it_was(dev, enrollment)


async def test_whoever_has_answered_since_is_left_alone(dev: Rig, provider: ScriptedProvider) -> None:
    """An answer that came while nothing lived would have stopped what is now to live again."""
    enrollment, contact = await failed(dev, provider)
    await dev.reply(contact, channel=Channel.SMS, text="Tell me more.")
    with pytest.raises(Conflict, match="has answered since"):
        await retry(dev.engine, enrollment)
    await as_it_was(dev, enrollment)


async def test_nobody_is_taken_up_in_an_archived_sequence(dev: Rig, provider: ScriptedProvider) -> None:
    """It lets those finish who are in it; whoever failed is not. A paused one holds the new attempt."""
    enrollment, _ = await failed(dev, provider)
    await archive(dev.engine, "texts", stop=False)
    with pytest.raises(Conflict, match="is archived"):
        await retry(dev.engine, enrollment)
    await as_it_was(dev, enrollment)
