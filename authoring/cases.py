"""What the `tests` of a sequence must mean beside its steps: names that are there, addresses that are some."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from authoring.conditions import events_asked
from authoring.explain import suggestion
from authoring.placed import MESSAGES, Placed
from authoring.report import Report
from content.addresses import normal_email
from domain.diagnostics import Path
from domain.fields import HEARD, EventName, as_tuple
from scheduling.zones import is_zone

ANSWERABLE = (*MESSAGES, "wait_for", "task")
"""Steps after which something can happen: a message came, or somebody is waited for."""
_read_event = TypeAdapter[str](EventName).validate_python


def check_cases(document: Mapping[str, Any], steps: Sequence[Placed], report: Report) -> None:
    """Report what cannot be in each test; like every rule it reads raw data."""
    cases = document.get("tests")
    ids = [step.id for step in steps if step.id]
    answerable = [step.id for step in steps if step.id and step.type in ANSWERABLE]
    heard = _heard(document.get("goal"), steps)
    names: set[str] = set()
    for index, case in enumerate(cases if isinstance(cases, list) else ()):
        if not isinstance(case, dict):
            continue
        path: Path = ("tests", index)
        name = case.get("name")
        if isinstance(name, str) and name in names:
            report.error((*path, "name"), f"there are two tests `{name[:60]}`", "give each a name of its own")
        names |= {name} if isinstance(name, str) else set()
        _contact(case.get("contact"), (*path, "contact"), report)
        for place, step in _cues(case, path):
            if step in ids and step not in answerable:
                message = f"step `{step}` sends nothing and waits for nobody"
                report.error(place, message, suggestion(step, answerable, "steps that can be answered"))
            elif step not in ids:
                report.error(place, f"there is no step `{step[:60]}`", suggestion(step, answerable, "steps"))
        for place, event in _events(case, path):
            if event not in heard:
                message = f"nothing in the sequence hears of `{event[:60]}`"
                report.error(place, message, suggestion(event, heard, "what it hears"))
        for place, step in _expected(case.get("expect"), (*path, "expect")):
            # What an unnamed step is called is known once every step has its shape.
            if step not in ids and "." not in step:
                report.error(place, f"there is no step `{step[:60]}`", suggestion(step, ids, "steps"))


def _contact(contact: object, path: Path, report: Report) -> None:
    if not isinstance(contact, dict):
        return
    email, zone = contact.get("email"), contact.get("timezone")
    if isinstance(email, str) and email.strip():
        try:
            normal_email(email)
        except ValueError as error:
            report.error((*path, "email"), f"`{email[:60]}` is no address: {error}", "such as `ada@example.com`")
    if isinstance(zone, str) and zone.strip() and not is_zone(zone):
        report.error((*path, "timezone"), f"`{zone[:60]}` is not a time zone", "a name such as `America/New_York`")


def _cues(case: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    for key in ("replies", "events"):
        given = as_tuple(case.get(key))
        for index, cue in enumerate(given if isinstance(given, list | tuple) else ()):
            place = (*path, key, index) if isinstance(given, list) else (*path, key)
            if isinstance(cue, str):
                yield place, cue
            elif isinstance(cue, dict) and isinstance(cue.get("step"), str):
                yield (*place, "step"), cue["step"]


def _heard(goal: object, steps: Sequence[Placed]) -> Collection[str]:
    """The events that something can come of: in every sequence, or since it waits for them or asks about them."""
    awaited = (as_tuple(step.data.get("event")) for step in steps if step.type == "wait_for")
    names = [_event_name(name) for names in awaited if isinstance(names, list | tuple) for name in names]
    conditions = [goal, *(step.data.get("if") for step in steps if step.type == "condition")]
    asked = [name for condition in conditions for name in events_asked(condition)]
    return dict.fromkeys((*HEARD, *filter(None, names), *asked))


def _event_name(written: object) -> str | None:
    """None: it is no name of an event, which its shape says."""
    try:
        return _read_event(written)
    except ValidationError:
        return None


def _events(case: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    given = case.get("events")
    for index, cue in enumerate(given if isinstance(given, list) else ()):
        if isinstance(cue, dict) and (name := _event_name(cue.get("event"))):
            yield (*path, "events", index, "event"), name


def _expected(expect: object, path: Path) -> Iterator[tuple[Path, str]]:
    if not isinstance(expect, dict):
        return
    messages = expect.get("messages")
    for index, message in enumerate(messages if isinstance(messages, list) else ()):
        if isinstance(message, dict) and isinstance(message.get("step"), str):
            yield (*path, "messages", index, "step"), message["step"]
    skipped = as_tuple(expect.get("skipped"))
    for index, step in enumerate(skipped if isinstance(skipped, list | tuple) else ()):
        if isinstance(step, str):
            yield (*path, "skipped", index) if isinstance(skipped, list) else (*path, "skipped"), step
