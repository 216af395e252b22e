"""Keys of the API."""

from datetime import datetime
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
from starter.engine import Engine
from store.workspace import api_keys
from store.workspace.api_keys import ApiKey, Scope

router = APIRouter(prefix="/keys", tags=["admin"], responses={**REFUSALS, **answers(422, 503)}, dependencies=[RECORDED])

_EXAMPLE: dict[str, Any] = {
    "id": "5f0c7a52-96d3-4d0c-9a0e-0c1f9f7f3d61",
    "name": "crm",
    "scopes": ["read", "write"],
    "created_at": "2026-11-21T09:30:00Z",
    "last_used_at": None,
    "revoked_at": None,
}


class NewKey(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"name": "crm", "scopes": ["read", "write"]}}
    )

    name: Line = Field(description="What uses it. A name is given once, also where its key is revoked.")
    scopes: list[Scope] = Field(
        min_length=1, max_length=3, description="What it may do; none of them includes another."
    )


class KeyState(BaseModel):
    """What is known of a key; the key itself is nowhere."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    id: UUID
    name: str
    scopes: list[Scope]
    created_at: datetime
    last_used_at: datetime | None = Field(description="To the minute; null: never.")
    revoked_at: datetime | None


class MadeKey(KeyState):
    """A key, this once."""

    model_config = ConfigDict(
        json_schema_extra={"example": {**_EXAMPLE, "key": "tl_Wb0wq9S3VZbRqk0yT1c8kqf2m5mKcX7mJk1l0hR3uYQ"}}
    )

    key: str = Field(description="Send it as `Authorization: Bearer …`. It is kept as a hash: note it down now.")


@router.post("", status_code=HTTPStatus.CREATED, summary="Make an API key", responses=answers(409))
async def create_key(body: NewKey, engine: Annotated[Engine, needs("admin")]) -> MadeKey:
    """The answer is the only one that ever shows the key. 409: there is, or was, a key of that name."""
    async with engine.transaction() as tx:
        key = await api_keys.create(tx, engine.tenant_id, body.name.strip(), set(body.scopes), engine.now())
        made = await api_keys.read(tx, body.name.strip())
    assert made is not None  # noqa: S101 - of the same transaction
    return MadeKey(**_state(made).model_dump(), key=key)


@router.get("", summary="List API keys")
async def list_keys(
    engine: Annotated[Engine, needs("admin")], after: After = None, limit: Limit = 50
) -> Page[KeyState]:
    """Oldest first, revoked ones among them; never the keys themselves."""
    behind = place("keys", after, datetime, UUID)
    async with engine.transaction() as tx:
        found = await api_keys.listed(tx, behind=behind, limit=limit + 1)
    return part("keys", [_state(key) for key in found], limit, lambda one: (one.created_at, one.id))


@router.delete("/{id}", status_code=HTTPStatus.NO_CONTENT, summary="Revoke an API key", responses=answers(404))
async def revoke_key(id: UUID, engine: Annotated[Engine, needs("admin")]) -> None:
    """From now on it opens nothing; it stays on the list. 404: there is no valid key of that id."""
    async with engine.transaction() as tx:
        await api_keys.revoke(tx, id, engine.now())


def _state(key: ApiKey) -> KeyState:
    return KeyState(
        id=key.id,
        name=key.name,
        scopes=list(key.scopes),
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
    )
