"""What was said with a contact."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.contacts.contacts import ContactRef
from api.http.auth import REFUSALS, needs
from api.http.paging import Limit, cursor, place
from api.http.problems import answers
from starter.engine import Engine
from store.contacts import conversation
from store.contacts.conversation import Message, Party

router = APIRouter(prefix="/contacts", tags=["conversation"], responses={**REFUSALS, **answers(404, 422, 503)})


class ConversationPage(BaseModel):
    """A part of a conversation, in the order of time."""

    contact: Party
    messages: list[Message]
    earlier: str | None = Field(description="Give it as `before` to get the part before this one; null: there is none.")


# An external id may hold anything, slashes included.
@router.get("/{id:path}/conversation", summary="What was said with a contact, both directions")
async def contact_conversation(
    id: ContactRef,
    engine: Annotated[Engine, needs("read")],
    before: Annotated[
        str | None, Query(description="`earlier` of the part after it; without it the newest.", max_length=1000)
    ] = None,
    limit: Limit = 50,
) -> ConversationPage:
    """The newest messages, or those before a place; each inbound one with the enrollment and step that it answers."""
    behind = place("conversation", before, datetime, UUID, given_as="before")
    async with engine.transaction() as tx:
        party = await conversation.named(tx, id)
        page = await conversation.page(tx, party.id, before=behind, limit=limit)
    earlier = cursor("conversation", *page.earlier) if page.earlier else None
    return ConversationPage(contact=party, messages=page.messages, earlier=earlier)
