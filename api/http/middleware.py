"""What surrounds every request: its id in the logs, its limits, the headers of its answer, and an answer at all."""

import asyncio
import re
import time
from dataclasses import dataclass
from http import HTTPStatus
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars, clear_contextvars

from api.http.problems import problem

log = structlog.get_logger(__name__)

MAX_BODY = 1_000_000
"""Bytes."""
MAX_CONTACT_FILE = 100_000_000
"""Bytes."""
_BODY_WITHIN_S = 15.0
_ANSWER_WITHIN_S = 30.0
_STREAMED = ("text/event-stream", "text/csv")
"""Such an answer has begun in time; when it ends is its own to know."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    # Nothing that we answer is to be run or framed by a browser; the pages that are for people say what they need.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds: of no interest in a log."""


@dataclass(frozen=True)
class Allowance:
    """What a request may take."""

    body: int
    """Bytes."""
    body_within_s: float
    answer_within_s: float


_LONG = {("POST", "/contacts/import"): Allowance(MAX_CONTACT_FILE, 600.0, 900.0)}
"""By method and path: what comes in as a file."""
_MAIL = re.compile(r"/webhooks/email/[^/]+")
_WHOLE_MAIL = Allowance(1_000_000_000, 300.0, 360.0)
"""Whoever takes it in has a limit of its own, and keeps a record of what is beyond it."""


def allowance(scope: Scope) -> Allowance:
    """What this request may take."""
    usual = Allowance(MAX_BODY, _BODY_WITHIN_S, _ANSWER_WITHIN_S)
    if scope["method"] == "POST" and _MAIL.fullmatch(scope["path"]):
        return _WHOLE_MAIL
    return _LONG.get((scope["method"], scope["path"]), usual)


class BodyLimit:
    """Refuses a body that is longer than it may be, whatever its length was said to be."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, and count what is read of it."""
        limited = RequestBodyLimitMiddleware(self._app, allowance(scope).body) if scope["type"] == "http" else self._app
        await limited(scope, receive, send)


class Frame:
    """Pure ASGI, so that it sees every byte and holds none of them back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; whatever happens inside, it is answered and logged."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        clear_contextvars()
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        answer = _Answer(send, given if _REQUEST_ID.fullmatch(given) else uuid4().hex)
        began, may = time.monotonic(), allowance(scope)
        with bound_contextvars(request_id=answer.request_id):
            try:
                async with asyncio.timeout(may.answer_within_s) as answer.limit:
                    if _announced(headers) > may.body:
                        await _too_large(may.body)(scope, receive, answer.send)
                    else:
                        await self._app(scope, _patient(receive, may.body_within_s), answer.send)
            except ClientDisconnect:
                log.info("client_left", route=_route(scope))
            except Exception as error:
                log.exception("request_failed", route=_route(scope))
                if answer.status:
                    raise  # Half an answer is out: only a broken connection tells the client.
                await _failed(error)(scope, receive, answer.send)
            seconds = time.monotonic() - began
            scope["app"].state.metrics.answered(
                scope["method"], _route(scope), answer.status, seconds if answer.began is None else answer.began - began
            )
            note = log.debug if _route(scope) in PROBES else log.info
            note(
                "request",
                method=scope["method"],
                route=_route(scope),
                status=answer.status,
                ms=round(seconds * 1000, 1),
            )


class _Answer:
    """Adds our headers to whatever is answered, and remembers its status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self.request_id = request_id
        self.status = 0
        """0: nothing was answered yet."""
        self.began: float | None = None
        self.limit: asyncio.Timeout | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.began = time.monotonic()
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers["X-Request-Id"] = self.request_id
            if self.limit is not None and headers.get("Content-Type", "").startswith(_STREAMED):
                self.limit.reschedule(None)
        await self._send(message)


def _route(scope: Scope) -> str:
    """The pattern, not the path: tokens in a path are keys, and paths that we do not know may hold anything."""
    return getattr(scope.get("route"), "path", "") or "unknown"


def _announced(headers: Headers) -> int:
    length = headers.get("content-length", "")
    return int(length) if length.isdecimal() and len(length) < 20 else 0


def _patient(receive: Receive, within_s: float) -> Receive:
    """Waits for the body, but not for ever."""
    deadline = asyncio.get_running_loop().time() + within_s
    complete = False

    async def in_time() -> Message:
        nonlocal complete
        if complete:  # From here on nothing comes but the client's leave.
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, headers={"Connection": "close"}) from None
        complete = not message.get("more_body", False)
        return message

    return in_time


def _too_large(most: int) -> ASGIApp:
    # The rest of the body is not read, so the connection cannot be used again.
    return problem(413, f"a body has at most {most:,} bytes", headers={"Connection": "close"})


def _failed(error: Exception) -> ASGIApp:
    if isinstance(error, TimeoutError):
        return problem(503, "it took too long", hint="send the same again in a moment", headers={"Retry-After": "10"})
    return problem(500, "something went wrong here; the log says what, under this answer's X-Request-Id")
