"""What happens to enrollments and steps, as it happens: Server-Sent Events."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import format_sse_event
from starlette.responses import StreamingResponse
from starlette.types import Send

from api.http.auth import REFUSALS, TheCaller, needs, takes_turn
from api.http.problems import Refusal, answers
from api.http.state import TheEdge
from domain.errors import NotFound
from starter.changes.stream import Broadcaster, Interest
from starter.engine import Engine
from store.changes.changes import Change, ChangeType, Position
from store.contacts import records
from store.enrollments.scope import read_scope
from store.pool import LOST
from store.sequences import sequences

log = structlog.get_logger(__name__)

router = APIRouter(tags=["live"], responses={**REFUSALS, **answers(404, 422, 503)})

_HEARTBEAT_S = 15.0
_TAKEN_WITHIN_S = 20.0
"""A client that takes nothing off its connection for this long is given up."""
_LONGEST_S = 15 * 60.0
"""A stream ends and the client connects again: to whichever process has room for it."""
_COME_BACK_MS = 2000

_PLACE = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")
_DESCRIPTION = """\
The answer never ends. Each change is one event: `event:` is its type, `id:` its place, `data:` the document `Change`
as JSON on one line. A comment at least every 15 seconds shows that the connection lives; it carries the place that was
reached, also where nothing of interest happened.

**Resuming.** Send the last `id` that you saw as `Last-Event-ID` (browsers do by themselves), and nothing is missed:
changes are kept for at least a day. If yours is no longer kept, the first event is `reset`: load afresh what you show;
the stream goes on from now. Without the header it begins now.

**Ends.** Connect again when the stream ends: after 15 minutes at the latest, when the server restarts, or when you
read more slowly than things happen. It ends at once when its key is revoked. A key may have 100 streams at a time.

**Order and delay.** The second number of `data.id` rises within an enrollment; an older change may come after a newer
one where both were recorded at the same moment. A change is told once no older transaction is writing, commonly within
a second; while a provider takes long over a message, as long as it takes.
"""


class EventStream(StreamingResponse):
    """Ends where the client takes nothing, instead of waiting for it for ever."""

    media_type = "text/event-stream"

    def __init__(self, told: AsyncGenerator[bytes]) -> None:
        super().__init__(told)
        self._told = told

    async def stream_response(self, send: Send) -> None:
        """Send it piece by piece."""

        async def in_time(message: dict[str, object]) -> None:
            async with asyncio.timeout(_TAKEN_WITHIN_S):
                await send(message)

        try:
            await super().stream_response(in_time)  # type: ignore[arg-type] # a Message is such a dictionary
        except TimeoutError:
            log.info("listener_takes_nothing")
        except LOST as error:
            # Nothing but an end can be said any more: the client comes again.
            log.warning("live_ends_with_database", error=str(error) or type(error).__name__)
        finally:
            await self._told.aclose()


async def _interest(
    engine: Annotated[Engine, needs("read")],
    sequence: Annotated[str | None, Query(description="Only this one's: its key or id.", max_length=64)] = None,
    contact: Annotated[str | None, Query(description="Only this one's: external id or ours.", max_length=500)] = None,
    enrollment: Annotated[UUID | None, Query(description="Only this one's.")] = None,
    type: Annotated[list[ChangeType] | None, Query(description="Only these; may be given several times.")] = None,
    is_test: Annotated[
        bool | None, Query(alias="isTest", description="Test runs alone, or real ones alone; both when left out.")
    ] = None,
) -> Interest:
    sequence_id = contact_id = None
    async with engine.transaction() as tx:
        if sequence is not None:
            sequence_id = (await sequences.named(tx, sequence)).id
        if contact is not None:
            contact_id = (await records.named(tx, contact)).id
        if enrollment is not None and await read_scope(tx, enrollment) is None:
            raise NotFound("there is no such enrollment", hint="GET /flow-executions lists them")
    return Interest(frozenset(type or ()), sequence_id, contact_id, enrollment, is_test)


@router.get(
    "/events",
    summary="Everything that happens to enrollments and their steps, live",
    description=_DESCRIPTION,
    response_class=EventStream,
    status_code=HTTPStatus.OK,
    dependencies=[takes_turn(lambda edge: edge.streams)],
    responses={
        200: {
            "model": Change,
            "description": "A stream of changes.",
            "content": {
                "text/event-stream": {
                    "example": 'event: enrollment.stopped\ndata: {"id":"71236-90411","type":"enrollment.stopped",…}\n'
                    "id: 71236-90411\n\n",
                }
            },
        }
    },
)
async def events(
    edge: TheEdge,
    engine: Annotated[Engine, needs("read")],
    caller: TheCaller,
    interest: Annotated[Interest, Depends(_interest)],
    last_event_id: Annotated[str | None, Header(description="The `id` of the last event that you saw.")] = None,
) -> EventStream:
    """Described above, at length."""
    after, interest = _place(last_event_id), replace(interest, key_id=caller.owner.key_id)
    if after is not None and not await edge.live.resumable(engine.database, engine.tenant_id, after):
        return EventStream(_told(edge.live, engine, interest, None, reset=True))
    return EventStream(_told(edge.live, engine, interest, after))


async def _told(
    live: Broadcaster, engine: Engine, interest: Interest, after: Position | None, *, reset: bool = False
) -> AsyncGenerator[bytes]:
    """The stream: what was missed, then what happens."""
    ends = asyncio.get_running_loop().time() + _LONGEST_S
    async with live.listen(engine.database, engine.tenant_id, interest) as listener:
        start = listener.start if after is None else after
        yield format_sse_event(retry=_COME_BACK_MS)
        if reset:
            yield format_sse_event(event="reset", data_str=json.dumps({"type": "reset"}), id=str(start))
        missed = live.between(engine.database, engine.tenant_id, start, listener.start, interest)
        async for part, reached in missed:
            yield b"".join(map(_event, part)) + _heartbeat(reached)
        if start >= listener.start:
            yield _heartbeat(start)
        while not listener.closed and (left := ends - asyncio.get_running_loop().time()) > 0:
            # Another process of ours, from where the client comes, may be a moment ahead of this one.
            told = [change for change in await listener.next(min(_HEARTBEAT_S, left)) if change.position > start]
            yield b"".join(map(_event, told)) or _heartbeat(max(listener.position, start))


def _event(change: Change) -> bytes:
    return format_sse_event(event=change.type, data_str=change.document, id=change.id)


def _heartbeat(reached: Position) -> bytes:
    return format_sse_event(comment="", id=str(reached))


def _place(last_event_id: str | None) -> Position | None:
    if not last_event_id:
        return None
    match = _PLACE.fullmatch(last_event_id)
    if match is None:
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "Last-Event-ID is none of this stream's",
            hint="send the id of the last event that you saw, as it was, or none",
        )
    return Position(int(match[1]), int(match[2]))
