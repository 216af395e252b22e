"""What `show` says of one enrollment."""

from collections.abc import Mapping

from rich.console import RenderableType

from cli.terminal import output
from domain.enrollment import EnrollmentStatus, Gate
from starter import humanize
from store.enrollments.record import EnrollmentReport, JobRecord

_LONGEST_RESULT = 200
"""Characters of one thing that a step's record keeps."""


def text(report: EnrollmentReport) -> list[RenderableType]:
    """An enrollment's record as lines for people."""
    return [
        *_head(report),
        output.line(""),
        _steps(report),
        *_messages(report),
        *_responses(report),
        *_trouble(report),
    ]


def _head(report: EnrollmentReport) -> list[RenderableType]:
    row, contact = report.enrollment, report.contact
    who = [contact.name, contact.company, contact.email, contact.phone]
    lines = {
        "enrollment": str(row.id),
        "contact": f"{contact.external_id}  {', '.join(part for part in who if part)}",
        "sequence": f"{row.sequence} v{row.version}",
        "status": humanize.state_of(row),
        "enrolled": f"{humanize.utc(row.enrolled_at)} ({row.source})" + (", a test run" if row.is_test else ""),
    }
    for move in report.moves:
        was, now = f"v{move.from_version} ({move.from_step})", f"v{move.to_version} ({move.to_step})"
        lines["moved"] = f"{humanize.utc(move.at)}, moved from {was} to {now}"
    for again in report.retries:
        lines["retried"] = f"{humanize.utc(again.retried_at)}, number {again.number}, at {again.step}"
    if row.ended_at:
        begun = [job.step for job in report.messages if job.had_begun]
        lines["ended"] = humanize.utc(row.ended_at) + (f"; {', '.join(begun)} had begun to leave" if begun else "")
    if row.current_node:
        lines["next"] = _next(report)
    if row.gate:
        lines["held"] = _held(report)
    parts: list[RenderableType] = [output.line(f"{name + ':':<12}{value}") for name, value in lines.items()]
    if row.sequence_status == "paused" and EnrollmentStatus(row.status) is EnrollmentStatus.RUNNING:
        why = f"THE SEQUENCE IS PAUSED, no message goes out: {row.paused_reason}"
        parts.append(output.line(why, "bold yellow"))
    return parts


def _held(report: EnrollmentReport) -> str:
    row, zone = report.enrollment, report.contact.home_zone
    why = humanize.held_by(row.gate)
    if row.next_run_at is None:
        return why
    if row.gate == Gate.POSTPONED and row.not_before:
        return f"{why} until {humanize.day(row.not_before, zone)}, next at {humanize.local(row.next_run_at, zone)}"
    if report.laws:
        why += f": {'; '.join(f'{law.rule} ({law.source})' for law in report.laws)}"
    return f"{why}, until {humanize.utc(row.next_run_at)}"


def _next(report: EnrollmentReport) -> str:
    row, zone = report.enrollment, report.contact.home_zone
    if row.next_run_at is None:
        return f"{row.current_node}, when somebody acts"
    others = len(report.contact.zones) - 1
    possible = f" (the first of {others + 1} zones that the contact may be in)" if others > 0 else ""
    if not report.contact.zones:
        possible = " (the tenant's zone: the contact's is not known)"
    return f"{row.current_node} at {humanize.utc(row.next_run_at)}, {humanize.local(row.next_run_at, zone)}{possible}"


def _steps(report: EnrollmentReport) -> RenderableType:
    if not report.steps:
        return output.line("no step has been planned yet")
    return output.table(
        "Steps",
        ("#", "step", "type", "status", "due (UTC)", "started (UTC)", "completed (UTC)", "result"),
        (
            (
                s.number,
                s.step,
                s.type,
                s.status,
                humanize.clock(s.due_at),
                humanize.clock(s.started_at),
                humanize.clock(s.completed_at),
                result_of(s.result),
            )
            for s in report.steps
        ),
        right="#",
    )


def result_of(kept: Mapping[str, object]) -> str:
    """What a step's record keeps, short enough to be read: a webhook's answer may be long, and --json has all of it."""
    return ", ".join(f"{key}: {_shortened(value)}" for key, value in kept.items() if value is not None)


def _shortened(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST_RESULT else f"{text[:_LONGEST_RESULT]}…"


def _messages(report: EnrollmentReport) -> list[RenderableType]:
    if not report.messages:
        return []
    return [
        output.line(""),
        output.table(
            "Messages",
            ("#", "step", "channel", "to", "state", "sent (UTC)", "provider", "attempts", "heard", "remarks"),
            (
                (
                    job.number,
                    job.step,
                    job.channel,
                    job.recipient,
                    job.state,
                    humanize.clock(job.sent_at),
                    job.provider,
                    job.attempts,
                    _heard(job),
                    _remarks(job),
                )
                for job in report.messages
            ),
            right="# attempts",
        ),
    ]


def _heard(job: JobRecord) -> str:
    """What became of it, as far as anybody reported."""
    heard = [
        job.delivery,
        "opened" if job.opened_at else "opened by a machine" if job.machine_opened_at else None,
        "clicked" if job.clicked_at else "clicked by a machine" if job.machine_clicked_at else None,
        "unsubscribed" if job.unsubscribed_at else None,
        "answered" if job.answered_at else None,
    ]
    return ", ".join(word for word in heard if word)


def _remarks(job: JobRecord) -> str:
    remarks = [
        job.error and f"{job.error_class}: {job.error}",
        job.cancel_reason,
        "assumed to be sent" if job.assumed else None,
        job.overtaken_at and f"had begun to leave at {humanize.utc(job.overtaken_at)}" if job.had_begun else None,
    ]
    if job.state in ("pending", "sending") and job.gate:
        remarks.append(humanize.held_by(job.gate))
    return "; ".join(remark for remark in remarks if remark)


def _responses(report: EnrollmentReport) -> list[RenderableType]:
    if not report.responses:
        return []
    return [
        output.line(""),
        output.table(
            "Responses",
            ("at (UTC)", "to step", "kind", "channel", "from", "text"),
            (
                (
                    humanize.clock(r.at),
                    f"{r.step_number} ({r.step})" if r.step else "none was sent",
                    r.kind,
                    r.channel,
                    r.address,
                    r.body,
                )
                for r in report.responses
            ),
        ),
    ]


def _trouble(report: EnrollmentReport) -> list[RenderableType]:
    lines = [
        f"suppressed: {s.channel} to {s.address or 'whichever address the contact has'}"
        f" since {humanize.utc(s.created_at)}"
        f" ({s.reason})"
        for s in report.suppressions
    ]
    lines += [
        f"row and workflow disagree since {humanize.utc(f.found_at)}: {f.kind}: {f.detail}"
        for f in report.disagreements
    ]
    return [output.line(""), *(output.line(text, "bold yellow") for text in lines)] if lines else []
