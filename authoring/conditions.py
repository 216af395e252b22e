"""What a condition must mean beside the steps: it asks about messages that are there, and events that can be heard."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import TypeAdapter, ValidationError

from authoring.explain import hint_for, suggestion
from authoring.placed import MESSAGES, Placed
from authoring.report import Report
from domain.condition import WORDS, AskedEvent
from domain.diagnostics import Path

_read_event = TypeAdapter[str](AskedEvent).validate_python
_NEAR = 0.8
_ALWAYS = ("always", "if_always")


def check_condition(condition: object, path: Path, steps: Sequence[Placed], report: Report) -> None:
    """The steps that a condition names must be there, and send something that can be answered or opened."""
    for place, test in _tests(condition, path):
        own, step = _own_event(test), test.get("step")
        if own is not None and step is not None:
            message = f"`{own}` is an event of your own, which is about no step"
            report.error((*place, "step"), message, "leave `step` out; `since` narrows it to a time")
        elif isinstance(step, str):
            _named(step, (*place, "step"), steps, report)
        if own is not None and (near := get_close_matches(own, WORDS, 1, _NEAR)):
            message = f"`{own}` is an event of your own: it happens when your system posts it"
            report.warning((*place, "event"), message, f"did you mean `{near[0]}`?")
        elif own is not None and (event := own.removeprefix("not_")) != own:
            message = f"`{own}` is an event of your own of that very name, not that `{event}` has not happened"
            report.warning((*place, "event"), message, f"write `{{not: {{event: {event}}}}}`, if that is meant")


def check_goal(goal: object, path: Path, report: Report) -> None:
    """A goal that no contact can change ends every enrollment at once, or never one."""
    outcome = constant(goal)
    if outcome is True:
        report.error(path, "the goal is always reached: nobody would get anything", hint_for("goal"))
    elif outcome is False:
        report.error(path, "the goal can never be reached", f"remove it, or write {hint_for('goal')}")


def constant(condition: object) -> bool | None:
    """What a condition always is, by its shape alone; None: it depends on the contact."""
    if (condition["event"] if isinstance(condition, dict) and "event" in condition else condition) in _ALWAYS:
        return True
    if not isinstance(condition, dict):
        return None
    if "not" in condition:
        inner = constant(condition["not"])
        return None if inner is None else not inner
    for key, decides in (("any", True), ("all", False)):
        parts = condition.get(key)
        if isinstance(parts, list) and parts:
            outcomes = [constant(part) for part in parts]
            if decides in outcomes or _has_opposites(parts):
                return decides
            return None if None in outcomes else not decides
    return None


def _has_opposites(parts: list[object]) -> bool:
    """Whether exactly one of two of them holds, whatever the contact is."""
    signed = [_signed(part) for part in parts]
    return any((shape, not holds) in signed for shape, holds in signed)


def _signed(condition: object) -> tuple[object, bool]:
    """The plain question, and whether it is asked for yes."""
    if isinstance(condition, str):
        return _signed({"event": condition})
    if not isinstance(condition, dict):
        return condition, True
    match condition:
        case {"not": inner}:
            shape, holds = _signed(inner)
            return shape, not holds
        case {"event": str(word)}:
            event = word.removeprefix("if_")
            bare = event.removeprefix("not_") if event in WORDS else event
            bare = "replied" if bare == "reply" else bare
            return {**condition, "event": bare}, bare == event or event == "reply"
        case {"field": _, "exists": bool(wanted)}:
            return {**condition, "exists": True}, wanted
        case {"field": _, "ne": operand}:
            return {"field": condition["field"], "eq": operand}, False
        case _:
            return condition, True


def events_asked(condition: object) -> list[str]:
    """The events of one's own that a condition asks about."""
    return [own for _, test in _tests(condition, ()) if (own := _own_event(test)) is not None]


def check_constant(condition: object, path: Path, report: Report) -> None:
    """A condition whose answer is known beforehand has a way that nobody takes."""
    outcome = constant(condition)
    if outcome is not None:
        message = "the condition always holds, so nobody takes its `else`"
        if not outcome:
            message = "the condition never holds, so nobody takes its `then`"
        report.warning(path, message, f"ask something that depends on the contact, such as {hint_for('if')}")


def _named(name: str, place: Path, steps: Sequence[Placed], report: Report) -> None:
    kinds = {step.type for step in steps if step.id == name}
    if not kinds:
        sent = [step.id for step in steps if step.id and step.type in MESSAGES]
        report.error(place, f"there is no step `{name[:60]}`", suggestion(name, sent, "messages"))
    elif kinds.isdisjoint(MESSAGES):
        kind = str(next(iter(kinds)))[:60]
        report.error(place, f"step `{name}` is no message: it is of type {kind}", "name an email or text message")


def _own_event(test: Mapping[str, Any]) -> str | None:
    """None: it asks about a word, or about no event, which its shape says."""
    try:
        name = _read_event(test.get("event"))
    except ValidationError:
        return None
    return None if name in WORDS else name


def _tests(condition: object, path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The questions that it is made of, each with its place."""
    if not isinstance(condition, dict):
        return
    yield path, condition
    if "not" in condition:
        yield from _tests(condition["not"], (*path, "not"))
    for key in ("any", "all"):
        parts = condition.get(key)
        for index, part in enumerate(parts if isinstance(parts, list) else ()):
            yield from _tests(part, (*path, key, index))
