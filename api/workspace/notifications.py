"""Notifications: what sequences tell users."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.auth import REFUSALS, needs
from api.paging import After, Limit, Page, part, place
from api.problems import answers
from api.texts import Line
from domain.errors import NotFound
from starter.engine import Engine
from store import acting
from store.acting import Notification

router = APIRouter(prefix="/notifications", tags=["tasks"], responses={**REFUSALS, **answers(422, 503)})


@router.get("", summary="List unread notifications")
async def list_notifications(
    engine: Annotated[Engine, needs("read")],
    user: Annotated[Line | None, Query(description="Only those for this user.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[Notification]:
    """Oldest first."""
    behind = place("notifications", after, datetime, UUID)
    async with engine.database.transaction(engine.tenant_id) as tx:
        found = await acting.notifications(tx, user, limit + 1, behind=behind)
    return part("notifications", found, limit, lambda one: (one.created_at, one.id))


@router.post("/{id}/read", status_code=HTTPStatus.NO_CONTENT, summary="A notification was read", responses=answers(404))
async def read_notification(id: UUID, engine: Annotated[Engine, needs("write")]) -> None:
    """It is off the list; reading it again changes nothing."""
    async with engine.database.transaction(engine.tenant_id) as tx:
        if not await acting.read_notification(tx, id, engine.now()):
            raise NotFound("there is no such notification", hint="GET /notifications lists those that are unread")
