"""What action steps do to contacts, users and other sequences: once each, and recorded with their effect."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from activities import actions, walk
from activities.actions import Effect
from domain import ids
from domain.contact import Contact
from tests.support.harness import Rig, ScriptedProvider, result_of
from tests.support.helpers import assert_eventually


async def act(rig: Rig, *actions: str, **fields: Any) -> tuple[UUID, Contact]:
    """Enroll a contact in a sequence of these actions, and wait for its end."""
    steps = "\n".join(f"  - {{id: do-{n}, type: action, {action}}}" for n, action in enumerate(actions))
    enrollment, contact = await rig.start(f"sequence: acting\nsteps:\n{steps}", **fields)
    await rig.ended(enrollment)
    return enrollment, contact


async def row_of(rig: Rig, contact: Contact) -> dict[str, Any]:
    [row] = await rig.rows("SELECT * FROM contacts WHERE id = $1", contact.id)
    return row


async def results(rig: Rig, enrollment: UUID) -> list[dict[str, Any]]:
    return [step["result"] for step in await rig.steps(enrollment)]


async def test_actions_change_the_contact(skipping: Rig) -> None:
    """Status, tags, qualification, owner and attributes are written, and each step records its effect."""
    enrollment, contact = await act(
        skipping,
        "action: update_status, status: warm",
        "action: tag_lead, add: [hot, new], remove: [cold]",
        "action: mark_qualified",
        "action: assign_to_user, user: grace",
        'action: set_attribute, attribute: Next Step, value: "call {{ first_name }}"',
        "action: update_status, status: done",
        tags=("cold", "new", "vip"),
    )
    row = await row_of(skipping, contact)
    assert (row["status"], row["tags"], row["assigned_to"]) == ("done", ["new", "vip", "hot"], "grace")
    assert row["qualified_at"] is not None
    assert row["attributes"] == {"next_step": "call Ada"}
    assert {step["status"] for step in await skipping.steps(enrollment)} == {"success"}
    found = await results(skipping, enrollment)
    assert found[0] == {"status": "warm", "was": None}
    assert found[1] == {"tags": ["new", "vip", "hot"]}
    assert found[5] == {"status": "done", "was": "warm"}


async def test_a_condition_sees_what_an_action_has_just_done(skipping: Rig) -> None:
    """The facts are read again after an action."""
    enrollment, _ = await skipping.start("""
        sequence: chain
        steps:
          - {id: before, type: condition, if: {field: status, exists: false}}
          - {id: mark, type: action, action: update_status, status: hot}
          - {id: after, type: condition, if: {field: status, eq: hot}, then: [{id: yes, type: exit, reason: seen}]}
    """)
    assert await skipping.ended(enrollment) == ("completed", "seen")


async def test_a_round_robin_gives_everybody_the_same_share(skipping: Rig) -> None:
    """Contacts that are assigned at the same moment take exact turns."""
    key = await skipping.publish("""
        sequence: robin
        steps: [{id: owner, type: action, action: assign_to_user, round_robin: [ann, bob, cy]}]
    """)
    people = [await skipping.contact() for _ in range(9)]
    enrollments = await skipping.enroll(key, *people)
    await asyncio.gather(*(result_of(skipping.engine.runs.handle(e)) for e in enrollments))
    owners = await skipping.rows("SELECT assigned_to FROM contacts")
    assert Counter(row["assigned_to"] for row in owners) == {"ann": 3, "bob": 3, "cy": 3}


async def test_a_contact_joins_a_campaign_once(skipping: Rig) -> None:
    """The campaign is made where there is none; the second time is recorded as no news."""
    enrollment, contact = await act(
        skipping, "action: add_to_campaign, campaign: Spring", "action: add_to_campaign, campaign: Spring"
    )
    assert [r["new"] for r in await results(skipping, enrollment)] == [True, False]
    members = await skipping.rows(
        "SELECT c.key, m.contact_id, m.added_by, m.enrollment_id"
        " FROM campaign_members m JOIN campaigns c ON c.id = m.campaign_id"
    )
    assert members == [{"key": "Spring", "contact_id": contact.id, "added_by": "action", "enrollment_id": enrollment}]


async def test_a_user_is_told(skipping: Rig) -> None:
    """A notification is left with the contact's own values, under the id of its step."""
    enrollment, contact = await act(skipping, 'action: notify_user, user: grace, message: "Call {{ name }}"')
    [told] = await skipping.rows("SELECT id, user_name, body, contact_id FROM notifications")
    assert told == {
        "id": ids.step_id(enrollment, "do-0"),
        "user_name": "grace",
        "body": "Call Ada Lovelace",
        "contact_id": contact.id,
    }


