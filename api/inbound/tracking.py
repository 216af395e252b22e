"""What tells of opens and clicks: a picture, and a detour to where a link leads. Neither ever waits for the record."""

import asyncio
from base64 import b64decode
from dataclasses import replace
from hashlib import sha256
from string import punctuation
from urllib.parse import quote

import structlog
from fastapi import APIRouter, BackgroundTasks, Request, Response

from api.http.problems import UNAVAILABLE
from api.http.state import Edge, TheEdge
from api.inbound.html import HEADERS, OURSELVES, unknown_link
from content.links import Named
from content.machines import is_machine_call
from domain import ids
from domain.errors import Unverified
from domain.events import EventType, StatusReport
from domain.messages import Channel
from store.inbound import tracking

log = structlog.get_logger(__name__)

_PICTURE = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""GIF, one pixel, transparent."""
_WITHIN_S = 5.0
"""A record that takes longer is given up, so that none pile up behind a database that is down."""

router = APIRouter(tags=["links"])


@router.head("/o/{token}.gif", include_in_schema=False)
@router.get(
    "/o/{token}.gif",
    summary="The picture that is loaded when an email is opened",
    response_class=Response,
    responses={200: {"content": {"image/gif": {}}}, 404: {"description": "The link was not made here."}},
)
async def opened(token: str, request: Request, edge: TheEdge, later: BackgroundTasks) -> Response:
    """Answer with the picture, and record that the message was opened."""
    try:
        if edge.engine.links is None:
            return Response(status_code=404, headers=HEADERS)
        named = edge.engine.links.read_open(token)
    except Unverified:
        return Response(status_code=404, headers=HEADERS)
    if request.method != "HEAD":
        later.add_task(_record, edge, named, EventType.OPENED, dict(request.headers))
    return Response(_PICTURE, media_type="image/gif", headers=HEADERS)


@router.head("/c/{token}", include_in_schema=False)
@router.get(
    "/c/{token}",
    summary="The detour of a link in an email",
    response_class=Response,
    status_code=302,
    responses={404: {"description": "The link was not made here.", "content": {"text/html": {}}}},
)
async def clicked(token: str, request: Request, edge: TheEdge, later: BackgroundTasks) -> Response:
    """Lead on to the link's own target, which is signed with it, and record the click."""
    try:
        if edge.engine.links is None:
            return unknown_link()
        named, url = edge.engine.links.read_click(token)
    except Unverified:
        return unknown_link()
    if request.method != "HEAD":
        later.add_task(_record, edge, named, EventType.CLICKED, dict(request.headers), url)
    # As the author wrote it: only what no header can carry is encoded.
    return Response(status_code=302, headers={**HEADERS, "Location": quote(url, safe=punctuation)})


async def _record(edge: Edge, named: Named, what: EventType, headers: dict[str, str], url: str | None = None) -> None:
    """Once for each message (each link of it) by people, and once by machines: loading it again adds no row."""
    engine = replace(edge.engine, tenant_id=named.tenant_id)
    now = engine.now()
    target = f":{sha256(url.encode()).hexdigest()[:16]}" if url else ""
    names = {machine: f"{what}:{named.job_id}{target}{':machine' * machine}" for machine in (False, True)}
    events = {machine: ids.event_id(engine.tenant_id, OURSELVES, name) for machine, name in names.items()}
    try:
        async with asyncio.timeout(_WITHIN_S):
            async with engine.transaction() as tx:
                found = await tracking.look_up(tx, named.job_id, list(events.values()))
            if found is None:
                return
            machine = is_machine_call(headers, now=now, sent_at=found.sent_at)
            if events[machine] in found.known:
                return
            report = StatusReport(
                type=what,
                channel=Channel.EMAIL,
                provider=OURSELVES,
                provider_event_id=names[machine],
                at=now,
                job_id=named.job_id,
                machine=machine,
                url=url,
            )
            await edge.inbox.take_in(engine, [report], source="/c" if url else "/o")
    except UNAVAILABLE as error:
        log.warning("not_recorded", type=what, job=str(named.job_id), error=str(error) or type(error).__name__)
