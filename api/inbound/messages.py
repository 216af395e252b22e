"""What came in, from contacts and from strangers: what people read who answer it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.http.auth import REFUSALS, needs
from api.http.paging import After, Limit, Page, part, place
from api.http.problems import answers
from starter.engine import Engine
from store.contacts import conversation
from store.contacts.conversation import Received

router = APIRouter(prefix="/messages", tags=["conversation"], responses={**REFUSALS, **answers(422, 503)})


@router.get("", summary="List the messages that came in")
async def list_messages(
    engine: Annotated[Engine, needs("read")],
    known: Annotated[
        bool | None,
        Query(description="Those of contacts alone, or of addresses that are nobody's alone; both when left out."),
    ] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[Received]:
    """The newest first, of all contacts; each with the enrollment and step that it answers."""
    before = place("messages", after, datetime, UUID)
    async with engine.transaction() as tx:
        found = await conversation.received(tx, known=known, before=before, limit=limit + 1)
    return part("messages", found, limit, lambda one: (one.at, one.id))
