"""Live enrollments move to another version: by the id of their step, or by a map."""

import pytest

from domain.errors import NotFound, TouchlineError
from domain.migration import Stays
from tests.support.harness import DAY, HOUR, Rig, about
from tests.workflows.consistency import counts_are_exact
from tests.workflows.moving import TEXTS, move, stays, texts, version_of


async def test_a_step_of_the_same_id_keeps_its_time(skipping: Rig) -> None:
    """The message is due when it was, is the same row of the ledger, and says what the new version says."""
    enrollment, _ = await skipping.start(TEXTS)
    before = await skipping.arrives(enrollment, "second")
    await skipping.skip(DAY)
    job = await skipping.job(enrollment, "second")
    key = await skipping.publish(TEXTS.replace("Hello again.", "Hello anew."))
    report = await move(skipping, key, 2)
    assert [(one.step, one.to, one.at, one.stays) for one in report.people] == [
        ("second", "second", before["next_run_at"], None)
    ]
    row = await skipping.enrollment(enrollment)
    assert (row["current_node"], row["next_run_at"], row["gate"]) == ("second", before["next_run_at"], None)
    assert await version_of(skipping, enrollment) == 2
    assert await skipping.job(enrollment, "second") == job
    assert await skipping.ended(enrollment) == ("completed", None)
    assert texts(skipping) == ["Hello. STOP to end.", "Hello anew."]
    await counts_are_exact(skipping)


async def test_what_the_new_version_adds_later_is_done(skipping: Rig) -> None:
    """The workflow walks the new plan from there on."""
    enrollment, _ = await skipping.start(TEXTS)
    await skipping.arrives(enrollment, "second")
    key = await skipping.publish(
        TEXTS + '      - {type: delay, hours: 24}\n      - {id: third, type: sms, body: "The last one."}\n'
    )
    await move(skipping, key, 2)
    assert await skipping.ended(enrollment) == ("completed", None)
    assert texts(skipping)[-1] == "The last one."
    second, third = (await skipping.jobs(enrollment))[1:]
    assert about(second["sent_at"] + DAY, third["sent_at"])


@pytest.mark.parametrize(("hours", "later"), [(96, 24), (48, -24), (1, -71)])
async def test_a_delay_that_was_changed_is_counted_from_its_beginning(skipping: Rig, hours: int, later: int) -> None:
    """Three days became four: it goes a day later; two: a day earlier; one hour: that is over, so at once."""
    enrollment, _ = await skipping.start(TEXTS)
    before = await skipping.arrives(enrollment, "second")
    await skipping.skip(DAY)
    key = await skipping.publish(TEXTS.replace("hours: 72", f"hours: {hours}"))
    await move(skipping, key, 2)
    await skipping.ended(enrollment)
    expected = max(before["next_run_at"] + later * HOUR, before["next_run_at"] - 2 * DAY)
    _, wait, second = await skipping.steps(enrollment)
    assert about(expected, (await skipping.job(enrollment, "second"))["sent_at"])
    assert wait["status"] == "success"
    assert second["completed_at"] >= wait["completed_at"]


async def test_a_new_window_holds_from_the_move_on(skipping: Rig) -> None:
    """The author's wait is over as before; the message goes when the new window opens after that."""
    enrollment, _ = await skipping.start(TEXTS)
    before = await skipping.arrives(enrollment, "second")
    opens = (before["next_run_at"].hour + 3) % 24
    window = f'window: {{from: "{opens:02}:00", to: "{(opens + 1) % 24:02}:00", timezone: UTC}}'
    key = await skipping.publish(TEXTS.replace('body: "Hello again."', f'body: "Hello again.", {window}'))
    [person] = (await move(skipping, key, 2)).people
    assert person.gate == "window"
    assert person.at is not None
    assert 2 * HOUR < person.at - before["next_run_at"] <= 3 * HOUR
    # Back again: the author's wait was never lost.
    [person] = (await move(skipping, key, 1)).people
    assert (person.gate, person.at) == (None, before["next_run_at"])


async def test_a_message_may_change_its_channel(skipping: Rig) -> None:
    """The row of the ledger stays and is an email now."""
    enrollment, _ = await skipping.start(TEXTS)
    await skipping.arrives(enrollment, "second")
    key = await skipping.publish(TEXTS.replace("second, type: sms, body", "second, type: email, subject: Hi, body"))
    await move(skipping, key, 2)
    await skipping.ended(enrollment)
    assert [job["channel"] for job in await skipping.jobs(enrollment)] == ["sms", "email"]
    assert [step["node_type"] for step in await skipping.steps(enrollment)] == ["sms", "delay", "email"]
    await counts_are_exact(skipping)


async def test_a_step_that_comes_again_is_not_done_twice(skipping: Rig) -> None:
    """What was sent and lies ahead in the new version's order is passed over, actions as well."""
    old = """
        sequence: order
        steps:
          - {id: a, type: sms, body: "A. STOP to end."}
          - {id: b, type: sms, body: B}
          - {id: tell, type: action, action: notify_user, user: ann, message: Look}
          - {type: delay, hours: 72}
          - {id: c, type: sms, body: C}
    """
    new = """
        sequence: order
        steps:
          - {id: a, type: sms, body: "A. STOP to end."}
          - {type: delay, hours: 72}
          - {id: c, type: sms, body: C}
          - {id: b, type: sms, body: B}
          - {id: tell, type: action, action: notify_user, user: ann, message: Look}
          - {id: d, type: sms, body: D}
    """
    enrollment, _ = await skipping.start(old)
    await skipping.arrives(enrollment, "c")
    key = await skipping.publish(new)
    await move(skipping, key, 2)
    assert await skipping.ended(enrollment) == ("completed", None)
    assert texts(skipping) == ["A. STOP to end.", "B", "C", "D"]
    assert len(await skipping.rows("SELECT FROM notifications")) == 1
    await counts_are_exact(skipping)


