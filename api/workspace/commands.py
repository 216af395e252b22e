"""What was done, and by whom."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.http.auth import REFUSALS, needs
from api.http.paging import After, Limit, Page, part, place
from api.http.problems import answers
from starter.engine import Engine
from store.workspace import commands
from store.workspace.commands import Command

router = APIRouter(prefix="/commands", tags=["admin"], responses={**REFUSALS, **answers(422, 503)})


@router.get("", summary="What was done, and by whom")
async def list_commands(
    engine: Annotated[Engine, needs("read")],
    subject: Annotated[
        str | None,
        Query(
            description="Only what was done to this: an enrollment's id, or a sequence as the route named it.",
            min_length=1,
            max_length=200,
            pattern=r"^[^\x00]*$",
        ),
    ] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[Command]:
    """The newest first: changes by the API to enrollments, sequences, tasks, reviews, keys, senders, webhooks and the
    workspace. What was refused is none of them, and nothing of contacts is kept.
    """
    before = place("commands", after, datetime, UUID)
    async with engine.transaction() as tx:
        found = await commands.page(tx, subject=subject, before=before, limit=limit + 1)
    return part("commands", found, limit, lambda one: (one.at, one.id))
