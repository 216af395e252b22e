"""What a provider's answer does to the message, the address, the enrollment and the sequence."""

from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import pytest

from activities.settle import MAX_ATTEMPTS
from domain.errors import (
    ConfigurationError,
    NotReady,
    OutsideHoursError,
    PermanentError,
    SenderRefusedError,
    TransientError,
)
from domain.messages import Channel
from providers.base import Provider
from providers.registry import Registry
from starter.sequences import status as standing
from tests.support.harness import DAY, HOUR, Rig, ScriptedProvider, about

BUSY = TransientError("scripted", "try later", code="421")
NEVER = PermanentError("scripted", "no such user", code="550")

STOPPING = """
    sequence: texts
    steps:
      - {id: first, type: sms, body: "Hello {{ name }}. STOP to end."}
      - {id: wait, type: delay, days: 3}
      - {id: second, type: sms, body: "Hello again."}
"""
GOING_ON = STOPPING.replace("steps:", "on_failure: continue\n    steps:")


async def _counters(rig: Rig, node_id: str) -> dict[str, int]:
    columns = ("pending", "sent", "failed", "ambiguous", "cancelled")
    [row] = await rig.rows(
        f"SELECT {', '.join(f'sum({c})::int AS {c}' for c in columns)} FROM step_counters WHERE node_id = $1",  # noqa: S608 - our own names
        node_id,
    )
    return {state: count for state, count in row.items() if count}


# --- never ---------------------------------------------------------------------------------------------------


async def test_a_refused_message_fails_the_enrollment(scripted: Rig, provider: ScriptedProvider) -> None:
    """Under `on_failure: stop` a permanent error ends it as failed, with the provider's words and code."""
    provider.answers.append(NEVER)
    enrollment, _ = await scripted.start(STOPPING)
    assert await scripted.ended(enrollment) == ("failed", "first: permanent (scripted 550)")
    [job] = await scripted.jobs(enrollment)
    assert (job["state"], job["attempts"], job["error_class"], job["error_code"]) == ("failed", 1, "permanent", "550")
    [step] = await scripted.steps(enrollment)
    assert (step["status"], step["result"]["code"]) == ("failed", "550")
    row = await scripted.enrollment(enrollment)
    assert (row["status"], row["error"], row["last_node"]) == ("failed", "first: scripted 550: no such user", None)
    assert await _counters(scripted, "first") == {"failed": 1}


async def test_a_sequence_may_go_on_without_a_failed_message(scripted: Rig, provider: ScriptedProvider) -> None:
    """Under `on_failure: continue` the next message goes at its time."""
    provider.answers.append(NEVER)
    enrollment, _ = await scripted.start(GOING_ON)
    assert await scripted.ended(enrollment) == ("completed", None)
    assert [job["state"] for job in await scripted.jobs(enrollment)] == ["failed", "sent"]
    assert (await scripted.enrollment(enrollment))["last_node"] == "second"


@pytest.mark.parametrize(
    ("whole", "step", "ending", "states"),
    [("stop", "continue", "completed", ["failed", "sent"]), ("continue", "stop", "failed", ["failed"])],
)
async def test_a_step_overrides_the_failure_policy(
    scripted: Rig, provider: ScriptedProvider, whole: str, step: str, ending: str, states: list[str]
) -> None:
    """What the step says about its own failure beats what the sequence says."""
    provider.answers.append(NEVER)
    text = STOPPING.replace("steps:", f"on_failure: {whole}\n    steps:")
    enrollment, _ = await scripted.start(text.replace("id: first,", f"id: first, on_failure: {step},"))
    assert (await scripted.ended(enrollment))[0] == ending
    assert [job["state"] for job in await scripted.jobs(enrollment)] == states


async def test_a_refusal_of_this_time_only_lets_the_sequence_go_on(scripted: Rig, provider: ScriptedProvider) -> None:
    """A full mailbox takes the next message perhaps: the enrollment goes on, also under `on_failure: stop`."""
    provider.answers.append(PermanentError("scripted", "mailbox full", code="552", passing=True))
    enrollment, _ = await scripted.start(STOPPING)
    assert await scripted.ended(enrollment) == ("completed", None)
    assert [job["state"] for job in await scripted.jobs(enrollment)] == ["failed", "sent"]


