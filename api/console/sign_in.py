"""Signing in to the console and out of it: a key, or a link that works once, for a session in a cookie."""

from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.http import cookies
from api.console import me
from api.http.auth import TheCaller
from api.http.state import TheEdge
from api.console.me import Me
from api.http.problems import Refusal
from store.workspace import sessions

# Not described: only the console's own pages come in by it; programs have keys.
router = APIRouter(prefix="/session", include_in_schema=False)


class Link(BaseModel):
    """A link that signs in once."""

    model_config = ConfigDict(extra="forbid")

    once: str = Field(max_length=200)


@router.get("", response_model=Me)
async def who(request: Request, edge: TheEdge) -> Me | Response:
    """Whoever is signed in; 204: nobody, which is no error of a page that asks."""
    token = cookies.session_in(request.headers)
    owner = await sessions.owner_of(edge.engine.database, token, datetime.now(UTC)) if token else None
    if owner is None:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return await me.of(replace(edge.engine, tenant_id=owner.tenant_id), owner)


@router.post("", status_code=HTTPStatus.NO_CONTENT)
async def sign_in_by_key(request: Request, response: Response, edge: TheEdge, caller: TheCaller) -> None:
    """The key comes as it does everywhere; the session may do what it may, and ends with it."""
    _must_be_ours(request)
    if cookies.session_in(request.headers) and "authorization" not in request.headers:
        return  # Signed in already.
    _keep(request, response, await sessions.begin_by_key(edge.engine.database, caller.owner, datetime.now(UTC)))


@router.post("/link", status_code=HTTPStatus.NO_CONTENT)
async def sign_in_by_link(link: Link, request: Request, response: Response, edge: TheEdge) -> None:
    """Uses the link up."""
    _must_be_ours(request)
    token = await sessions.begin_by_link(edge.engine.database, link.once, datetime.now(UTC))
    if token is None:
        raise Refusal(
            HTTPStatus.UNAUTHORIZED,
            "this sign-in link was used already, or is too old",
            hint="sign in with an API key, or by a new link: whoever starts Touchline is shown one",
        )
    _keep(request, response, token)


@router.delete("", status_code=HTTPStatus.NO_CONTENT)
async def sign_out(request: Request, response: Response, edge: TheEdge) -> None:
    """The session opens nothing from now on, wherever its cookie is."""
    _must_be_ours(request)
    if token := cookies.session_in(request.headers):
        await sessions.end(edge.engine.database, token)
    response.delete_cookie(cookies.NAME, httponly=True, samesite="strict")


def _must_be_ours(request: Request) -> None:
    if not cookies.is_of_our_page(request.headers):
        raise Refusal(HTTPStatus.FORBIDDEN, "only the console's own pages sign in and out")


def _keep(request: Request, response: Response, token: str) -> None:
    # Secure only where the scheme is: over http://127.0.0.1 some browsers drop a cookie that is marked so.
    response.set_cookie(
        cookies.NAME,
        token,
        max_age=int(sessions.LONGEST.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
