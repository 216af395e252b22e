"""A failed enrollment is retried at the step that failed; nothing that went out goes out again."""

from collections import Counter

from domain.enrollment import EnrollmentStatus
from starter.enrollments.migration import migrate
from starter.enrollments.retry import retry
from starter.sequences import status
from tests.support.harness import Rig, ScriptedProvider
from tests.workflows.consistency import counts_are_exact
from tests.workflows.retried import NEVER, failed, said


async def test_it_goes_on_from_the_step_that_failed(scripted_dev: Rig, provider: ScriptedProvider) -> None:
    """What was sent is not sent again, what failed goes as another message, and what follows follows."""
    enrollment, _ = await failed(scripted_dev, provider)
    answer = await retry(scripted_dev.engine, enrollment, "second")
    assert (answer.status, answer.node_id) == (EnrollmentStatus.RUNNING, "second")
    assert await scripted_dev.ended(enrollment) == ("completed", None)
    assert said(provider) == ["One. STOP to end.", "Two.", "Two.", "Three."]
    assert len({message.job_id for message in provider.handed_over}) == 4
    row = await scripted_dev.enrollment(enrollment)
    assert (row["status"], row["error"], row["ended_node"], row["retries"]) == ("completed", None, None, 1)


async def test_the_failed_attempt_stays_in_the_records(scripted_dev: Rig, provider: ScriptedProvider) -> None:
    """Its step and its message keep their error; the counters count both attempts; the retry says what it was of."""
    enrollment, _ = await failed(scripted_dev, provider)
    before = await scripted_dev.enrollment(enrollment)
    await retry(scripted_dev.engine, enrollment)
    await scripted_dev.ended(enrollment)
    steps = [(s["node_id"], s["lap"], s["status"]) for s in await scripted_dev.steps(enrollment)]
    assert steps == [
        ("first", 0, "success"),
        ("second", 0, "failed"),
        ("second", 1, "success"),
        ("third", 1, "success"),
    ]
    old, new = [job for job in await scripted_dev.jobs(enrollment) if job["node_id"] == "second"]
    assert (old["state"], old["error_code"], new["state"], new["error"]) == ("failed", "550", "sent", None)
    [noted] = await scripted_dev.rows("SELECT * FROM enrollment_retries")
    assert (noted["number"], noted["node_id"], noted["lap"], noted["error"], noted["failed_at"]) == (
        *(1, "second", 0, "second: scripted 550: no such user"),
        before["ended_at"],
    )
    await counts_are_exact(scripted_dev)


async def test_it_may_fail_and_be_retried_again(scripted_dev: Rig, provider: ScriptedProvider) -> None:
    """Each attempt is an attempt of its own."""
    enrollment, _ = await failed(scripted_dev, provider)
    provider.answers.append(NEVER)
    await retry(scripted_dev.engine, enrollment)
    assert (await scripted_dev.ended(enrollment))[0] == "failed"
    await retry(scripted_dev.engine, enrollment)
    assert (await scripted_dev.ended(enrollment))[0] == "completed"
    assert Counter(said(provider)) == {"One. STOP to end.": 1, "Two.": 3, "Three.": 1}
    assert [row["lap"] for row in await scripted_dev.rows("SELECT lap FROM enrollment_retries ORDER BY number")] == [
        0,
        1,
    ]
    await counts_are_exact(scripted_dev)


async def test_a_corrected_address_is_used(scripted_dev: Rig, provider: ScriptedProvider) -> None:
    """The new attempt is composed anew: the frozen recipient belongs to the failed one."""
    enrollment, contact = await failed(scripted_dev, provider)
    await scripted_dev.execute("UPDATE contacts SET phone = '+12125550199' WHERE id = $1", contact.id)
    await retry(scripted_dev.engine, enrollment)
    await scripted_dev.ended(enrollment)
    assert [message.to for message in provider.handed_over[2:]] == ["+12125550199"] * 2


async def test_a_failed_action_is_retried_and_not_the_message_before_it(
    scripted_dev: Rig, provider: ScriptedProvider
) -> None:
    """A step that sends nothing is named as the one that failed, and done once its reason is fixed."""
    enrollment, contact = await scripted_dev.start("""
        sequence: acting
        steps:
          - {id: first, type: sms, body: "One. STOP to end."}
          - {id: note, type: action, action: set_attribute, attribute: firm, value: "{{ company }}"}
          - {id: last, type: sms, body: "Two."}
    """)
    assert (await scripted_dev.ended(enrollment))[0] == "failed"
    assert (await scripted_dev.enrollment(enrollment))["ended_node"] == "note"
    await scripted_dev.execute("UPDATE contacts SET company = 'Engines' WHERE id = $1", contact.id)
    await retry(scripted_dev.engine, enrollment, "note")
    assert await scripted_dev.ended(enrollment) == ("completed", None)
    assert said(provider) == ["One. STOP to end.", "Two."]
    [row] = await scripted_dev.rows("SELECT attributes FROM contacts WHERE id = $1", contact.id)
    assert row["attributes"] == {"firm": "Engines"}


async def test_what_went_out_before_is_not_sent_by_another_version_either(
    scripted_dev: Rig, provider: ScriptedProvider
) -> None:
    """Moved after its retry to a version in which the first message comes last, nobody gets that twice."""
    enrollment, _ = await failed(scripted_dev, provider)
    await scripted_dev.publish("""
        sequence: texts
        steps:
          - {id: second, type: sms, body: "Two. STOP to end."}
          - {id: third, type: sms, body: "Three."}
          - {id: first, type: sms, body: "One."}
    """)
    await status.pause_sequence(scripted_dev.engine, "texts", "moving")
    await retry(scripted_dev.engine, enrollment)
    await scripted_dev.arrives(enrollment, "second", gate="sequence_paused")
    report = await migrate(scripted_dev.engine, "texts", 2, {})
    assert len(report.moved) == 1, report
    await status.resume_sequence(scripted_dev.engine, "texts")
    assert (await scripted_dev.ended(enrollment))[0] == "completed"
    assert said(provider) == ["One. STOP to end.", "Two.", "Two. STOP to end.", "Three."]
    [_, skipped] = [s for s in await scripted_dev.steps(enrollment) if s["node_id"] == "first"]
    assert (skipped["status"], skipped["result"]) == ("skipped", {"skipped": "sent before the retry"})
