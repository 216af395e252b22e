"""One click and no more messages (RFC 8058); and back again, for whoever clicked by mistake."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from api.http.problems import UNAVAILABLE
from api.http.state import Edge, TheEdge
from api.inbound.html import OURSELVES, button, page, unknown_link, unreachable
from domain.errors import Unverified
from domain.events import EventType, StatusReport
from domain.messages import Channel
from starter.engine import Engine
from store.inbound import tracking
from store.workspace import tenant_settings
from store.workspace.tenant_settings import Tenant

log = structlog.get_logger(__name__)

_WITHIN_S = 6.0
"""Whoever waits longer gives up; the page then says to try again."""

_ANSWERS: dict[int | str, dict[str, Any]] = {
    404: {"description": "The link was not made here, or its message is gone.", "content": {"text/html": {}}},
    503: {"description": "The database cannot be reached; nothing has changed.", "content": {"text/html": {}}},
}

router = APIRouter(tags=["links"], default_response_class=HTMLResponse, responses=_ANSWERS)


@router.head("/unsubscribe/{token}", include_in_schema=False)
@router.head("/subscribe/{token}", include_in_schema=False)
@router.get("/unsubscribe/{token}", summary="The page with the button")
@router.get("/subscribe/{token}", include_in_schema=False)
async def ask(token: str, edge: TheEdge) -> Response:
    """Show a page with a button. It changes nothing: scanners follow links, too."""
    return await _answer(edge, token, _ask)


@router.post("/unsubscribe/{token}", summary="Unsubscribe, with one click")
async def unsubscribe(token: str, edge: TheEdge) -> Response:
    """Unsubscribe whom the message went to, at once; again, it answers the same.

    The body is not looked at: mail programs send `List-Unsubscribe=One-Click` in one of two encodings, and whoever
    posts to this address wants nothing else.
    """
    return await _answer(edge, token, _unsubscribe)


@router.post("/subscribe/{token}", summary="Take the unsubscribing back")
async def subscribe(token: str, edge: TheEdge) -> Response:
    """Subscribe whom the message went to again. Sequences that were stopped stay so."""
    return await _answer(edge, token, _subscribe)


@dataclass(frozen=True)
class _Visit:
    """Somebody with a link that we made."""

    edge: Edge
    engine: Engine
    """Acts for the tenant of the link."""
    tenant: Tenant
    job_id: UUID
    token: str

    async def report(self, wish: EventType) -> bool:
        """Store it; False when the message is gone. Only a press that changes the wish is an event: a link may be
        pressed for ever."""
        async with self.engine.transaction() as tx:
            last = await tracking.last_wish(tx, self.job_id)
        if last is not None and last != wish:
            await self.edge.inbox.take_in(self.engine, [self._event(wish)], source="/unsubscribe")
        return last is not None

    def _event(self, wish: EventType) -> StatusReport:
        at = self.engine.now()
        return StatusReport(
            type=wish,
            channel=Channel.EMAIL,
            provider=OURSELVES,
            provider_event_id=f"{wish}:{self.job_id}:{at.isoformat()}",
            at=at,
            job_id=self.job_id,
        )

    def button(self, label: str, path: str) -> str:
        # Relative, so that it holds behind a proxy that adds a path.
        return button(label, f"../{path}/{self.token}")


async def _answer(edge: Edge, token: str, act: Callable[[_Visit], Awaitable[HTMLResponse]]) -> HTMLResponse:
    links = edge.engine.links
    try:
        if links is None:
            return unknown_link()
        named = links.read_unsubscribe(token)
        engine = replace(edge.engine, tenant_id=named.tenant_id)
        async with asyncio.timeout(_WITHIN_S):
            async with engine.transaction() as tx:
                tenant = await tenant_settings.read(tx)
            return await act(_Visit(edge, engine, tenant, named.job_id, token)) if tenant else unknown_link()
    except Unverified:
        return unknown_link()
    except UNAVAILABLE as error:
        log.error("unsubscribe_page_lost", error=str(error) or type(error).__name__)
        return unreachable()


async def _ask(visit: _Visit) -> HTMLResponse:
    return page(
        "Unsubscribe?",
        f"Press the button, and you will get no more emails from {visit.tenant.name}.",
        form=visit.button("Unsubscribe", "unsubscribe"),
    )


async def _unsubscribe(visit: _Visit) -> HTMLResponse:
    if not await visit.report(EventType.UNSUBSCRIBED):
        return unknown_link()
    return page(
        "You are unsubscribed",
        f"You will get no more emails from {visit.tenant.name}.",
        "Was it a mistake?",
        form=visit.button("Subscribe again", "subscribe"),
    )


async def _subscribe(visit: _Visit) -> HTMLResponse:
    if not await visit.report(EventType.SUBSCRIBED):
        return unknown_link()
    return page(
        "You are subscribed again",
        f"{visit.tenant.name} may write to you.",
        form=visit.button("Unsubscribe", "unsubscribe"),
    )
