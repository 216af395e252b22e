"""What was said with a contact."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.auth import REFUSALS, needs
from api.problems import answers
from domain.errors import NotFound
from starter.engine import Engine
from store import conversation
from store.conversation import Message, Party, Place

router = APIRouter(prefix="/contacts", tags=["conversation"], responses={**REFUSALS, **answers(404, 422, 503)})

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = r"^[0-9]{1,16}-[0-9a-f]{32}$"


class ConversationPage(BaseModel):
    """A part of a conversation, in the order of time."""

    contact: Party
    messages: list[Message]
    earlier: str | None = Field(description="Give it as `before` to get the part before this one; null: there is none.")


# An external id may hold anything, slashes included.
@router.get("/{id:path}/conversation", summary="What was said with a contact, both directions")
async def contact_conversation(
    id: Annotated[str, Path(description="The contact's external id, or ours.", max_length=500)],
    engine: Annotated[Engine, needs("read")],
    before: Annotated[str | None, Query(description="`earlier` of the part after it.", pattern=_CURSOR)] = None,
    limit: Annotated[int, Query(description="Of messages.", ge=1, le=200)] = 50,
) -> ConversationPage:
    """The newest messages, or those before a place; each inbound one with the enrollment and step that it answers."""
    async with engine.database.transaction(engine.tenant_id) as tx:
        party = await conversation.find(tx, id)
        if party is None:
            raise NotFound("there is no such contact", hint="name it by its external id, or by our id")
        page = await conversation.page(tx, party.id, before=_place(before) if before else None, limit=limit)
    return ConversationPage(
        contact=party, messages=page.messages, earlier=_cursor(page.earlier) if page.earlier else None
    )


def _cursor(place: Place) -> str:
    return f"{(place.at - _EPOCH) // timedelta(microseconds=1)}-{place.id.hex}"


def _place(cursor: str) -> Place:
    microseconds, _, id_ = cursor.partition("-")
    return Place(_EPOCH + timedelta(microseconds=int(microseconds)), UUID(id_))
