"""Who calls: an API key, or a session of the console, names a tenant and what may be done there."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from starlette.datastructures import Headers
from starlette.types import Scope as RequestScope
from structlog.contextvars import bind_contextvars

from api.http.concurrency import Turns
from api.http.cookies import session_for, session_in
from api.http.problems import Refusal, answers
from api.http.state import Edge, TheEdge
from starter.engine import Engine
from store.workspace import api_keys, sessions
from store.workspace.api_keys import Owner, Scope
from store.workspace.sessions import is_session

REFUSALS = answers(401, 403)
"""The `responses` of a router whose routes need a key."""

_bearer = HTTPBearer(
    scheme_name="API key",
    description="`POST /keys` makes one; the first one of a tenant `./touchline keys create NAME --scope admin`.",
    auto_error=False,
)

_OWNER = "touchline.api_key_owner"
"""Where a request's scope holds what was found of its key."""


@dataclass(frozen=True)
class Caller:
    """Whoever holds a valid key or session."""

    engine: Engine
    """Acts for the key's tenant."""
    owner: Owner

    def require(self, scope: Scope) -> None:
        """Raises Refusal (403) unless the key has the scope."""
        if scope not in self.owner.scopes:
            raise Refusal(
                HTTPStatus.FORBIDDEN,
                f"this key lacks the scope {scope}",
                hint=f'use a key that has it; POST /keys makes one with "scopes": ["{scope}"], by a key of scope admin',
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
            )


def key_in(headers: Headers) -> str | None:
    """The API key that a request shows, valid or not; None: it shows none."""
    scheme, credentials = get_authorization_scheme_param(headers.get("authorization"))
    return credentials if scheme.lower() == "bearer" and credentials and not is_session(credentials) else None


def credential_in(scope: RequestScope) -> str | None:
    """What a request shows, valid or not: an API key, or where it shows none, a session of the console."""
    headers = Headers(scope=scope)
    return key_in(headers) if "authorization" in headers else session_for(scope)


async def owner_of(scope: RequestScope, credential: str) -> Owner | None:
    """For whom the request's key or session speaks, looked up once for each request; None: it is not valid."""
    if _OWNER not in scope:
        edge: Edge = scope["app"].state.edge
        look_up = sessions.owner_of if is_session(credential) else api_keys.owner_of
        scope[_OWNER] = await look_up(edge.engine.database, credential, datetime.now(UTC))
    owner: Owner | None = scope[_OWNER]
    return owner


async def _caller(
    request: Request,
    edge: TheEdge,
    described: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Caller:
    credential = credential_in(request.scope)
    if credential is None:
        if session_in(request.headers) is not None:
            raise Refusal(
                HTTPStatus.FORBIDDEN,
                "a session of the console is good for the console's own pages alone",
                hint="programs send a key, as Authorization: Bearer tl_…",
            )
        raise Refusal(
            HTTPStatus.UNAUTHORIZED,
            "an API key is needed",
            hint="send it as Authorization: Bearer tl_…",
            headers={"WWW-Authenticate": "Bearer"},
        )
    owner = await owner_of(request.scope, credential)
    if owner is None and is_session(credential):
        raise Refusal(HTTPStatus.UNAUTHORIZED, "the session has ended", hint="sign in again; what you see is kept")
    if owner is None:
        raise Refusal(
            HTTPStatus.UNAUTHORIZED,
            "the API key is not valid",
            hint="send one that was not revoked; GET /keys lists them, by a key of scope admin",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )
    bind_contextvars(tenant_id=str(owner.tenant_id), api_key=str(owner.key_id))
    return Caller(replace(edge.engine, tenant_id=owner.tenant_id), owner)


TheCaller = Annotated[Caller, Depends(_caller)]
"""Whoever calls, with any scope."""


def needs(scope: Scope) -> Any:
    """A dependency: the Engine of the caller's tenant, for keys with this scope; others are refused.

    Use: `engine: Annotated[Engine, needs("read")]`.
    """

    async def scoped(caller: TheCaller) -> Engine:
        caller.require(scope)
        return caller.engine

    return Depends(scoped)


def takes_turn(of: Callable[[Edge], Turns]) -> Any:
    """A dependency: the request has one of these under way until its answer is out; 429 where that is one too many."""

    async def taken(edge: TheEdge, caller: TheCaller) -> AsyncIterator[None]:
        with of(edge).take(caller.owner):
            yield

    return Depends(taken, scope="request")