@pytest.mark.parametrize(("effect", "reason"), [("bounced", "bounced"), ("opted_out", "unsubscribed")])
async def test_a_dead_address_is_suppressed_and_stops(
    scripted: Rig, provider: ScriptedProvider, effect: Literal["bounced", "opted_out"], reason: str
) -> None:
    """What the provider says about the address suppresses it everywhere and ends the enrollment with that reason."""
    provider.answers.append(PermanentError("scripted", "gone", code="550", effect=effect))
    enrollment, contact = await scripted.start(STOPPING)
    assert await scripted.ended(enrollment) == ("stopped", reason)
    [barred] = await scripted.rows("SELECT channel, address, reason FROM suppressions")
    assert barred == {"channel": "sms", "address": contact.phone, "reason": reason}
    [job] = await scripted.jobs(enrollment)
    assert (job["state"], job["bounced_at"] is not None) == ("failed", effect == "bounced")
    [counted] = await scripted.rows("SELECT sum(failed) AS failed, sum(bounced) AS bounced FROM step_counters")
    assert (counted["failed"], counted["bounced"]) == (1, int(effect == "bounced"))


async def test_a_bounce_that_stops_nothing_skips_the_rest_of_the_channel(
    scripted: Rig, provider: ScriptedProvider
) -> None:
    """Without `bounce` in `stop_on` the enrollment goes on, but no more is sent to the dead address."""
    provider.answers.append(PermanentError("scripted", "gone", effect="bounced"))
    enrollment, _ = await scripted.start(GOING_ON.replace("steps:", "stop_on: [reply]\n    steps:"))
    assert await scripted.ended(enrollment) == ("completed", None)
    assert [(j["state"], j["cancel_reason"]) for j in await scripted.jobs(enrollment)] == [
        ("failed", None),
        ("cancelled", "suppressed"),
    ]
    assert len(provider.handed_over) == 1


async def test_a_message_without_its_text_fails_before_it_leaves(scripted: Rig, provider: ScriptedProvider) -> None:
    """A merge field without a value fails the message as `content`; the provider is never asked."""
    enrollment, _ = await scripted.start(STOPPING.replace("{{ name }}", "{{ attributes.plan }}"))
    status, reason = await scripted.ended(enrollment)
    assert status == "failed"
    assert "attributes.plan" in (reason or "")
    [job] = await scripted.jobs(enrollment)
    assert (job["state"], job["error_class"], job["attempts"]) == ("failed", "content", 0)
    assert provider.handed_over == []
    assert await _counters(scripted, "first") == {"failed": 1}


async def test_a_contact_without_the_address_is_skipped(scripted: Rig, provider: ScriptedProvider) -> None:
    """No phone, no text: the step is skipped with the reason, and the enrollment goes on."""
    enrollment, _ = await scripted.start(STOPPING, phone=None)
    assert await scripted.ended(enrollment) == ("completed", None)
    assert {job["cancel_reason"] for job in await scripted.jobs(enrollment)} == {"no address for sms"}
    assert provider.handed_over == []


# --- later ---------------------------------------------------------------------------------------------------


async def test_a_passing_error_is_tried_again_with_the_same_bytes(scripted: Rig, provider: ScriptedProvider) -> None:
    """The retry is visible as a gate with its time; the second hand-over is the first one's copy."""
    provider.answers.append(BUSY)
    enrollment, contact = await scripted.start(STOPPING)
    row = await scripted.arrives(enrollment, "first", gate="provider_retry")
    assert about(await scripted.now() + timedelta(seconds=15), row["next_run_at"])
    job = await scripted.job(enrollment, "first")
    assert (job["state"], job["gate"], job["held_until"], job["error_class"]) == (
        "pending",
        "provider_retry",
        row["next_run_at"],
        "transient",
    )
    # A name that changes meanwhile must not change a message that may have left.
    await scripted.execute("UPDATE contacts SET name = 'Somebody Else' WHERE id = $1", contact.id)
    assert await scripted.ended(enrollment) == ("completed", None)
    first, again, _ = provider.handed_over
    assert first == again
    job = await scripted.job(enrollment, "first")
    assert (job["state"], job["attempts"], job["error"], job["gate"]) == ("sent", 2, None, None)
    assert await _counters(scripted, "first") == {"sent": 1}