async def test_a_branch_that_was_passed_by_may_be_come_to_after_all(skipping: Rig) -> None:
    """Recorded as skipped by the old version, sent by the new one: its record says success."""
    old = """
        sequence: branches
        steps:
          - {id: first, type: sms, body: "Hello. STOP to end."}
          - id: asked
            type: condition
            if: replied
            then: [{id: thanks, type: sms, body: Thanks.}]
          - {type: delay, hours: 72}
          - {id: last, type: sms, body: The last one.}
    """
    new = """
        sequence: branches
        steps:
          - {id: first, type: sms, body: "Hello. STOP to end."}
          - {type: delay, hours: 72}
          - {id: last, type: sms, body: The last one.}
          - {id: thanks, type: sms, body: Thanks.}
    """
    enrollment, _ = await skipping.start(old)
    await skipping.arrives(enrollment, "last")
    await move(skipping, await skipping.publish(new), 2)
    assert await skipping.ended(enrollment) == ("completed", None)
    [record] = [step for step in await skipping.steps(enrollment) if step["node_id"] == "thanks"]
    assert (record["status"], record["result"].get("bypassed_at")) == ("success", None)


async def test_whoever_waits_for_the_end_goes_on_with_what_follows_now(skipping: Rig) -> None:
    """The end is nobody's step: the delay before it counts, and leads to the steps that were added."""
    enrollment, _ = await skipping.start(TEXTS.replace('      - {id: second, type: sms, body: "Hello again."}\n', ""))
    await skipping.arrives(enrollment, "end")
    await move(skipping, await skipping.publish(TEXTS), 2)
    assert (await skipping.enrollment(enrollment))["current_node"] == "second"
    await skipping.ended(enrollment)
    assert texts(skipping)[-1] == "Hello again."


async def test_a_step_that_went_away_has_a_successor_by_the_map(skipping: Rig) -> None:
    """The old message is cancelled as `migrated`, the new one planned for the same time; counters are exact."""
    enrollment, _ = await skipping.start(TEXTS)
    before = await skipping.arrives(enrollment, "second")
    key = await skipping.publish(TEXTS.replace("id: second", "id: other").replace("again", "anew"))
    assert await stays(skipping, key, 2) == (Stays.GONE, "the other version has no step second")
    assert await version_of(skipping, enrollment) == 1
    [person] = (await move(skipping, key, 2, second="other")).people
    assert (person.stays, person.to, person.at) == (None, "other", before["next_run_at"])
    second, other = (await skipping.jobs(enrollment))[1:]
    assert {second["node_id"], other["node_id"]} == {"second", "other"}
    states = {job["node_id"]: (job["state"], job["cancel_reason"]) for job in (second, other)}
    assert states == {"second": ("cancelled", "migrated"), "other": ("pending", None)}
    fates = {step["node_id"]: (step["status"], step["result"]) for step in await skipping.steps(enrollment)}
    assert fates["second"] == ("skipped", {"migrated": "other"})
    await counts_are_exact(skipping)
    assert await skipping.ended(enrollment) == ("completed", None)
    assert texts(skipping) == ["Hello. STOP to end.", "Hello anew."]
    await counts_are_exact(skipping)


async def test_a_move_can_be_taken_back(skipping: Rig) -> None:
    """To another step and back: the message that was given up is planned again, once."""
    enrollment, _ = await skipping.start(TEXTS)
    before = await skipping.arrives(enrollment, "second")
    key = await skipping.publish(TEXTS.replace("id: second", "id: other"))
    await move(skipping, key, 2, second="other")
    await move(skipping, key, 1, other="second")
    row = await skipping.enrollment(enrollment)
    assert (row["current_node"], row["next_run_at"]) == ("second", before["next_run_at"])
    await counts_are_exact(skipping)
    assert await skipping.ended(enrollment) == ("completed", None)
    states = {job["node_id"]: job["state"] for job in await skipping.jobs(enrollment)}
    assert states == {"first": "sent", "second": "sent", "other": "cancelled"}
    await counts_are_exact(skipping)


async def test_a_map_that_names_no_step_is_refused(skipping: Rig) -> None:
    """A slip of the pen moves nobody."""
    enrollment, _ = await skipping.start(TEXTS)
    await skipping.arrives(enrollment, "second")
    key = await skipping.publish(TEXTS.replace("again", "anew"))
    with pytest.raises(TouchlineError, match="no version of texts has a step 'secnd'"):
        await move(skipping, key, 2, secnd="second")
    with pytest.raises(TouchlineError, match="version 2 of texts has no step 'othr'"):
        await move(skipping, key, 2, second="othr")
    with pytest.raises(NotFound, match="texts has no version 3"):
        await move(skipping, key, 3)
    with pytest.raises(NotFound, match="no sequence 'none'"):
        await move(skipping, "none", 1)
    assert await version_of(skipping, enrollment) == 1
