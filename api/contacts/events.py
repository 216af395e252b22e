"""What contacts have done, told by the tenant's own system."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.contacts.contacts import ContactRef
from api.http.auth import REFUSALS, needs
from api.http.problems import answers
from api.http.text_types import Line
from domain.fields import EventName
from starter.contacts.events import record_event
from starter.engine import Engine

router = APIRouter(prefix="/contacts", tags=["contacts"], responses={**REFUSALS, **answers(404, 422, 503)})


class NewEvent(BaseModel):
    """Something that a contact did."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"name": "signed-contract", "key": "contract-77"}}
    )

    name: EventName = Field(description="What `wait_for` steps, conditions and goals call it.")
    key: Line | None = Field(
        default=None,
        description="Names this one occurrence: the same name and key of a contact, said again, does nothing. "
        "Without one, every call is an occurrence of its own.",
    )


class EventAnswer(BaseModel):
    """What became of an event."""

    event_id: UUID
    duplicate: bool = Field(description="It was told before under the same key; nothing was done this time.")
    awaited: list[UUID] = Field(description="The enrollments that had waited for it, and go on.")
    stopped: list[UUID] = Field(description="The enrollments that have reached their goal by it.")


@router.post("/{id:path}/events", summary="Tell what a contact did")
async def tell_event(id: ContactRef, body: NewEvent, engine: Annotated[Engine, needs("write")]) -> EventAnswer:
    """It is recorded in one transaction with what it does to live enrollments; their workflows hear of it at once, or
    within a minute where Temporal is away. 422: replies, openings and the like are what Touchline hears itself.
    """
    happened = await record_event(engine, id, body.name, body.key)
    return EventAnswer(
        event_id=happened.event_id,
        duplicate=happened.duplicate,
        awaited=list(happened.awaited),
        stopped=list(happened.stopped),
    )