async def test_a_provider_names_its_own_time(scripted: Rig, provider: ScriptedProvider) -> None:
    """A Retry-After longer than the back-off is waited for."""
    provider.answers.append(TransientError("scripted", "slow down", retry_after=6 * HOUR))
    enrollment, _ = await scripted.start(STOPPING)
    row = await scripted.arrives(enrollment, "first", gate="provider_retry")
    assert about(await scripted.now() + 6 * HOUR, row["next_run_at"])


async def test_without_a_brake_a_refusal_of_us_fails_the_message_alone(
    scripted: Rig, provider: ScriptedProvider
) -> None:
    """The sequence goes on for others, and nobody's address is suppressed for what we are."""
    provider.answers.append(SenderRefusedError("scripted", "listed at zen.spamhaus.org", "550 5.7.1"))
    enrollment, _ = await scripted.start(
        GOING_ON.replace("on_failure: continue", "on_failure: continue\n    brake: off")
    )
    assert await scripted.ended(enrollment) == ("completed", None)
    assert (await scripted.job(enrollment, "first"))["state"] == "failed"
    assert await scripted.rows("SELECT FROM suppressions") == []
    [sequence] = await scripted.rows("SELECT status FROM sequences")
    assert sequence["status"] == "active"


@pytest.mark.parametrize("hours", [(21, 8), (8, 21)], ids=["night", "day"])
async def test_what_is_refused_for_the_hour_waits_for_the_morning(
    scripted: Rig, provider: ScriptedProvider, hours: tuple[int, int]
) -> None:
    """Until 8:00 by the contact's clock; where that shows day already, the provider knows another one: an hour."""
    now = await scripted.now()
    # `Etc/GMT+5` is five hours behind UTC; some of them has each hour of the day.
    zones = {(now.hour - behind) % 24: f"Etc/GMT{behind:+d}" for behind in range(-11, 13)}
    zone = zones[(hours[0] + 2) % 24]
    provider.answers.append(OutsideHoursError("scripted", "not at this hour", "30610"))
    enrollment, _ = await scripted.start(STOPPING, zones=(zone,))
    row = await scripted.arrives(enrollment, "first", gate="provider_retry")
    local = row["next_run_at"].astimezone(ZoneInfo(zone))
    if hours == (21, 8):
        assert (local.hour, local.minute) == (8, 0)
    else:
        assert about(await scripted.now() + HOUR, row["next_run_at"])
    assert await scripted.ended(enrollment) == ("completed", None)
    assert await scripted.rows("SELECT FROM suppressions") == []


async def test_a_retry_asks_every_gate_again(scripted: Rig, provider: ScriptedProvider) -> None:
    """An address that was suppressed since the first try is not tried again."""
    provider.answers.append(TransientError("scripted", "try later", retry_after=HOUR))
    enrollment, contact = await scripted.start(STOPPING)
    await scripted.arrives(enrollment, "first", gate="provider_retry")
    await scripted.execute(
        "INSERT INTO suppressions (tenant_id, channel, address, reason, at, created_at)"
        " VALUES (current_tenant(), 'sms', $1, 'complained', now(), now())",
        contact.phone,
    )
    await scripted.ended(enrollment)
    assert len(provider.handed_over) == 1
    assert (await scripted.job(enrollment, "first"))["cancel_reason"] == "suppressed"


async def test_trying_again_has_an_end(scripted: Rig, provider: ScriptedProvider) -> None:
    """After MAX_ATTEMPTS hand-overs the message has failed, and the failure policy decides."""
    provider.answers.extend([BUSY] * (MAX_ATTEMPTS + 5))
    enrollment, _ = await scripted.start(STOPPING)
    status, reason = await scripted.ended(enrollment)
    assert (status, reason) == ("failed", "first: transient (scripted 421)")
    text = f"first: given up after {MAX_ATTEMPTS} attempts: scripted 421: try later"
    assert (await scripted.enrollment(enrollment))["error"] == text
    job = await scripted.job(enrollment, "first")
    assert (job["state"], job["attempts"], job["error_class"]) == ("failed", MAX_ATTEMPTS, "transient")
    assert len(provider.handed_over) == MAX_ATTEMPTS


