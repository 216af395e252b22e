"""What the steps and settings of a sequence must mean to each other.

The rules read the raw data, typed by looking: a fault in one key hides no fault in another.
"""

import zoneinfo
from collections.abc import Mapping, Sequence
from typing import Any

from authoring.cases import check_cases
from authoring.conditions import check_condition, check_constant, check_goal
from authoring.explain import hint_for, suggestion
from authoring.language.compiler import same_subject
from authoring.language.flow import END
from authoring.placed import MESSAGES, Placed
from authoring.report import Report
from authoring.texts import check_texts
from domain.diagnostics import Path
from domain.enrollment import BEFELL
from domain.fields import as_tuple
from scheduling.calendars import is_calendar
from scheduling.zones import is_zone


def apply_rules(document: Mapping[str, Any], steps: Sequence[Placed], report: Report) -> None:
    """Report everything that the shape of the format cannot say of single steps and of their names."""
    _ids(steps, report)
    _threads(steps, report)
    _window(document.get("window"), ("window",), report)
    check_condition(document.get("goal"), ("goal",), steps, report)
    check_goal(document.get("goal"), ("goal",), report)
    check_cases(document, steps, report)
    for step in steps:
        _window(step.data.get("window"), step.at("window"), report)
        check_texts(step, report)
        _single(step, document, steps, report)
    if steps and not any(step.type in MESSAGES for step in steps):
        place = ("nodes",) if steps[0].node else ("steps",)
        report.warning(place, "no step sends a message", "add an email or sms step")


def _ids(steps: Sequence[Placed], report: Report) -> None:
    first: dict[str, int] = {}
    for step in steps:
        path = step.at("id")
        if step.id is None:
            continue
        # A graph may draw the sequence's own end, which says nothing.
        drawn = step.node is not None and step.data == {"type": "exit", "id": END}
        if step.id == END and not drawn:
            report.error(path, f"the id `{END}` is reserved for the sequence's own end", "choose another id")
        if step.id in first:
            message = f"the id `{step.id}` is used twice, first on line {first[step.id]}"
            report.error(path, message, "give each step an id of its own")
        first.setdefault(step.id, report.line(path))


def _threads(steps: Sequence[Placed], report: Report) -> None:
    by_id = {step.id: step for step in reversed(steps) if step.id}
    position = {step.path: index for index, step in enumerate(steps)}
    roots: dict[str, str] = {}  # email id → the subject that its conversation began with
    for step in sorted(steps, key=lambda step: step.node is not None and "thread" in step.data):
        if step.type != "email":
            continue
        subject, thread, path = step.text("subject"), step.data.get("thread"), step.at("thread")
        if thread is None:
            if "subject" not in step.data:
                report.error(step.at("subject"), "`subject` is missing", hint_for("subject"))
            if step.id and subject:
                roots.setdefault(step.id, subject)
            continue
        if not isinstance(thread, str):
            continue
        target = by_id.get(thread)
        if target is None:
            hint = suggestion(thread, roots, "emails before this one") if roots else hint_for("thread")
            report.error(path, f"there is no step `{thread[:60]}`", hint)
        elif target.type != "email":
            report.error(path, f"step `{thread}` is no email: it is of type {target.type}", hint_for("thread"))
        elif step.node is None and position[target.path] >= position[step.path]:
            report.error(path, f"step `{thread}` does not come before this one", hint_for("thread"))
        elif root := roots.get(thread):
            if step.id:
                roots.setdefault(step.id, root)
            if subject and not same_subject(subject, root):
                report.warning(
                    step.at("subject"),
                    "the subject differs from the thread's, so mailboxes will not show them as one conversation",
                    f"leave `subject` out, or write `{root.strip()}`",
                )


def _single(step: Placed, document: Mapping[str, Any], steps: Sequence[Placed], report: Report) -> None:
    """What a step says of itself and of other names."""
    match step.type:
        case "condition":
            check_condition(step.data.get("if"), step.at("if"), steps, report)
            check_constant(step.data.get("if"), step.at("if"), report)
        case "goto" if step.node is None:
            _goto(step, steps, report)
        case "split":
            _variants(step, report)
        case "task" if step.data.get("lapsed") and "lapse" not in step.data:
            report.error(step.at("lapsed"), "a task without `lapse` never lapses", hint_for("lapse"))
        case "action" if step.data.get("action") == "enroll" and step.text("sequence") == document.get("sequence"):
            hint = "a `goto` leads back; a contact has one live enrollment in a sequence"
            report.error(step.at("sequence"), "a sequence cannot enroll into itself", hint)
        case "exit" | "action":
            _reason(step, report)


def _reason(step: Placed, report: Report) -> None:
    reason = (step.text("reason") or "").strip()
    if reason in BEFELL:
        message = f"the reason `{reason}` is given by what happens, and counted as that"
        report.error(step.at("reason"), message, "say it in other words, such as `reason: moved on`")


def _goto(step: Placed, steps: Sequence[Placed], report: Report) -> None:
    target = step.text("step")
    ids = [other.id for other in steps if other.id]
    # What an unnamed step is called is known once every step has its shape.
    if target is not None and "." not in target and target not in (*ids, END):
        report.error(step.at("step"), f"there is no step `{target[:60]}`", suggestion(target, ids, "steps"))
    elif target is not None and target == step.id:
        report.error(step.at("step"), "a goto cannot lead to itself", "name another step")


def _variants(step: Placed, report: Report) -> None:
    variants = step.data.get("variants")
    seen: set[str] = set()
    for index, variant in enumerate(variants if isinstance(variants, list) else ()):
        name = variant.get("id") if isinstance(variant, dict) else None
        if isinstance(name, str) and name in seen:
            message = f"the variant `{name[:60]}` is there twice"
            report.error(step.at("variants", index, "id"), message, "give each variant an id of its own")
        elif isinstance(name, str):
            seen.add(name)


def _window(window: object, path: Path, report: Report) -> None:
    if not isinstance(window, dict):
        return
    zone = window.get("timezone")
    if isinstance(zone, str) and zone.strip() and zone not in ("contact", "tenant") and not is_zone(zone):
        near = suggestion(zone, zoneinfo.available_timezones(), "zones")
        hint = near if near.startswith("did") else hint_for("timezone")
        report.error((*path, "timezone"), f"`{zone[:60]}` is not a time zone", hint)
    calendars = as_tuple(window.get("holidays", ()))
    for index, name in enumerate(calendars if isinstance(calendars, list | tuple) else ()):
        if isinstance(name, str) and name.strip() and not is_calendar(name):
            place = (*path, "holidays", index) if isinstance(calendars, list) else (*path, "holidays")
            report.error(place, f"`{name[:60]}` is not a holiday calendar", hint_for("holidays"))
