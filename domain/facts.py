"""What a condition is judged by, and the judgement: the same for every caller, without a clock of its own."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from pydantic import AwareDatetime, Field

from domain.base import Frozen
from domain.condition import AllOf, AnyOf, Comparison, Condition, EventTest, NotOf, Operand, as_date, as_number
from domain.contact import Contact
from domain.fields import duration_seconds

FieldValue = str | tuple[str, ...]

_NEGATED = {"not_replied": "replied", "not_opened": "opened"}
_TRUE = frozenset({"true", "yes", "y", "on", "1"})
_FALSE = frozenset({"false", "no", "n", "off", "0"})


class Happened(Frozen):
    """Something that a contact did, or that was reported of a message."""

    event: str
    """`replied`, `opened`, `clicked`, `bounced`, `unsubscribed`, or what the tenant's own system calls it."""
    at: AwareDatetime
    step: str | None = None
    """The message step that it is attributed to; None: unknown, so it answers only questions without a step."""


class Facts(Frozen):
    """All that conditions ask about, at one moment."""

    fields: dict[str, FieldValue] = Field(default_factory=dict)
    """What the contact has, by the canonical name of each field. What has no value is left out."""
    happened: tuple[Happened, ...] = ()


def fields_of(contact: Contact) -> Mapping[str, FieldValue]:
    """A contact's values by field."""
    values: dict[str, FieldValue | None] = {
        "external_id": contact.external_id,
        "name": contact.name,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "email": contact.email,
        "phone": contact.phone,
        "company": contact.company,
        "timezone": contact.timezone,
        "tags": contact.tags,
        "triggers": contact.triggers,
        "status": contact.status,
        **{f"attributes.{name}": value for name, value in contact.attributes.items()},
    }
    return {name: value for name, value in values.items() if value}


def evaluate(condition: Condition, facts: Facts, now: datetime) -> bool:
    """Whether a condition holds at `now`.

    Of a field without a value, `exists: false` and `ne` hold and nothing else does. Numbers and truth values are
    compared as such, text without regard to case and outer spaces, dates as the contact's text writes them.
    """
    match condition:
        case AnyOf(any=parts):
            return any(evaluate(part, facts, now) for part in parts)
        case AllOf(all=parts):
            return all(evaluate(part, facts, now) for part in parts)
        case NotOf(not_=part):
            return not evaluate(part, facts, now)
        case Comparison():
            return _compare(condition, facts.fields.get(condition.field))
        case EventTest():
            return _has_happened(condition, facts, now)
        case word:
            return _has_happened(EventTest(event=word), facts, now)


def _has_happened(test: EventTest, facts: Facts, now: datetime) -> bool:
    if test.event == "always":
        return True
    event = _NEGATED.get(test.event, test.event)
    earliest = now - timedelta(seconds=duration_seconds(test.since)) if test.since else None
    happened = any(
        fact.event == event
        and (test.step is None or fact.step == test.step)
        and (earliest is None or fact.at >= earliest)
        for fact in facts.happened
    )
    return happened != (event != test.event)


def _compare(test: Comparison, value: FieldValue | None) -> bool:
    if test.exists is not None:
        return (value is not None) == test.exists
    if test.ne is not None:
        return value is None or not is_equal(value, test.ne)
    if value is None:
        return False
    if test.contains is not None:
        return contains(value, test.contains)
    if test.in_ is not None:
        return any(is_equal(value, operand) for operand in test.in_)
    if test.gt is not None:
        return _ordered(value, test.gt, lambda left, right: left > right)
    if test.lt is not None:
        return _ordered(value, test.lt, lambda left, right: left < right)
    return test.eq is not None and is_equal(value, test.eq)


def is_equal(value: FieldValue, operand: Operand) -> bool:
    """Whether a contact's value is the operand: as a truth value or a number where that is one, else as text."""
    if isinstance(value, tuple):
        return False
    if isinstance(operand, bool):
        return plain(value) in (_TRUE if operand else _FALSE)
    if isinstance(operand, int | float):
        return as_number(value) == operand
    return plain(value) == plain(operand)


def contains(value: FieldValue, operand: Operand) -> bool:
    """Whether a list has the operand among its values, or a text has it inside."""
    wanted = plain(str(operand))
    return any(plain(part) == wanted for part in value) if isinstance(value, tuple) else wanted in plain(value)


def _ordered(value: FieldValue, operand: Operand, holds: Callable[[float, float], bool]) -> bool:
    """Numbers by size, dates by time; what is of another kind than the operand has no place in its order."""
    if isinstance(value, tuple):
        return False
    if isinstance(operand, str):
        left, right = as_date(value), as_date(operand)
        return left is not None and right is not None and holds((left - right).total_seconds(), 0)
    number = as_number(value)
    return number is not None and holds(number, operand)


def plain(text: str) -> str:
    """What texts are compared by: without outer spaces and differences of case."""
    return text.strip().casefold()
