"""What the steps and settings of a sequence must mean to each other.

The rules read the raw data, typed by looking: a fault in one key hides no fault in another.
"""

import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from authoring.explain import empty_message, hint_for, suggestion
from authoring.report import Report
from content.compose import MAX_TEXT
from content.liquid import literal_length, problems
from domain.compiler import END, same_subject
from domain.diagnostics import Path
from domain.fields import as_tuple
from scheduling.calendars import is_calendar
from scheduling.zones import is_zone

BRANCHES: Mapping[str, tuple[str, ...]] = {"condition": ("then", "else"), "wait_for": ("then", "else")}
_MESSAGES = ("email", "sms", "whatsapp")
_TEMPLATES: Mapping[str, Mapping[str, int]] = {
    "email": {"subject": 998, "body": 1024 * 1024, "html": 1024 * 1024},
    "sms": {"body": MAX_TEXT, "media_url": 2000},
    "whatsapp": {"body": MAX_TEXT, "media_url": 2000},
}
"""Characters that each channel takes: a header line by RFC 5322, a text by Twilio."""
_ONE_LINE = ("subject", "media_url")


@dataclass(frozen=True, slots=True)
class Placed:
    """A step and its place in the file."""

    path: Path
    data: dict[str, Any]

    @property
    def type(self) -> object:
        """What the author wrote as type, right or wrong."""
        return self.data.get("type")

    @property
    def id(self) -> str | None:
        """The author's id, when it is text."""
        return self.text("id")

    def text(self, key: str) -> str | None:
        """A key's value, when it is text."""
        value = self.data.get(key)
        return value if isinstance(value, str) else None


def placed_steps(steps: object, path: Path) -> Iterator[Placed]:
    """Every step in the author's order, those of branches after the step that branches."""
    if not isinstance(steps, list):
        return
    for index, data in enumerate(steps):
        if not isinstance(data, dict):
            continue
        here = (*path, index)
        yield Placed(here, data)
        for key, inner in branches(data):
            yield from placed_steps(inner, (*here, *key))


def branches(data: Mapping[str, Any]) -> Iterator[tuple[Path, object]]:
    """The lists of steps inside a step, with their places."""
    kind = data.get("type")
    for key in BRANCHES.get(kind, ()) if isinstance(kind, str) else ():
        yield (key,), data.get(key)
    variants = data.get("variants") if kind == "split" else None
    for index, variant in enumerate(variants if isinstance(variants, list) else ()):
        if isinstance(variant, dict):
            yield ("variants", index, "steps"), variant.get("steps")


def apply_rules(document: Mapping[str, Any], steps: Sequence[Placed], report: Report) -> None:
    """Report everything that the shape of the format cannot say."""
    _ids(steps, report)
    _threads(steps, report)
    _reachable(document.get("steps"), ("steps",), report)
    _window(document.get("window"), ("window",), report)
    for step in steps:
        _window(step.data.get("window"), (*step.path, "window"), report)
        _templates(step, report)
    if steps and not any(step.type in _MESSAGES for step in steps):
        report.warning(("steps",), "no step sends a message", "add an email or sms step")


def _ids(steps: Sequence[Placed], report: Report) -> None:
    first: dict[str, int] = {}
    for step in steps:
        path = (*step.path, "id")
        if step.id is None:
            continue
        if step.id == END:
            report.error(path, f"the id `{END}` is reserved for the sequence's own end", "choose another id")
        if step.id in first:
            message = f"the id `{step.id}` is used twice, first on line {first[step.id]}"
            report.error(path, message, "give each step an id of its own")
        first.setdefault(step.id, report.line(path))


def _threads(steps: Sequence[Placed], report: Report) -> None:
    by_id = {step.id: step for step in reversed(steps) if step.id}
    position = {step.path: index for index, step in enumerate(steps)}
    roots: dict[str, str] = {}  # email id → the subject that its conversation began with
    for step in steps:
        if step.type != "email":
            continue
        subject, thread, path = step.text("subject"), step.data.get("thread"), (*step.path, "thread")
        if thread is None:
            if "subject" not in step.data:
                report.error((*step.path, "subject"), "`subject` is missing", hint_for("subject"))
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
        elif position[target.path] >= position[step.path]:
            report.error(path, f"step `{thread}` does not come before this one", hint_for("thread"))
        elif root := roots.get(thread):
            if step.id:
                roots.setdefault(step.id, root)
            if subject and not same_subject(subject, root):
                report.warning(
                    (*step.path, "subject"),
                    "the subject differs from the thread's, so mailboxes will not show them as one conversation",
                    f"leave `subject` out, or write `{root.strip()}`",
                )


def _reachable(steps: object, path: Path, report: Report) -> None:
    if not isinstance(steps, list):
        return
    exits = [i for i, data in enumerate(steps[:-1]) if isinstance(data, dict) and data.get("type") == "exit"]
    if exits:
        line = report.line((*path, exits[0]))
        message = f"this step can never be reached: the exit on line {line} ends every path to it"
        report.error((*path, exits[0] + 1), message, "remove the steps after the exit, or the exit")
    for index, data in enumerate(steps):
        for key, inner in branches(data) if isinstance(data, dict) else ():
            _reachable(inner, (*path, index, *key), report)


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


def _templates(step: Placed, report: Report) -> None:
    for key, limit in _TEMPLATES.get(str(step.type), {}).items():
        text, path = step.text(key), (*step.path, key)
        if text is None or report.full:
            continue
        if not text.strip():
            report.settle(path, empty_message(key), hint_for(key))
            continue
        for problem in problems(text, email_body=step.type == "email" and key != "subject"):
            report.error(path, problem.message, problem.hint, offset=problem.line)
        # The end of a block's only line is no break.
        if key in _ONE_LINE and len(text.splitlines()) > 1:
            report.error(path, f"`{key}` has a line break: it must be one line", hint_for(key), offset=0)
        length = literal_length(text)
        if length > limit:
            report.error(path, f"`{key}` has {length:,} characters, {step.type} takes {limit:,}", "shorten it")
        if key == "media_url" and not text.startswith(("https://", "http://", "{{")):
            report.error(path, "`media_url` is no web address", hint_for(key))
