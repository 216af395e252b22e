"""Notifications: what sequences tell users."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.http.auth import REFUSALS, needs
from api.http.paging import After, Limit, Page, part, place
from api.http.problems import answers
from api.http.text_types import Line
from domain.errors import NotFound
from starter.engine import Engine
from store.enrollments import actions
from store.enrollments.actions import Notification

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
    async with engine.transaction() as tx:
        found = await actions.notifications(tx, user, limit + 1, behind=behind)
    return part("notifications", found, limit, lambda one: (one.created_at, one.id))


@router.post("/{id}/read", status_code=HTTPStatus.NO_CONTENT, summary="A notification was read", responses=answers(404))
async def read_notification(id: UUID, engine: Annotated[Engine, needs("write")]) -> None:
    """It is off the list; reading it again changes nothing."""
    async with engine.transaction() as tx:
        if not await actions.read_notification(tx, id, engine.now()):
            raise NotFound("there is no such notification", hint="GET /notifications lists those that are unread")