async def test_a_stop_ends_the_enrollment(skipping: Rig) -> None:
    """With the author's reason."""
    enrollment, _ = await skipping.start("""
        sequence: stopping
        steps:
          - {id: ask, type: condition, if: always, then: [{id: halt, type: action, action: stop, reason: sold}]}
          - {id: mail, type: email, subject: Hi, body: Hi}
    """)
    assert await skipping.ended(enrollment) == ("stopped", "sold")
    assert skipping.outbox() == []
    assert [s["status"] for s in await skipping.steps(enrollment)] == ["success", "success", "skipped"]


async def test_a_text_without_a_value_fails_the_step(skipping: Rig) -> None:
    """By the sequence's policy: it stops as failed, or goes on."""
    text = """
        sequence: {0}
        on_failure: {1}
        steps:
          - {{id: note, type: action, action: notify_user, user: grace, message: "{{{{ company }}}} called"}}
          - {{id: mark, type: action, action: update_status, status: done}}
    """
    failing, _ = await skipping.start(text.format("strict", "stop"))
    status, reason = await skipping.ended(failing)
    assert (status, reason) == ("failed", "note: this contact has no value for `company`")
    going_on, _ = await skipping.start(text.format("lenient", "continue"))
    assert await skipping.ended(going_on) == ("completed", None)
    assert [s["status"] for s in await skipping.steps(going_on)] == ["failed", "success"]


WARM = """
    sequence: warm
    steps:
      - {id: promote, type: action, action: enroll, sequence: hot}
      - {id: rest, type: delay, days: 1}
"""
HOT = """
    sequence: hot
    steps:
      - {id: hello, type: email, subject: Hot, body: Hot.}
      - {id: back, type: action, action: enroll, sequence: warm}
"""


async def test_an_enrollment_leads_to_another_sequence_and_never_back(skipping: Rig) -> None:
    """WARM → HOT starts at once; HOT → WARM closes a circle, so it is refused and recorded."""
    await skipping.publish(HOT)
    warm, contact = await skipping.start(WARM)
    hot = ids.enrolled_by(ids.step_id(warm, "promote"))

    async def started() -> None:
        assert await skipping.engine.runs.status(hot) != "missing"

    await assert_eventually(started)
    assert await skipping.ended(hot) == ("completed", None)
    row = await skipping.enrollment(hot)
    assert (row["contact_id"], row["source"]) == (contact.id, "step:promote")
    assert row["chain"] == [ids.sequence_id(skipping.engine.tenant_id, "warm")]
    refused = (await results(skipping, hot))[-1]
    assert refused == {"sequence": "warm", "refused": "the contact comes from there: a loop"}
    assert await skipping.ended(warm) == ("completed", None)
    assert (await results(skipping, warm))[0] == {"sequence": "hot", "enrollment": str(hot)}


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("missing", "it is not published"),
        ("paused", "it is paused"),
        ("live", "it lives already"),
    ],
)
async def test_who_cannot_be_enrolled_goes_on(skipping: Rig, state: str, why: str) -> None:
    """The step records the reason, and the sequence goes on."""
    contact = await skipping.contact()
    if state != "missing":
        hot = await skipping.publish(
            HOT.replace("sequence: warm", "sequence: nowhere") + "      - {type: delay, days: 9}"
        )
        if state == "live":
            await skipping.enroll(hot, contact)
        else:
            await skipping.execute("UPDATE sequences SET status = 'paused', paused_reason = 'test'")
    key = await skipping.publish(WARM)
    [warm] = await skipping.enroll(key, contact)
    await skipping.arrives(warm, "end")
    assert (await results(skipping, warm))[0] == {"sequence": "hot", "refused": why}


async def test_an_action_that_fails_leaves_the_message_before_it_recorded(
    scripted: Rig, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message counts as sent, once; the action is tried again by itself until it works."""
    broken = True

    async def unreliable(*args: Any, **kwargs: Any) -> Effect:
        if broken:
            raise RuntimeError("out of order")
        return await actions.act(*args, **kwargs)

    monkeypatch.setattr(walk, "act", unreliable)
    enrollment, contact = await scripted.start("""
        sequence: brittle
        steps:
          - {id: mail, type: email, subject: Hi, body: Hi}
          - {id: mark, type: action, action: update_status, status: told}
    """)

    async def tried() -> None:
        assert [job["state"] for job in await scripted.jobs(enrollment)] == ["sent"]
        assert (await scripted.enrollment(enrollment))["current_node"] == "mark"

    await assert_eventually(tried)
    broken = False
    assert await scripted.ended(enrollment) == ("completed", None)
    assert (await row_of(scripted, contact))["status"] == "told"
    assert len(provider.handed_over) == 1
