"""What a condition must mean beside the steps: it asks about messages that are there, and events that can be heard."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import TypeAdapter, ValidationError

from authoring.explain import suggestion
from authoring.placed import MESSAGES, Placed
from authoring.report import Report
from domain.condition import WORDS, AskedEvent
from domain.diagnostics import Path

_read_event = TypeAdapter[str](AskedEvent).validate_python
_NEAR = 0.8


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


def events_asked(condition: object) -> list[str]:
    """The events of one's own that a condition asks about."""
    return [own for _, test in _tests(condition, ()) if (own := _own_event(test)) is not None]


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
