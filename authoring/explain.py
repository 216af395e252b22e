"""A validation error in the author's words: what is wrong, and what would be right."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from authoring.language.delay_step import DateOf, DelayStep
from authoring.language.expectation import Case, CaseContact, CaseEvent, CaseReply, Expected, ExpectedMessage
from authoring.language.steps import Variant
from authoring.language.window_spec import WindowSpec
from domain.brake import Brake
from domain.condition import AllOf, AnyOf, Comparison, EventTest, NotOf
from domain.diagnostics import Path
from domain.fields import MAX_DELAY_DAYS

# Models inside a step or the header, by the key or union tag under which pydantic reports them.
_INNER: Mapping[str, type[BaseModel]] = {
    "window": WindowSpec,
    "brake": Brake,
    "variants": Variant,
    ":any": AnyOf,
    ":all": AllOf,
    ":not": NotOf,
    ":field": Comparison,
    ":event": EventTest,
    ":date": DateOf,
    "tests": Case,
    "contact": CaseContact,
    "replies": CaseReply,
    "events": CaseEvent,
    "expect": Expected,
    "messages": ExpectedMessage,
}

_DELAY_UNITS = ("seconds", "minutes", "hours", "days", "weeks", "business_days")
_DELAY = f"whole numbers for any of {', '.join(_DELAY_UNITS)}, in all more than 0 and at most {MAX_DELAY_DAYS} days"

_HINTS: Mapping[str, str] = {
    "sequence": "a short key such as `sequence: cold-outreach`; it names the sequence in commands and records",
    "steps": "a list of steps, such as `- {id: hello, type: email, subject: …, body: …}`",
    "id": "letters, digits, `-` and `_`, at most 64, such as `id: follow-up`",
    "thread": "the id of an earlier email step",
    "trigger": "`trigger: cold_start`, or a list of names; remove the line when nothing enrolls by itself",
    "window": '`window: {days: mon-fri, from: "09:00", to: "17:00", timezone: contact}`',
    "window.days": "`days: mon-fri`, `mon,wed` or `all`",
    **dict.fromkeys(_DELAY_UNITS, _DELAY),
    "from": '`from: "09:00"`, with the hour in 24-hour form',
    "to": '`to: "17:00"`; `"24:00"` is the end of the day',
    "timezone": "`contact`, `tenant` or a name such as `America/New_York`",
    "holidays": "`US`, `US-FL` or a list of these",
    "spread": "a duration in minutes or hours, such as `15m`",
    "timeout": "a duration such as `30s`, `15m`, `2h`, `3d`",
    "since": "a duration such as `15m`, `2h`, `3d`",
    "subject": 'a line such as `subject: "Question about {{ company }}"`',
    "body": "the message as text; begin a longer one with `body: |` and indent it below",
    "html": "the message as HTML beside the plain `body`",
    "media_url": '`media_url: "https://example.com/brochure.pdf"`',
    "stop_on": "any of reply, unsubscribe, bounce, own_channel",
    "action": "what to do, such as `action: update_status`",
    "event": "`reply`, `opened`, `clicked` and the like, or what your system posts, such as `call.booked`",
    "until": '`until: "09:00"`, `until: monday`, `until: 2026-12-24`, or `until: {days: 2, before: appointment_at}`',
    "at": 'a time of day, such as `at: "09:00"`',
    "if_missing": "`stop`, `continue`, or `skip` for passing over the step that follows",
    "if_passed": "`continue`, `stop`, or `skip` for passing over the step that follows",
    "url": '`url: "https://example.com/hook"`',
    "headers": "`headers: {X-Team: sales}`",
    "data": "`data: {plan: pro}`",
    "save": "`save: {score: result.score}`: the contact's attribute, and the field of the answer",
    "template": "the ContentSid of an approved template, HX and 32 digits or letters",
    "title": "what is to be done, in one line: `title: Call {{ name }}`",
    "lapse": "a duration such as `2d`, after which nobody is waited for any more",
    "step": "the id of a step",
    "times": "a whole number from 1 to 1000",
    "weight": "a whole number from 1 to 10000",
    "variants": "at least two, such as `- {id: a, weight: 1, steps: […]}`",
    "nodes": "the flow builder's boxes, such as `{id: n1, type: send-email, data: {…}, position: {x: 0, y: 0}}`",
    "edges": "the flow builder's arrows, such as `{source: n1, target: n2}`",
    "goal": "`goal: {field: status, eq: customer}`",
    "brake": "`brake: {failures: 0.5, of: 50}`, or `off`",
    "failures": "a share such as `0.5`: more than 0, and 1 for all of them",
    "of": "a whole number from 1 to 1000: how many messages are looked at, the newest ones",
    "at_least": "a whole number from 1 to what `of` says: of fewer messages nobody judges",
    "tests": "a list of `{name: …, contact: {…}, start: 2026-12-01 09:30, expect: {messages: […]}}`",
    "contact": "such as `contact: {name: Ada, email: ada@example.com, timezone: Europe/London}`",
    "start": "when the contact is enrolled, by its clock: `start: 2026-12-01 09:30`",
    "messages.at": "`at: 2026-12-01 09:30`, by the contact's clock; to the day or the minute, as it is written",
    "replies": "the ids of the steps that the contact answers, or `{step: hello, text: STOP}`",
    "events": "such as `- {step: hello, event: clicked}`",
    "expect": "such as `expect: {messages: [{step: hello, at: 2026-12-01 09:30}], status: completed}`",
    "any": "`any: [replied, opened]`",
    "all": "`all: [replied, {field: plan, eq: pro}]`",
    "if": "`if: replied`, or `if: {any: [replied, opened]}`",
}
_EMPTY = {"trigger": "the trigger is empty: nobody would ever be enrolled by it"}

_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "model_type": "a mapping (`key: value`)",
    "model_attributes_type": "a mapping (`key: value`)",
    "dict_type": "a mapping (`key: value`)",
}


def hint_for(*place: int | str) -> str:
    """What belongs under a key, which the key around it may decide."""
    keys = [part for part in place if isinstance(part, str)]
    return _HINTS.get(".".join(keys[-2:])) or _HINTS.get("".join(keys[-1:]), "")


def empty_message(key: object) -> str:
    """What to say of a key that stands there without a value."""
    return _EMPTY.get(str(key), f"`{key}` is empty")


def suggestion(word: str, choices: Iterable[str], noun: str) -> str:
    """`did you mean …?` when something is near, else all that there is."""
    options = list(choices)
    near = get_close_matches(word[:64], options, 1)
    return f"did you mean `{near[0]}`?" if near else f"{noun}: {', '.join(options)}"


def keys_of(model: type[BaseModel]) -> list[str]:
    """A model's keys as the author writes them."""
    return [field.alias or name for name, field in model.model_fields.items()]


