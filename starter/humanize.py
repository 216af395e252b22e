"""Statuses, gates and times as people say them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from domain.enrollment import EnrollmentState, EnrollmentStatus, Gate
from store.enrollments.record import EnrollmentRow

_ACTIONS = {
    "email": "Send email",
    "sms": "Send SMS",
    "whatsapp": "Send WhatsApp",
    "delay": "Wait",
    "wait_for": "Wait for an event",
    "condition": "Check a condition",
    "split": "Split",
    "action": "Change something",
    "webhook": "Call a webhook",
    "task": "Task for a person",
    "goto": "Go to a step",
    "exit": "End",
}

_HELD = {
    Gate.WINDOW: "held back by its window of allowed hours",
    Gate.LAW: "held back by the quiet hours of the law where the contact is",
    Gate.ENROLLMENT_PAUSED: "held back: the enrollment is paused",
    Gate.SEQUENCE_PAUSED: "held back: its sequence is paused",
    Gate.PROVIDER_RETRY: "held back: the provider could not take it, and is tried again",
    Gate.RECONCILE: "held back: the provider is being asked whether it has the message already",
    Gate.AMBIGUOUS: "held back: nobody knows whether it was sent; send-now sends it again, assume-sent goes on",
    Gate.POSTPONED: "held back: the contact is away",
    Gate.REVIEW: "held back until a person decides whether an answer was an opt-out (reviews)",
    Gate.INBOX: "held back for a moment: something came in that may be the contact's",
    Gate.DATE: "held back until a date that the contact carries, which may change",
    Gate.EVENT: "held back until what it waits for happens, at most until then",
    Gate.TASK: "held back until a person has done the task",
}


def utc(at: datetime | None) -> str:
    """`2026-11-21 09:30:00 UTC`."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else ""


def clock(at: datetime | None) -> str:
    """A UTC time without its zone, for a column whose head names it; empty for None."""
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""


def local(at: datetime, zone: str) -> str:
    """`Mon 23 Nov 09:30 in America/Denver`."""
    return f"{at.astimezone(ZoneInfo(zone)):%a %d %b %H:%M} in {zone}"


def day(at: datetime, zone: str) -> str:
    """`Mon 23 Nov` there."""
    return f"{at.astimezone(ZoneInfo(zone)):%a %d %b}"


def remaining(seconds: float) -> str:
    """`2 days, 3:04:05`."""
    return str(timedelta(seconds=round(seconds)))


def held_by(gate: str | None) -> str:
    """What holds a message back; empty when it is the author's delay alone."""
    return _HELD[Gate(gate)] if gate else ""


def state_of(row: EnrollmentRow) -> str:
    """How an enrollment stands, in a few words."""
    match EnrollmentStatus(row.status):
        case EnrollmentStatus.COMPLETED:
            return "completed" + (f": {row.reason}" if row.reason else "")
        case EnrollmentStatus.STOPPED | EnrollmentStatus.CANCELLED:
            return row.status + (f": {row.reason}" if row.reason else "")
        case EnrollmentStatus.FAILED:
            return f"failed: {row.error}"
        case EnrollmentStatus.PAUSED:
            return f"paused before {row.current_node}"
        case EnrollmentStatus.PENDING:
            return f"pending: enrolled and not started yet; {row.current_node} is next"
        case EnrollmentStatus.RUNNING:
            return f"running: {row.current_node} is next" + (f", {held_by(row.gate)}" if row.gate else "")


def state_answered(state: EnrollmentState) -> str:
    """How an enrollment stands after a command, by its workflow's account."""
    if state.node_id is None:
        return f"{state.status}" + (f": {state.reason}" if state.reason else "")
    if state.status is EnrollmentStatus.PAUSED:
        left = f"; {remaining(state.remaining_seconds)} of its wait are left" if state.remaining_seconds else ""
        return f"paused before {state.node_id}{left}"
    when = f" at {utc(state.at)}" if state.at else ""
    why = f", {held_by(state.gate)}" if state.gate else ""
    return f"{state.status}; {state.node_id} is next{when}{why}"


def action(step_type: str | None) -> str | None:
    """`Send email` for `email`; a type that is not known stays as it is."""
    return None if step_type is None else _ACTIONS.get(step_type, step_type)
