"""Delays until a moment: by the calendar, and relative to a date that the contact carries and may change."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from temporalio.client import Client

from starter.contacts.csv_file import Reading
from starter.contacts.imports import import_csv
from starter.runs import Runs
from tests.support.harness import DAY, HOUR, Rig, about
from tests.support.helpers import assert_eventually

REMINDER = """
    sequence: reminder
    steps:
      - {{id: before, type: delay, until: {{before: appointment_at, days: 2}}{policies}}}
      - {{id: remind, type: email, subject: Soon, body: Soon.}}
      - {{id: bye, type: email, subject: Bye, body: Bye.}}
"""


def reminder(policies: str = "") -> str:
    return REMINDER.format(policies=policies)


async def sent(rig: Rig, enrollment: UUID) -> list[str]:
    return [job["node_id"] for job in await rig.jobs(enrollment) if job["state"] == "sent"]


async def start(rig: Rig, days: float | None, policies: str = "", **fields: Any) -> tuple[UUID, datetime]:
    """Enroll a contact whose appointment is so many days away; answers when that is."""
    at = await rig.now() + timedelta(days=days or 0)
    attributes = {"appointment_at": at.isoformat()} if days is not None else {}
    enrollment, _ = await rig.start(reminder(policies), attributes=attributes, **fields)
    return enrollment, at


async def test_a_delay_ends_before_a_contacts_date(skipping: Rig) -> None:
    """Two days before the appointment."""
    enrollment, at = await start(skipping, 10)
    row = await skipping.arrives(enrollment, "before", gate="date")
    assert abs(row["next_run_at"] - (at - 2 * DAY)) <= HOUR
    assert await skipping.ended(enrollment) == ("completed", None)
    [delay] = [s for s in await skipping.steps(enrollment) if s["node_id"] == "before"]
    assert (delay["status"], delay["node_type"]) == ("success", "delay")
    assert abs(delay["completed_at"] - (at - 2 * DAY)) <= HOUR


@pytest.mark.parametrize("moved", [-4, 20])
async def test_a_date_that_changes_moves_the_wait(skipping: Rig, moved: int, tmp_path: Path) -> None:
    """An import that brings another date wakes whoever waits for it, to wait for less or for longer."""
    enrollment, at = await start(skipping, 10)
    await skipping.arrives(enrollment, "before", gate="date")
    [contact] = await skipping.rows("SELECT external_id, email FROM contacts")
    later = at + moved * DAY
    file = tmp_path / "moved.csv"
    file.write_text(
        f"external_id,email,appointment_at\n{contact['external_id']},{contact['email']},{later.isoformat()}\n"
    )
    engine = skipping.engine
    await import_csv(engine, file, Reading(default_region="US"))

    async def waits_anew() -> None:
        row = await skipping.enrollment(enrollment)
        assert abs(row["next_run_at"] - (later - 2 * DAY)) <= HOUR

    await assert_eventually(waits_anew)
    [word] = await skipping.rows("SELECT enrollment_id, signal, signalled_at FROM enrollment_signals")
    assert (word["enrollment_id"], word["signal"], word["signalled_at"] is not None) == (enrollment, "nudge", True)


async def test_an_import_is_done_although_nobody_hears_of_it(skipping: Rig, tmp_path: Path) -> None:
    """The date is in and word of it is left, for the reconciler to tell."""
    enrollment, at = await start(skipping, 10)
    await skipping.arrives(enrollment, "before", gate="date")
    [contact] = await skipping.rows("SELECT external_id, email FROM contacts")
    file = tmp_path / "moved.csv"
    file.write_text(f"external_id,email,appointment_at\n{contact['external_id']},{contact['email']},{at + DAY}\n")
    engine = skipping.engine
    nowhere = await Client.connect("127.0.0.1:1", lazy=True)
    deaf = replace(engine, runs=Runs(nowhere, engine.runs.task_queue, search_attributes=False))
    report = await import_csv(deaf, file, Reading(default_region="US"))
    assert report.updated == 1
    [word] = await skipping.rows("SELECT enrollment_id, signalled_at FROM enrollment_signals")
    assert word == {"enrollment_id": enrollment, "signalled_at": None}


@pytest.mark.parametrize(
    ("days", "policies", "ending", "mails"),
    [
        (None, "", ("stopped", "date_missing"), []),
        (None, ", if_missing: continue", ("completed", None), ["remind", "bye"]),
        (None, ", if_missing: skip", ("completed", None), ["bye"]),
        (1, "", ("completed", None), ["remind", "bye"]),
        (1, ", if_passed: stop", ("stopped", "date_passed"), []),
        (1, ", if_passed: skip", ("completed", None), ["bye"]),
    ],
)
async def test_a_missing_or_past_date_does_what_its_policy_says(
    skipping: Rig, days: float | None, policies: str, ending: tuple[str, str | None], mails: list[str]
) -> None:
    """Go on at once, stop, or also pass over the step that follows, which is then recorded as skipped."""
    enrollment, _ = await start(skipping, days, policies)
    assert await skipping.ended(enrollment) == ending
    assert await sent(skipping, enrollment) == mails
    if "skip" in policies:
        [step] = [s for s in await skipping.steps(enrollment) if s["node_id"] == "remind"]
        assert step["status"] == "skipped"


@pytest.mark.parametrize("written", ["12/24/2026", "24.12.2026", "2027-02-29"])
async def test_a_date_that_cannot_be_read_is_told_from_a_missing_one(skipping: Rig, written: str) -> None:
    """What was written is there to be fixed; the policy is that of a missing date."""
    enrollment, _ = await skipping.start(reminder(), attributes={"appointment_at": written})
    assert await skipping.ended(enrollment) == ("stopped", "date_unreadable")


async def test_business_days_weekdays_and_times_of_day_are_waited_for(skipping: Rig) -> None:
    """Each kind of delay in its own step, by the contact's clock."""
    enrollment, _ = await skipping.start("""
        sequence: calendar
        steps:
          - {id: business, type: delay, business_days: 2}
          - {id: monday, type: delay, until: monday 09:00}
          - {id: noon, type: delay, until: "12:00"}
          - {id: mail, type: email, subject: A, body: B}
    """)
    assert await skipping.ended(enrollment) == ("completed", None)
    steps = {step["node_id"]: step for step in await skipping.steps(enrollment)}
    assert {step["status"] for step in steps.values()} == {"success"}
    noon = steps["noon"]["completed_at"]
    assert (noon.weekday(), noon.hour) in {(0, 16), (0, 17)}  # noon in New York, whatever its offset
    assert about(noon, steps["mail"]["completed_at"])
