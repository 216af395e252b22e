"""Statuses and gates in words."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.enrollment import EnrollmentState, EnrollmentStatus, Gate
from starter import humanize
from store.enrollments.record import EnrollmentRow

NOW = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)


def row(status: str, *, reason: str | None = None, error: str | None = None, gate: str | None = None) -> EnrollmentRow:
    return EnrollmentRow(
        *(UUID(int=1), "s", 1, "C1", None, status, reason, error, "next-step", NOW, gate),
        *(None, None, None, "manual", NOW, NOW, None, "active", None, False, 0),
    )


@pytest.mark.parametrize(
    ("enrollment", "said"),
    [
        (row("pending"), "pending: enrolled and not started yet; next-step is next"),
        (row("running"), "running: next-step is next"),
        (row("running", gate="window"), "running: next-step is next, held back by its window of allowed hours"),
        (row("paused", gate="enrollment_paused"), "paused before next-step"),
        (row("completed"), "completed"),
        (row("completed", reason="qualified"), "completed: qualified"),
        (row("stopped", reason="replied"), "stopped: replied"),
        (row("cancelled"), "cancelled"),
        (row("failed", error="hello: smtp 550: no such user"), "failed: hello: smtp 550: no such user"),
    ],
)
def test_a_status_says_what_became_of_the_enrollment(enrollment: EnrollmentRow, said: str) -> None:
    """With its reason, error or gate."""
    assert humanize.state_of(enrollment) == said


@pytest.mark.parametrize("gate", list(Gate))
def test_every_gate_has_words(gate: Gate) -> None:
    """A new gate without words would leave `show` without an answer."""
    assert humanize.held_by(gate).startswith("held back")


def test_local_time_is_told_by_the_offset_of_its_day() -> None:
    """An hour apart in UTC can be two on the wall."""
    assert humanize.local(NOW, "America/New_York") == "Sun 08 Mar 01:30 in America/New_York"
    assert humanize.local(NOW + timedelta(hours=1), "America/New_York") == "Sun 08 Mar 03:30 in America/New_York"


def test_a_command_answers_with_the_state_that_it_led_to() -> None:
    """What is left of a wait, or when the next step comes."""
    paused = EnrollmentState(status=EnrollmentStatus.PAUSED, node_id="b", remaining_seconds=90061)
    assert humanize.state_answered(paused) == "paused before b; 1 day, 1:01:01 of its wait are left"
    running = EnrollmentState(status=EnrollmentStatus.RUNNING, node_id="b", at=NOW)
    assert humanize.state_answered(running) == "running; b is next at 2026-03-08 06:30:00 UTC"
    assert (
        humanize.state_answered(EnrollmentState(status=EnrollmentStatus.STOPPED, reason="manual")) == "stopped: manual"
    )
