"""The `tests` beside a sequence: given this contact, start and events, expect these messages at these times."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from domain.base import Frozen
from domain.fields import AttributeName, EventName, Label, OneOrMore, StepRef, Template

MAX_CASES = 100

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?")


def _moment(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    try:
        if _MOMENT.fullmatch(text):
            datetime.fromisoformat(text)
            return text.replace(" ", "T")
    except ValueError:
        pass
    raise ValueError(f"`{str(value)[:40]}` is no date, and no date and time")


_WrittenMoment = Annotated[str, Field(pattern=rf"^\s*{_MOMENT.pattern}\s*$")]
Moment = Annotated[str, BeforeValidator(_moment, json_schema_input_type=_WrittenMoment)]
"""`2026-12-01`, `2026-12-01 09:30` or `2026-12-01 09:30:15`, by the contact's clock."""


def _text(value: Any) -> Any:
    """A number or a truth as the column of a contact file would hold it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


Cell = Annotated[str, BeforeValidator(_text, json_schema_input_type=str | int | float | bool)]


class CaseContact(Frozen):
    """Whom a test is about."""

    external_id: Label | None = None
    """Decides the variant of a `split`; made of the test's place when it is left out."""
    name: Label | None = None
    email: Label | None = None
    phone: Cell | None = None
    company: Label | None = None
    timezone: Label | None = None
    tags: OneOrMore[Label] = ()
    triggers: OneOrMore[Label] = ()
    status: Label | None = None
    attributes: dict[AttributeName, Cell] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _can_be_reached(self) -> "CaseContact":
        if not (self.email or self.phone):
            raise ValueError("the contact needs `email` or `phone`")
        return self


class CaseReply(Frozen):
    """The contact answers as soon as the step has come."""

    step: StepRef
    text: Template | None = None

    @model_validator(mode="before")
    @classmethod
    def _step_alone(cls, data: Any) -> Any:
        return {"step": data} if isinstance(data, str) else data


class CaseEvent(Frozen):
    """Something that the contact does as soon as the step has come."""

    step: StepRef
    event: EventName


class ExpectedMessage(Frozen):
    """A message, as far as the author cares."""

    step: StepRef
    at: Moment | None = None
    """To the day, the minute or the second, as it is written."""
    channel: Literal["email", "sms", "whatsapp"] | None = None
    to: Label | None = None
    subject: Label | None = None
    body: Template | None = None


class Expected(Frozen):
    """What should come of it; what is left out may be anything."""

    messages: tuple[ExpectedMessage, ...] | None = None
    """All of them, in order."""
    status: Label | None = None
    reason: Label | None = None
    skipped: OneOrMore[StepRef] = ()
    """These, and perhaps others."""

    @model_validator(mode="after")
    def _something(self) -> "Expected":
        if not self.model_fields_set:
            raise ValueError("`expect` needs `messages`, `status`, `reason` or `skipped`")
        return self


class Case(Frozen):
    """One test."""

    name: Label
    contact: CaseContact
    start: Moment
    replies: OneOrMore[CaseReply] = ()
    events: tuple[CaseEvent, ...] = ()
    expect: Expected
