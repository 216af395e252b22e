"""The demo's audit: it passes only what is as it should be."""

from dataclasses import replace
from uuid import UUID, uuid5

import pytest

from authoring.check import check
from cli.demo.story import CONTACTS, CONTACTS_FILE, SCRIPT, SEQUENCE_FILE, Progress, problems
from domain.contact import Contact
from domain.enrollment import EnrollmentStatus
from starter.contacts.csv_file import ContactFile, Reading
from store.analytics.analytics import Counts, StepStats
from store.enrollments.executions import StatusCount
from store.enrollments.record import LedgerLine

_STEPS = ("hello", "nudge", "last-note")
_SPACE = UUID(int=1)


def job(contact: str, index: int, state: str, status: str, reason: str | None, answered: int | None) -> LedgerLine:
    job_id = uuid5(_SPACE, f"{contact}{index}")
    return LedgerLine(
        job_id, uuid5(_SPACE, contact), _STEPS[index], 2 * index, state, "x", contact, status, reason, answered
    )


def good() -> Progress:
    """A run as it should be."""
    ledger = []
    for n in range(1, CONTACTS + 1):
        contact = f"T{n:02}"
        line = next((line for line in SCRIPT if line.contact == contact), None)
        if line is None:
            ledger += [job(contact, i, "sent", "completed", None, None) for i in range(3)]
        else:
            last = _STEPS.index(line.after)
            ledger += [job(contact, i, "sent", "stopped", line.reason, 2 * last) for i in range(last + 1)]
            ledger.append(job(contact, last + 1, "cancelled", "stopped", line.reason, 2 * last))
    steps = [
        StepStats(
            step=step,
            type="email",
            number=2 * i + 1,
            last_version=1,
            **dict.fromkeys(Counts.model_fields, 0)
            | {
                "sent": sum(j.step == step and j.state == "sent" for j in ledger),
                "cancelled": sum(j.step == step and j.state == "cancelled" for j in ledger),
                "responses": sum(line.after == step for line in SCRIPT),
            },
        )
        for i, step in enumerate(_STEPS)
    ]
    statuses = [
        StatusCount(status=EnrollmentStatus("completed"), reason=None, enrollments=22),
        StatusCount(status=EnrollmentStatus("stopped"), reason="replied", enrollments=2),
        StatusCount(status=EnrollmentStatus("stopped"), reason="unsubscribed", enrollments=1),
    ]
    return Progress(statuses, steps, ledger, SCRIPT)


def outbox(standing: Progress) -> list[UUID]:
    return [job.id for job in standing.ledger if job.state == "sent"]


def test_a_run_as_it_should_be_has_no_problem() -> None:
    """22 completed, 2 replied, 1 unsubscribed, and every record agrees."""
    assert problems(good(), outbox(good())) == []


def test_a_message_lost_or_sent_twice_is_a_problem() -> None:
    """The outbox is counted job by job against the ledger."""
    handed_over = outbox(good())
    assert problems(good(), handed_over[1:])
    assert problems(good(), [*handed_over, handed_over[0]])


def test_an_enrollment_that_ended_otherwise_is_a_problem() -> None:
    """Statuses and reasons are counted exactly."""
    end = good()
    assert problems(
        replace(end, statuses=[StatusCount(status=EnrollmentStatus("completed"), reason=None, enrollments=25)]),
        outbox(end),
    )


def test_a_message_after_the_answer_is_a_problem() -> None:
    """Nothing follows a reply."""
    end = good()
    late = [replace(j, state="sent") if j.state == "cancelled" else j for j in end.ledger]
    assert any("all the same" in p for p in problems(replace(end, ledger=late), [j.id for j in late]))


@pytest.mark.parametrize("state", ["pending", "sending", "failed", "ambiguous"])
def test_an_unsettled_or_failed_message_is_a_problem(state: str) -> None:
    """At the end every message is sent or cancelled."""
    end = good()
    assert problems(replace(end, ledger=[replace(end.ledger[0], state=state), *end.ledger[1:]]), outbox(end))


def test_counters_that_disagree_with_the_ledger_are_a_problem() -> None:
    """Exact means exact."""
    end = good()
    assert problems(replace(end, steps=[end.steps[0].model_copy(update={"sent": 24}), *end.steps[1:]]), outbox(end))


def test_the_example_files_are_what_the_demo_expects() -> None:
    """A sound sequence with the script's steps, and 25 good contacts, the script's among them."""
    checked = check(SEQUENCE_FILE.read_bytes())
    assert checked.ok
    assert tuple(content.node_id for content in checked.contents) == _STEPS
    with ContactFile(CONTACTS_FILE, Reading(default_region="US")) as file:
        people = list(file)
    assert len(people) == CONTACTS
    assert {line.contact for line in SCRIPT} <= {p.external_id for p in people if isinstance(p, Contact)}
    assert all(isinstance(p, Contact) and "tour" in p.triggers for p in people)
