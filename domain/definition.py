"""The format that an author writes. Shape only: what steps mean to each other is `authoring`'s to check.

Short forms of the format are accepted and the long ones held, so that equal meaning is equal data.
"""

import hashlib
import json
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from domain.action import ActionStep
from domain.base import Frozen
from domain.condition import Condition
from domain.fields import Duration, Hour, Key, Label, Template, Whole, as_tuple, duration_seconds
from domain.messages import Channel
from domain.plan import AmbiguousPolicy, FailurePolicy, ReenrollPolicy, StopEvent
from domain.schedule import WEEKDAYS, Weekday

MAX_DELAY_DAYS = 366
MAX_STEPS = 1000


def _weekdays(value: Any) -> Any:
    """`mon-fri`, `mon,wed`, `fri-mon`, `all` or a list of these, in the order of the week."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list | tuple):
        return value
    days: set[str] = set()
    for item in value:
        first, dash, last = str(item).lower().partition("-")
        first, last = first.strip(), last.strip()
        if first == "all" and not dash:
            days.update(WEEKDAYS)
        elif first in WEEKDAYS and (last if dash else first) in WEEKDAYS:
            start, stop = WEEKDAYS.index(first), WEEKDAYS.index(last if dash else first)
            days.update(WEEKDAYS[(start + n) % 7] for n in range((stop - start) % 7 + 1))
        else:
            raise ValueError(f"`{str(item)[:40].strip()}` is not a day")
    return tuple(day for day in WEEKDAYS if day in days)


def _minutes(hour: str) -> int:
    return int(hour[:2]) * 60 + int(hour[3:])


class WindowSpec(Frozen):
    """Local hours in which messages may go, as written; `domain.schedule.Window` is what it compiles to."""

    days: Annotated[tuple[Weekday, ...], BeforeValidator(_weekdays)] = WEEKDAYS
    from_: Annotated[Hour, Field(alias="from")] = "00:00"
    to: Hour = "24:00"
    timezone: Label = "contact"
    holidays: Annotated[tuple[Label, ...], BeforeValidator(as_tuple)] = ()
    spread: Duration = "0s"

    @property
    def spread_minutes(self) -> int:
        """How far openings are spread over contacts."""
        return duration_seconds(self.spread) // 60

    @model_validator(mode="after")
    def _some_hour(self) -> Self:
        if not self.days:
            raise ValueError("the window holds no day")
        if self.from_ == "24:00" or self.from_ == self.to:
            raise ValueError(f"the window holds no hour: it is open from {self.from_} to {self.to}")
        if duration_seconds(self.spread) % 60:
            raise ValueError(f"`spread` is counted in whole minutes, not {self.spread}")
        if self.spread_minutes >= (_minutes(self.to) - _minutes(self.from_) - 1) % 1440 + 1:
            raise ValueError(f"`spread` ({self.spread}) is as long as the window or longer")
        return self


class _Message(Frozen):
    id: Key
    window: WindowSpec | None = None
    on_failure: FailurePolicy | None = None


class EmailStep(_Message):
    """One email."""

    type: Literal["email"]
    subject: Template | None = None
    body: Template
    """The plain text; every email has one."""
    html: Template | None = None
    thread: Key | None = None


class SmsStep(_Message):
    """One text message, with media when `media_url` is given."""

    type: Literal["sms"]
    body: Template
    media_url: Template | None = None


class WhatsappStep(_Message):
    """One WhatsApp message: free text, or an approved template by its ContentSid."""

    type: Literal["whatsapp"]
    body: Template | None = None
    media_url: Template | None = None
    template: Label | None = None
    variables: dict[str, Template] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_content(self) -> Self:
        if (self.body is None) == (self.template is None):
            raise ValueError("a whatsapp step needs either `body` or `template`")
        return self


class WebhookStep(Frozen):
    """One signed POST."""

    type: Literal["webhook"]
    id: Key
    url: Template
    headers: dict[str, Template] = Field(default_factory=dict)
    data: dict[str, Template] = Field(default_factory=dict)
    """Further fields of the posted document."""
    save: dict[Key, Label] = Field(default_factory=dict)
    """Contact attribute → field of the answer."""
    timeout: Duration = "30s"
    on_failure: FailurePolicy | None = None


class DelayStep(Frozen):
    """A wait; days and weeks are calendar days in the contact's zone, the rest is elapsed time after them."""

    type: Literal["delay"]
    id: Key | None = None
    seconds: Whole = 0
    minutes: Whole = 0
    hours: Whole = 0
    days: Whole = 0
    weeks: Whole = 0

    @property
    def calendar_days(self) -> int:
        """The part that keeps the time of day across clock changes."""
        return self.days + 7 * self.weeks

    @property
    def elapsed_seconds(self) -> int:
        """The part that is counted on a stopwatch."""
        return self.seconds + 60 * self.minutes + 3600 * self.hours

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        total = self.calendar_days * 86400 + self.elapsed_seconds
        if total == 0:
            raise ValueError("the delay is 0")
        if total > MAX_DELAY_DAYS * 86400:
            raise ValueError(f"the delay is longer than {MAX_DELAY_DAYS} days")
        return self