# --- not before somebody acts ---------------------------------------------------------------------------------


async def test_a_wrong_configuration_pauses_the_sequence_and_loses_nothing(
    scripted: Rig, provider: ScriptedProvider
) -> None:
    """Every contact would fail, so all are held; after the fix each message goes out."""
    key = await scripted.publish(STOPPING)
    both = await scripted.enroll(key, await scripted.contact(), await scripted.contact())
    for enrollment in both:
        await scripted.arrives(enrollment, "second")
    # Whichever comes second is held at its claim, or was handed over before the pause and fails alike.
    provider.answers.extend([ConfigurationError("scripted", "bad credentials", code="20003")] * 2)
    # Not at a full hour: those who are held look again then.
    await scripted.skip(3 * DAY + 1.5 * HOUR)
    for enrollment in both:
        row = await scripted.arrives(enrollment, "second", gate="sequence_paused")
        assert row["status"] == "running"
        assert (await scripted.job(enrollment, "second"))["state"] == "pending"
    classes = [(await scripted.job(enrollment, "second"))["error_class"] for enrollment in both]
    assert "configuration" in classes
    [sequence] = await scripted.rows("SELECT status, paused_reason FROM sequences")
    assert sequence["status"] == "paused"
    assert "scripted 20003: bad credentials" in sequence["paused_reason"]

    provider.answers.clear()
    went_on = await scripted.now()
    assert await standing.resume_sequence(scripted.engine, key) == 2
    for enrollment in both:
        assert await scripted.ended(enrollment) == ("completed", None)
        assert about(went_on, (await scripted.job(enrollment, "second"))["sent_at"])


async def test_a_sequence_that_somebody_holds_is_paused_by_the_next_attempt(
    scripted: Rig, provider: ScriptedProvider
) -> None:
    """Who enrolls people in it is not waited for with an enrollment held: the message is tried again soon."""
    key = await scripted.publish(STOPPING)
    contact = await scripted.contact()
    provider.answers.extend([ConfigurationError("scripted", "bad credentials", code="20003")] * 100)
    async with scripted.engine.transaction() as tx:
        await tx.execute("SELECT FROM sequences FOR SHARE")
        [enrollment] = await scripted.enroll(key, contact)
        await scripted.arrives(enrollment, "first", gate="provider_retry")
    await scripted.skip(HOUR / 4)
    await scripted.arrives(enrollment, "first", gate="sequence_paused")
    [sequence] = await scripted.rows("SELECT status FROM sequences")
    assert sequence["status"] == "paused"


async def test_a_channel_that_lost_its_provider_is_a_wrong_configuration(
    scripted: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker without the channel's provider holds the message instead of failing it."""

    def nobody(channel: Channel) -> Provider:
        raise NotReady(f"no provider is configured for {channel}")

    key = await scripted.publish(STOPPING)
    with monkeypatch.context() as unconfigured:
        unconfigured.setattr(scripted.engine.providers, "for_channel", nobody)
        # The process that enrolls has the provider: it would refuse otherwise.
        unconfigured.setattr(Registry, "must_carry", lambda registry, plan: None)
        [enrollment] = await scripted.enroll(key, await scripted.contact())
        await scripted.arrives(enrollment, "first", gate="sequence_paused")
    job = await scripted.job(enrollment, "first")
    assert (job["state"], job["attempts"], job["error_class"]) == ("pending", 0, "configuration")
    await standing.resume_sequence(scripted.engine, key)
    assert await scripted.ended(enrollment) == ("completed", None)


async def test_the_monitor_names_the_step_that_failed(scripted: Rig, provider: ScriptedProvider) -> None:
    """After a failure the flow builder's monitor shows the step that failed, not the last one that went well."""
    provider.answers.append(NEVER)
    enrollment, _ = await scripted.start(STOPPING)
    assert (await scripted.ended(enrollment))[0] == "failed"
    [row] = await scripted.rows("SELECT * FROM sequence_progress_monitor WHERE enrollment_id = $1", enrollment)
    assert (row["current_step"], row["step_status"], row["message_status"]) == ("first", "failed", "failed")
    assert "no such user" in row["error"]
