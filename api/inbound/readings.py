"""How a message would be read, without recording it: for what was misread."""

from functools import partial
from typing import Annotated, Any, Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.http.auth import REFUSALS, needs
from api.http.problems import answers
from content.apart import Overrun, apart
from content.inbound_mail.read import read
from domain.errors import Unfit
from domain.events import InboundMessage
from domain.messages import Channel
from starter.engine import Engine
from starter.inbound import reading, receive
from starter.inbound.reading import Explanation
from store.workspace.senders import SendingChannel

router = APIRouter(tags=["conversation"], responses={**REFUSALS, **answers(400, 422, 503)})

_LONGEST = 500_000
_EXAMPLE: dict[str, Any] = {"channel": "sms", "text": "no more of these please", "sender": "+12125550100"}


class Unread(BaseModel):
    """A message: its words, or a whole email."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _EXAMPLE})

    channel: SendingChannel = Channel.EMAIL
    text: str | None = Field(default=None, max_length=_LONGEST, description="What somebody wrote.")
    raw: str | None = Field(default=None, max_length=_LONGEST, description="Or a whole email, headers first.")
    sender: str | None = Field(
        default=None,
        max_length=320,
        description="Of `text`: where it came from; what we wrote there is not theirs.",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.text is None) == (self.raw is None):
            raise ValueError("give either text or raw")
        if self.raw is not None and self.channel is not Channel.EMAIL:
            raise ValueError("raw is an email")
        return self


class Readings(BaseModel):
    """How it would be read; a bounce that names several recipients reports on each."""

    readings: list[Explanation]


@router.post("/reading", summary="How a message would be read, and why")
async def explain_reading(body: Unread, engine: Annotated[Engine, needs("read")]) -> Readings:
    """Which words, which rule, what score. Nothing is recorded, and nobody is told. What our own messages to that
    address say does not count as the contact's, as when a message really comes in.
    """
    now = engine.now()
    if body.text is not None:
        said = reading.said_in(body.channel, body.text, now).model_copy(update={"sender": body.sender or ""})
        return Readings(readings=[await receive.explained(engine, said)])
    how = partial(read, (body.raw or "").encode("utf-8", "replace"), provider="email", at=now)
    try:
        found = await apart(how)
    except Overrun as error:
        raise Unfit("raw: to read it takes too long", hint="no honest mail takes that long") from error
    return Readings(
        readings=[
            await receive.explained(engine, one) if isinstance(one, InboundMessage) else reading.explain_report(one)
            for one in found
        ]
    )
