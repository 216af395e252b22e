"""Conditions as an author writes them: one word, a question about an event, a comparison, or a combination."""

import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    Tag,
    model_validator,
)

from domain.base import Frozen
from domain.fields import HEARD, FieldName, Lookback, StepRef, WrittenEvent

EventWord = Literal["replied", "not_replied", "opened", "not_opened", "clicked", "bounced", "unsubscribed", "always"]
WORDS: frozenset[str] = frozenset(get_args(EventWord))
"""What can be asked about without a name of one's own."""


def _modern(value: Any) -> Any:
    """The flow builder's older names of the words carry a prefix: `if_replied`."""
    if isinstance(value, str) and (word := value.removeprefix("if_")) in WORDS:
        return word
    return value


_OlderWord = Annotated[str, Field(pattern="^if_")]
Word = Annotated[EventWord, BeforeValidator(_modern, json_schema_input_type=EventWord | _OlderWord)]


def _asked(written: str) -> str:
    """A word as the words have it, or the name of an event of one's own."""
    name = "replied" if written == "reply" else written
    if name in WORDS:
        return name
    if name.startswith("if_"):
        raise ValueError(f"`{name}` is not known; the names that begin with `if_` are older forms of the words")
    if (event := name.removeprefix("not_")) != name and event in (*HEARD, *WORDS):
        raise ValueError(f"`{name}` is not known; that it has not happened is `{{not: {{event: {event}}}}}`")
    return name


AskedEvent = Annotated[
    WrittenEvent, AfterValidator(_asked), BeforeValidator(_modern, json_schema_input_type=EventWord | WrittenEvent)
]
"""One of the words, or what `wait_for` calls an event."""


def _single(value: Any) -> Any:
    """One message for what is no single value, instead of one for each kind that a value may be of."""
    if isinstance(value, list | tuple | dict):
        kind = "a mapping" if isinstance(value, dict) else "a list"
        raise ValueError(f"a field is compared with one value, not {kind}; `in: [a, b]` holds for any of several")
    return value


Operand = Annotated[
    StrictBool | StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)] | str, BeforeValidator(_single)
]


LISTS = ("tags", "triggers")
"""Fields that hold several values."""


class EventTest(Frozen):
    """Has this happened, about one step or since some time ago."""

    event: AskedEvent
    """Of the tenant's own system: posted for the contact since the enrollment began."""
    step: StepRef | None = None
    """A message step; without one, any of the enrollment's messages. An event of one's own is about none."""
    since: Lookback | None = None
    """Only what happened in this time up to now counts."""


class Comparison(Frozen):
    """A contact's field against a value; exactly one operator."""

    # Plans and histories may hold either name of a key that is a word of Python.
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    field: FieldName
    eq: Operand | None = None
    ne: Operand | None = None
    gt: Operand | None = None
    lt: Operand | None = None
    in_: Annotated[tuple[Operand, ...] | None, Field(alias="in", min_length=1)] = None
    contains: Operand | None = None
    exists: StrictBool | None = None

    @model_validator(mode="after")
    def _one_operator(self) -> Self:
        operators = (self.eq, self.ne, self.gt, self.lt, self.in_, self.contains, self.exists)
        if sum(operator is not None for operator in operators) != 1:
            raise ValueError("a comparison needs exactly one of eq, ne, gt, lt, in, contains, exists")
        bound = self.gt if self.gt is not None else self.lt
        if bound is not None and (isinstance(bound, bool) or (isinstance(bound, str) and as_date(bound) is None)):
            raise ValueError(f"`gt` and `lt` compare numbers and dates, and `{str(bound)[:40]}` is neither")
        if self.field in LISTS and self.contains is None and self.exists is None:
            raise ValueError(f"`{self.field}` is a list: ask whether it `contains` something, or `exists`")
        return self


class AnyOf(Frozen):
    """At least one holds."""

    any: Annotated[tuple["Condition", ...], Field(min_length=1)]


class AllOf(Frozen):
    """Every one holds."""

    all: Annotated[tuple["Condition", ...], Field(min_length=1)]


class NotOf(Frozen):
    """It does not hold."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    not_: Annotated["Condition", Field(alias="not")]


def as_date(text: str) -> datetime | None:
    """The date, with or without a time, that a text is (ISO 8601), as the clock there shows it; None for others."""
    text = text.strip()
    if "-" not in text[:5]:  # a bare row of digits is a number
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def as_number(text: str) -> float | None:
    """The number that a text is; None for others."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def parts_of(condition: "Condition") -> Iterator["Condition"]:
    """A condition and all that it is made of."""
    yield condition
    match condition:
        case AnyOf(any=inner) | AllOf(all=inner):
            for part in inner:
                yield from parts_of(part)
        case NotOf(not_=part):
            yield from parts_of(part)


def own_events(conditions: Iterable["Condition"]) -> set[str]:
    """The events of the tenant's own system that these conditions ask about."""
    parts = (part for condition in conditions for part in parts_of(condition))
    return {part.event for part in parts if isinstance(part, EventTest)} - WORDS


def _kind(value: Any) -> str:
    """The tag of the form; tags begin with a colon, to be told from keys in the location of an error."""
    if isinstance(value, str):
        return ":word"
    keys = value if isinstance(value, dict) else type(value).model_fields if isinstance(value, Frozen) else ()
    kinds = ("any", "all", "not", "field")
    return ":" + next((kind for kind in kinds if kind in keys or f"{kind}_" in keys), "event")


Condition = Annotated[
    Annotated[Word, Tag(":word")]
    | Annotated[AnyOf, Tag(":any")]
    | Annotated[AllOf, Tag(":all")]
    | Annotated[NotOf, Tag(":not")]
    | Annotated[Comparison, Tag(":field")]
    | Annotated[EventTest, Tag(":event")],
    Discriminator(_kind),
]

for _model in (AnyOf, AllOf, NotOf):
    _model.model_rebuild()
