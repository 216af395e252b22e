"""Tasks: what people have to do before an enrollment goes on."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.http.auth import REFUSALS, needs
from api.http.paging import After, Limit, Page, part, place
from api.http.problems import answers
from api.http.recorded import RECORDED
from api.http.text_types import Line
from starter.engine import Engine
from starter.enrollments import tasks as starter
from store.enrollments import tasks
from store.enrollments.tasks import Task

router = APIRouter(
    prefix="/tasks", tags=["tasks"], responses={**REFUSALS, **answers(422, 503)}, dependencies=[RECORDED]
)


@router.get("", summary="List open tasks")
async def list_tasks(
    engine: Annotated[Engine, needs("read")],
    user: Annotated[Line | None, Query(description="Only those that are assigned to this user.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[Task]:
    """Oldest first."""
    behind = place("tasks", after, datetime, UUID)
    async with engine.transaction() as tx:
        found = await tasks.listed(tx, user, limit + 1, behind=behind)
    return part("tasks", found, limit, lambda one: (one.created_at, one.id))


@router.post(
    "/{id}/complete", status_code=HTTPStatus.NO_CONTENT, summary="A task was done", responses=answers(404, 409)
)
async def complete_task(id: UUID, engine: Annotated[Engine, needs("write")]) -> None:
    """The enrollment goes on by `completed`, at once. 409: the task is not open any more."""
    await starter.close(engine, id, "completed")


@router.post(
    "/{id}/skip", status_code=HTTPStatus.NO_CONTENT, summary="A task will not be done", responses=answers(404, 409)
)
async def skip_task(id: UUID, engine: Annotated[Engine, needs("write")]) -> None:
    """The enrollment goes on by `skipped`, at once. 409: the task is not open any more."""
    await starter.close(engine, id, "skipped")
