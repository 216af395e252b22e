"""Who did what: each change by a key or a session is written down, with the change itself where it may be repeated."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import Depends, Request
from starlette.routing import Route

from api.http.auth import TheCaller
from store.workspace import commands

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_CHANGES_NOTHING = frozenset({"/sequences/check", "/sequences/convert"})


async def _recorded(request: Request, caller: TheCaller) -> AsyncIterator[None]:
    yield
    # Behind the work, and before the answer; what was refused has raised, and is none.
    route = request.scope.get("route")
    if request.method in _READING or not isinstance(route, Route) or route.path in _CHANGES_NOTHING:
        return
    engine = caller.engine
    async with engine.transaction() as tx:
        await commands.record(
            tx,
            engine.tenant_id,
            owner=caller.owner.key_id,
            command=f"{request.method} {route.path}",
            subject=request.path_params.get("id"),
            now=engine.now(),
        )


RECORDED: Any = Depends(_recorded, scope="function")
"""A dependency of a router: whatever its routes change is in GET /commands."""
