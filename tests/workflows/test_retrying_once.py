"""Of many retries at once, and of one around which processes die, there is one attempt."""

import asyncio
import dataclasses
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.enrollment import EnrollmentInput, EnrollmentState, EnrollmentStatus
from domain.errors import Conflict, NotReady
from starter.enrollments import retry as retrying
from starter.enrollments.retry import retry
from starter.runs import Runs
from tests.support.harness import Rig, ScriptedProvider
from tests.workflows.retried import TEXTS, failed, said
from tests.workflows.test_reconciler import sweep, while_temporal_is_down


async def test_of_many_who_retry_at_once_one_does(scripted_dev: Rig, provider: ScriptedProvider) -> None:
    """Racing calls make one attempt, and the others are told that it lives."""
    enrollment, _ = await failed(scripted_dev, provider)
    answers = await asyncio.gather(*(retry(scripted_dev.engine, enrollment) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(answer, EnrollmentState) for answer in answers) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 19, answers
    await scripted_dev.ended(enrollment)
    assert Counter(said(provider)) == {"One. STOP to end.": 1, "Two.": 2, "Three.": 1}


async def test_the_run_that_failed_is_over_before_the_next_begins(
    scripted_dev: Rig, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that has not heard of its failure yet would go on beside the next one: nothing is changed until it ends."""
    enrollment, _ = await scripted_dev.start(
        TEXTS.replace("{id: second,", "{id: wait, type: delay, hours: 9}\n      - {id: second,")
    )
    await scripted_dev.arrives(enrollment, "second")
    await scripted_dev.execute(
        "UPDATE enrollments SET status = 'failed', error = 'second: lost', ended_at = now(), ended_node = 'second',"
        " current_node = NULL, next_run_at = NULL, gate = NULL WHERE id = $1",
        enrollment,
    )
    await scripted_dev.execute(
        "UPDATE enrollment_steps SET status = 'failed', completed_at = now() WHERE node_id = 'second'"
    )
    monkeypatch.setattr(retrying, "_PATIENCE", timedelta(seconds=1))
    with pytest.raises(NotReady, match="not over yet"):
        await retry(scripted_dev.engine, enrollment)
    assert (await scripted_dev.enrollment(enrollment))["status"] == "failed"
    await scripted_dev.engine.runs.handle(enrollment).terminate()
    assert (await retry(scripted_dev.engine, enrollment)).status is EnrollmentStatus.RUNNING
    assert (await scripted_dev.ended(enrollment))[0] == "completed"


async def test_a_retry_whose_start_is_lost_is_started_by_the_sweep(
    scripted_dev: Rig, provider: ScriptedProvider
) -> None:
    """Temporal went away between the row and the start: the row waits as `pending`, and lives at the next sweep."""
    enrollment, _ = await failed(scripted_dev, provider)
    answer = await retry(while_temporal_is_down(scripted_dev).engine, enrollment)
    assert answer.status is EnrollmentStatus.PENDING
    row = await scripted_dev.enrollment(enrollment)
    assert (row["status"], row["current_node"], row["ended_at"]) == ("pending", "second", None)
    assert said(provider) == ["One. STOP to end.", "Two."]
    with pytest.raises(Conflict, match="is live"):
        await retry(scripted_dev.engine, enrollment)
    await scripted_dev.execute("UPDATE enrollments SET enrolled_at = enrolled_at - interval '1 minute'")
    assert (await sweep(scripted_dev)).started == 1
    assert await scripted_dev.ended(enrollment) == ("completed", None)
    assert said(provider) == ["One. STOP to end.", "Two.", "Two.", "Three."]
    assert (await sweep(scripted_dev)).started == 0


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
    scripted_dev: Rig, provider: ScriptedProvider, after: bool
) -> None:
    """Wherever it died, the sweep makes it one run, and each message goes once."""
    enrollment, _ = await failed(scripted_dev, provider)
    runs = scripted_dev.engine.runs
    fatal = dataclasses.replace(scripted_dev.engine, runs=Fatal(runs.client, runs.task_queue, after=after))
    with pytest.raises(Killed):
        await retry(fatal, enrollment)
    await scripted_dev.execute("UPDATE enrollments SET enrolled_at = enrolled_at - interval '1 minute'")
    await sweep(scripted_dev)
    assert await scripted_dev.ended(enrollment) == ("completed", None)
    await sweep(scripted_dev)
    assert said(provider) == ["One. STOP to end.", "Two.", "Two.", "Three."]
    assert (await scripted_dev.enrollment(enrollment))["retries"] == 1


async def test_a_start_that_met_the_ending_run_is_made_good(scripted_dev: Rig, provider: ScriptedProvider) -> None:
    """A retried row whose workflow has completed all the same is started again by the sweep, not flagged."""

    @dataclass(frozen=True)
    class Deaf(Runs):
        async def start(self, *args: Any, **kwargs: Any) -> None:
            """Answers as if it had met an open run."""

    enrollment, _ = await failed(scripted_dev, provider)
    runs = scripted_dev.engine.runs
    deaf = dataclasses.replace(scripted_dev.engine, runs=Deaf(runs.client, runs.task_queue))
    assert (await retry(deaf, enrollment)).status is EnrollmentStatus.RUNNING
    await scripted_dev.execute("UPDATE enrollments SET next_run_at = next_run_at - interval '10 minutes'")
    swept = await sweep(scripted_dev)
    assert (swept.mended, swept.disagreeing) == (1, 0)
    assert await scripted_dev.ended(enrollment) == ("completed", None)
    assert Counter(said(provider)) == {"One. STOP to end.": 1, "Two.": 2, "Three.": 1}


async def test_a_start_too_many_does_nothing(scripted_dev: Rig, provider: ScriptedProvider) -> None:
    """One that arrives when the retried run is over finds the end in the records."""
    starts: list[tuple[EnrollmentInput, UUID, int]] = []

    @dataclass(frozen=True)
    class Noting(Runs):
        async def start(
            self, enrollment: EnrollmentInput, contact_id: UUID, version: int, *, bulk: bool = False
        ) -> None:
            starts.append((enrollment, contact_id, version))
            await super().start(enrollment, contact_id, version, bulk=bulk)

    enrollment, _ = await failed(scripted_dev, provider)
    runs = scripted_dev.engine.runs
    await retry(dataclasses.replace(scripted_dev.engine, runs=Noting(runs.client, runs.task_queue)), enrollment)
    await scripted_dev.ended(enrollment)
    before = await scripted_dev.enrollment(enrollment)
    await runs.start(*starts[0])
    assert await scripted_dev.ended(enrollment) == ("completed", None)
    assert len(provider.handed_over) == 4
    assert await scripted_dev.enrollment(enrollment) == before
