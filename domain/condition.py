"""Conditions as an author writes them: one word, a question about an event, a comparison, or a combination."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, StrictBool, StrictFloat, StrictInt, Tag, model_validator

from domain.base import Frozen
from domain.fields import Duration, Key, Label

EventWord = Literal["replied", "not_replied", "opened", "not_opened", "clicked", "bounced", "unsubscribed", "always"]


def _modern(value: Any) -> Any:
    """The flow builder's older names carry a prefix: `if_replied`."""
    return value.removeprefix("if_") if isinstance(value, str) else value


Word = Annotated[EventWord, BeforeValidator(_modern)]
Operand = StrictBool | StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)] | str


class EventTest(Frozen):
    """Has this happened, about one step or since some time ago."""

    event: Word
    step: Key | None = None
    since: Duration | None = None


class Comparison(Frozen):
    """A contact's field against a value; exactly one operator."""

    field: Label
    eq: Operand | None = None
    ne: Operand | None = None
    gt: Operand | None = None
    lt: Operand | None = None
    in_: Annotated[tuple[Operand, ...] | None, Field(alias="in", min_length=1)] = None
    contains: Operand | None = None
    exists: StrictBool | None = None

    @model_validator(mode="after")
    def _one_operator(self) -> Self:
        if len(self.model_fields_set - {"field"}) != 1:
            raise ValueError("a comparison needs exactly one of eq, ne, gt, lt, in, contains, exists")
        return self


class AnyOf(Frozen):
    """At least one holds."""

    any: Annotated[tuple["Condition", ...], Field(min_length=1)]


class AllOf(Frozen):
    """Every one holds."""

    all: Annotated[tuple["Condition", ...], Field(min_length=1)]


class NotOf(Frozen):
    """It does not hold."""

    not_: Annotated["Condition", Field(alias="not")]


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