def is_echo(error: ErrorDetails) -> bool:
    """Whether a list is called too short only because its entries, reported by themselves, do not count."""
    given = error["input"]
    return error["type"] == "too_short" and isinstance(given, list) and len(given) >= error["ctx"]["min_length"]


def explain(error: ErrorDetails, data: object, model: type[BaseModel]) -> tuple[Path, str, str]:
    """Path within `data`, message and hint of one error of validating `data` as `model`."""
    path = _written_path(error, data)
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    kind, context, given = error["type"], error.get("ctx", {}), error["input"]
    hint = hint_for(*path)
    if kind == "missing":
        return path, f"`{key}` is missing", hint
    if kind == "extra_forbidden":
        return path, f"unknown key `{_shown(key)}`", suggestion(key, keys_of(_inner(error["loc"], model)), "keys here")
    if kind in _WANTED:
        hint = "put quotes around it to make it text" if _WANTED[kind] == "text" and _is_scalar(given) else hint
        return path, f"`{key}` must be {_WANTED[kind]}, not {kind_of(given)}", hint
    if kind == "literal_error":
        return path, f"`{_shown(given)}` is not known as `{key}`", suggestion(str(given), _choices(context), "known")
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _tag_complaint(path, kind, context, given)
    if kind == "string_pattern_mismatch" and str(given).strip():
        return path, f"`{_shown(given)}` cannot be used as `{key}`", hint or "letters, digits, `-` and `_`, at most 64"
    if kind in ("string_pattern_mismatch", "string_too_short"):
        return path, empty_message(key), hint
    if kind == "value_error":
        return path, str(context["error"]), hint or (_DELAY if model is DelayStep and not path else "")
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = f"{context['ge']} or more" if "ge" in context else f"at most {context['le']}"
        return path, f"`{key}` must be {bound}, not {_shown(given)}", hint
    if kind in ("too_short", "too_long"):
        return path, _count_message(key, kind, context), hint
    return path, f"`{key}`: {error['msg'][:1].lower()}{error['msg'][1:]}", hint


def kind_of(value: object) -> str:
    """The kind of a value in plain words."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text `{_shown(value)}`"
    return {list: "a list", dict: "a mapping", type(None): "nothing"}.get(type(value), "this")


def _written_path(error: ErrorDetails, data: object) -> Path:
    """Pydantic's location without its union tags, which the author never wrote."""
    path: list[str | int] = []
    current: object = data
    for part in error["loc"]:
        if isinstance(current, dict) and part in current:
            current = current[part]
        elif isinstance(current, list) and part in range(len(current)):
            current = current[int(part)]
        else:
            continue
        path.append(part)
    if error["type"] == "missing":
        path.append(error["loc"][-1])
    return tuple(path)


def _inner(location: Sequence[int | str], model: type[BaseModel]) -> type[BaseModel]:
    return next((_INNER[part] for part in reversed(location[:-1]) if isinstance(part, str) and part in _INNER), model)


def _tag_complaint(path: Path, kind: str, context: Mapping[str, Any], given: object) -> tuple[Path, str, str]:
    """A union that is told apart by one key, such as `action`, has no or no known value there."""
    tag = str(context["discriminator"]).strip("'")
    if kind == "union_tag_not_found" or not isinstance(given, dict):
        return (*path, tag), f"`{tag}` is missing", hint_for(tag)
    value = str(context["tag"])
    return (*path, tag), f"`{_shown(value)}` is not known as `{tag}`", suggestion(value, _choices(context), "known")


def _choices(context: Mapping[str, Any]) -> list[str]:
    listed = str(context.get("expected") or context.get("expected_tags") or "")
    return [choice.strip(" '") for choice in listed.replace(" or ", ",").split(",")]


def _count_message(key: str, kind: str, context: Mapping[str, Any]) -> str:
    if kind == "too_short" and context.get("min_length", 1) == 1:
        return empty_message(key)
    bound = f"at least {context['min_length']}" if kind == "too_short" else f"at most {context['max_length']}"
    return f"`{key}` needs {bound} entries"


def _is_scalar(value: object) -> bool:
    return isinstance(value, bool | int | float)


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
