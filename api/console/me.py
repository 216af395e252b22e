"""Who calls, and where: what a program shows of whoever uses it."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.http.auth import REFUSALS, TheCaller
from api.http.problems import answers
from domain.errors import NotFound
from starter.engine import Engine
from store.workspace import tenant_settings
from store.workspace.api_keys import Owner, Scope

router = APIRouter(prefix="/me", tags=["admin"], responses={**REFUSALS, **answers(404, 422, 503)})

_EXAMPLE: dict[str, Any] = {
    "tenant": {
        "id": "00000000-0000-4000-8000-000000000001",
        "name": "Acme",
        "timezone": "America/Denver",
    },
    "scopes": ["read", "write"],
}


class Workspace(BaseModel):
    """The tenant of whoever calls."""

    id: UUID
    name: str
    timezone: str = Field(description="IANA name; for contacts whose own zone is unknown.")


class Me(BaseModel):
    """Whoever calls."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    tenant: Workspace
    scopes: list[Scope] = Field(description="What the key or session may do; none of them includes another.")


@router.get("", summary="Who calls, and what they may do")
async def me(caller: TheCaller) -> Me:
    """For a key of any scope."""
    return await of(caller.engine, caller.owner)


async def of(engine: Engine, owner: Owner) -> Me:
    """What is told of the owner of a key or session. Raises NotFound when the tenant is gone."""
    async with engine.transaction() as tx:
        tenant = await tenant_settings.read(tx)
    if tenant is None:
        raise NotFound("there is no such tenant any more")
    workspace = Workspace(id=tenant.id, name=tenant.name, timezone=tenant.timezone)
    return Me.model_validate({"tenant": workspace, "scopes": sorted(owner.scopes)})
