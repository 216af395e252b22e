"""What a sequence is made of, as an author writes it; one model per step type."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from authoring.language.delay_step import DelayStep
from authoring.language.window_spec import WindowSpec
from domain.action import ActionStep
from domain.base import Frozen
from domain.condition import WORDS, Condition
from domain.fields import (
    HEARD,
    AttributeName,
    Duration,
    EventName,
    Key,
    Label,
    OneOrMore,
    Patience,
    StepRef,
    Template,
    duration_seconds,
)
from domain.messages import MAX_REQUEST_SECONDS
from domain.plan import FailurePolicy

_CONTENT_SID = re.compile(r"HX[0-9a-fA-F]{32}")


def _request_timeout(duration: str) -> str:
    if not 0 < duration_seconds(duration) <= MAX_REQUEST_SECONDS:
        raise ValueError(f"a request is given more than 0 and at most {MAX_REQUEST_SECONDS} seconds, not {duration}")
    return duration


AnswerField = Annotated[str, StringConstraints(pattern=r"^[^\s.{}]+(\.[^\s.{}]+)*$", max_length=200)]
"""A place in a JSON document: `result.items.0.score`."""


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
        if self.template is not None and not _CONTENT_SID.fullmatch(self.template):
            raise ValueError(f"`{self.template[:40]}` is no ContentSid: HX and 32 digits or letters a to f")
        if self.template is None and self.variables:
            raise ValueError("`variables` are those of a `template`")
        if self.template is not None and self.media_url is not None:
            raise ValueError("the `template` says what its media is")
        return self


class WebhookStep(Frozen):
    """One signed POST."""

    type: Literal["webhook"]
    id: Key
    url: Template
    headers: dict[str, Template] = Field(default_factory=dict)
    data: dict[str, Template] = Field(default_factory=dict)
    """Further fields of the posted document."""
    save: dict[AttributeName, AnswerField] = Field(default_factory=dict)
    """Contact attribute → field of the answer."""
    timeout: Annotated[Duration, AfterValidator(_request_timeout)] = "30s"
    on_failure: FailurePolicy | None = None


def _awaited(event: str) -> str:
    asked = event.removeprefix("if_").removeprefix("not_")
    if event == "always" or event.startswith("if_") or (asked != event and asked in (*HEARD, *WORDS)):
        raise ValueError(f"`{event}` is asked by a condition, and never happens")
    return event


AwaitedEvent = Annotated[EventName, AfterValidator(_awaited)]
"""What can happen, unlike what a condition asks."""


class WaitForStep(Frozen):
    """Wait until an event, then `then`; on time-out, `else`."""

    type: Literal["wait_for"]
    id: Key
    event: Annotated[OneOrMore[AwaitedEvent], Field(min_length=1)]
    timeout: Patience
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


class TaskStep(Frozen):
    """Wait until a person has done something; all branches lead on to the next step."""

    type: Literal["task"]
    id: Key
    title: Template
    instructions: Template | None = None
    assignee: Label | None = None
    lapse: Patience | None = None
    """After this long nobody is waited for any more."""
    completed: tuple["Step", ...] = ()
    skipped: tuple["Step", ...] = ()
    lapsed: tuple["Step", ...] = ()


class GotoStep(Frozen):
    """Go on elsewhere: `times` times and then with the next step, or always."""

    type: Literal["goto"]
    id: StepRef | None = None
    step: StepRef
    times: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = None

    @model_validator(mode="after")
    def _link_or_step(self) -> Self:
        if self.times is None and self.id is not None:
            raise ValueError("a goto without `times` is only a link, and has no `id`")
        return self


class ExitStep(Frozen):
    """End the enrollment here."""

    type: Literal["exit"]
    id: StepRef | None = None
    reason: Label | None = None


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
    | TaskStep
    | GotoStep
    | ExitStep,
    Field(discriminator="type"),
]


for _model in (WaitForStep, ConditionStep, Variant, SplitStep, TaskStep):
    _model.model_rebuild()