class WaitForStep(Frozen):
    """Wait until an event, then `then`; on time-out, `else`."""

    type: Literal["wait_for"]
    id: Key
    event: Annotated[tuple[Label, ...], BeforeValidator(as_tuple), Field(min_length=1)]
    timeout: Duration
    then: tuple["Step", ...] = ()
    else_: Annotated[tuple["Step", ...], Field(alias="else")] = ()


class ConditionStep(Frozen):
    """Take one of two branches; both lead on to the next step."""

    type: Literal["condition"]
    id: Key
    if_: Annotated[Condition, Field(alias="if")]
    then: tuple["Step", ...] = ()
    else_: Annotated[tuple["Step", ...], Field(alias="else")] = ()


class Variant(Frozen):
    """One arm of a split."""

    id: Key
    weight: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 1
    steps: tuple["Step", ...] = ()


class SplitStep(Frozen):
    """Send shares of the contacts down different arms; all lead on to the next step."""

    type: Literal["split"]
    id: Key
    variants: Annotated[tuple[Variant, ...], Field(min_length=2)]


class ExitStep(Frozen):
    """End the enrollment here."""

    type: Literal["exit"]
    id: Key | None = None
    reason: Label | None = None


MessageStep = EmailStep | SmsStep
Step = Annotated[
    EmailStep
    | SmsStep
    | WhatsappStep
    | WebhookStep
    | DelayStep
    | WaitForStep
    | ConditionStep
    | SplitStep
    | ActionStep
    | ExitStep,
    Field(discriminator="type"),
]


def _triggers(value: Any) -> Any:
    """A trigger that is present and empty would enroll nobody, silently."""
    names = [value] if isinstance(value, str) else value
    if isinstance(names, list | tuple) and (not names or any(isinstance(n, str) and not n.strip() for n in names)):
        raise ValueError("the trigger is empty: nobody would ever be enrolled by it")
    return tuple(names) if isinstance(names, list) else names


def _stop_on(value: object) -> object:
    """`own_channel` alone narrows what is the rule anyway."""
    if value in ("own_channel", ("own_channel",), ["own_channel"]):
        return ("reply", "unsubscribe", "bounce", "own_channel")
    return as_tuple(value)


class SequenceHeader(Frozen):
    """Everything but the steps."""

    sequence: Key
    name: Label | None = None
    description: Annotated[str, Field(max_length=10_000)] | None = None
    trigger: Annotated[tuple[Label, ...], BeforeValidator(_triggers)] = ()
    window: WindowSpec | None = None
    stop_on: Annotated[tuple[StopEvent, ...], BeforeValidator(_stop_on)] = ("reply", "unsubscribe", "bounce")
    on_failure: FailurePolicy = "stop"
    on_ambiguous: AmbiguousPolicy = "hold"
    reenroll: ReenrollPolicy = "after_end"


class SequenceDefinition(SequenceHeader):
    """A whole sequence."""

    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=MAX_STEPS)]

    def document(self) -> dict[str, Any]:
        """The definition as plain data in canonical form: it validates to an equal definition."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    def content_hash(self) -> str:
        """SHA-256 (hex) of the meaning: formatting, comments and spelled-out defaults do not change it."""
        text = json.dumps(self.document(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


class StepContent(Frozen):
    """What one message step says: stored with the version, rendered when it is sent."""

    node_id: str
    order_index: int
    channel: Channel
    templates: dict[str, str]
    """By the author's keys: `subject`, `body`, `html` of an email; `body`, `media_url` of a text message."""


for _model in (WaitForStep, ConditionStep, Variant, SplitStep, SequenceDefinition):
    _model.model_rebuild()
