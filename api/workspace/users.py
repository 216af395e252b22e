"""Users: whom contacts can be assigned to, and who is notified and has tasks."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.http.auth import REFUSALS, needs
from api.http.paging import After, Limit, Page, part, place
from api.http.problems import answers
from api.http.recorded import RECORDED
from api.http.text_types import Line
from content.addresses import normal_email
from domain.errors import Conflict, NotFound, Unfit
from starter.engine import Engine
from store.workspace import users
from store.workspace.users import User

router = APIRouter(
    prefix="/users", tags=["admin"], responses={**REFUSALS, **answers(422, 503)}, dependencies=[RECORDED]
)

_EXAMPLE: dict[str, Any] = {"full_name": "Grace Hopper", "email": "grace@example.com"}
_MISSING = "there is no such user"


class UserDescription(BaseModel):
    """What people read of a user."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _EXAMPLE})

    full_name: Line | None = None
    email: Line | None = None


class NewUser(UserDescription):
    """A user to be made."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"name": "grace", **_EXAMPLE}})

    name: Line = Field(description="What `assign_to_user`, `notify_user` and tasks call them; never changes.")


@router.post("", status_code=HTTPStatus.CREATED, summary="Make a user", responses=answers(409))
async def create_user(body: NewUser, engine: Annotated[Engine, needs("admin")]) -> User:
    """Sequences may name users that are not here; this list is for people to choose from. 409: the name is taken."""
    name = body.name.strip()
    async with engine.transaction() as tx:
        id_ = await users.add(tx, name, body.full_name, _email(body.email), engine.now())
        if id_ is None:
            raise Conflict(f"there is a user {name!r} already", hint="take another name")
        return _there(await users.read(tx, id_))


@router.get("", summary="List users")
async def list_users(engine: Annotated[Engine, needs("read")], after: After = None, limit: Limit = 50) -> Page[User]:
    """By name."""
    behind = place("users", after, str)
    async with engine.transaction() as tx:
        found = await users.listed(tx, after=behind and behind[0], limit=limit + 1)
    return part("users", found, limit, lambda one: (one.name,))


@router.put("/{id}", summary="Change a user", responses=answers(404))
async def change_user(id: UUID, body: UserDescription, engine: Annotated[Engine, needs("admin")]) -> User:
    """What is left out is taken away; the name stays."""
    async with engine.transaction() as tx:
        if not await users.change(tx, id, body.full_name, _email(body.email)):
            raise NotFound(_MISSING, hint="GET /users lists them")
        return _there(await users.read(tx, id))


@router.delete("/{id}", status_code=HTTPStatus.NO_CONTENT, summary="Remove a user", responses=answers(404))
async def remove_user(id: UUID, engine: Annotated[Engine, needs("admin")]) -> None:
    """From the list alone: contacts, tasks and notifications keep the name."""
    async with engine.transaction() as tx:
        if not await users.remove(tx, id):
            raise NotFound(_MISSING, hint="GET /users lists them")


def _there(user: User | None) -> User:
    if user is None:
        raise NotFound(_MISSING, hint="GET /users lists them")
    return user


def _email(text: str | None) -> str | None:
    try:
        return normal_email(text) if text else None
    except ValueError as error:
        raise Unfit(f"email: {error}", hint="write it as grace@example.com") from error
