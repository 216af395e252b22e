"""Refuses whoever comes too often, before anything is done for them."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.auth import credential_in, owner_of
from api.http.limiter import RateLimiter
from api.http.middleware import PROBES
from api.http.problems import UNAVAILABLE, problem, unavailable
from store.pool import urgent

_WEBHOOKS = "/webhooks/"
_HINT = "wait as long as Retry-After says, and spread the requests"


class Limits:
    """Refuses those who come too often. Requests without a key of ours pass: vendors, links and probes have none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the request, and hand it on or refuse it; vendors' calls, links and probes go first."""
        if _is_urgent(scope):
            with urgent():
                await self._admit(scope, receive, send)
        else:
            await self._admit(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = credential_in(scope) if scope["type"] == "http" and scope["path"] not in PROBES else None
        limiter: RateLimiter | None = scope["app"].state.edge.limiter if key else None
        if key is None or limiter is None:
            await self._app(scope, receive, send)
            return
        address = scope["client"][0] if scope.get("client") else ""
        guessing = not await limiter.believes(address)
        if guessing and limiter.known.is_wrong(key):
            await _guessed(await limiter.wait_of_address(address))(scope, receive, send)
            return
        try:
            async with limiter.known.look_up(key, guessing=guessing):
                owner = await owner_of(scope, key)
        except UNAVAILABLE:
            await unavailable()(scope, receive, send)
            return
        limiter.known.note(key, valid=owner is not None)
        if owner is None:
            await limiter.refused(address)
            if guessing:
                await _guessed(await limiter.wait_of_address(address))(scope, receive, send)
            else:
                await self._app(scope, receive, send)
            return
        key_id = str(owner.key_id)
        if not await limiter.admits(key_id):
            refusal = _too_many("this key has made too many requests", await limiter.wait_of_key(key_id))
            refusal.headers.update(await limiter.told(key_id))
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, _telling(send, limiter.told, key_id))


def _is_urgent(scope: Scope) -> bool:
    """Whether somebody calls who will not come again, or who asks how we do."""
    keyed = scope["type"] == "http" and credential_in(scope) is not None
    return not keyed or scope["path"].startswith(_WEBHOOKS) or scope["path"] in PROBES


def _guessed(wait_s: int) -> JSONResponse:
    return _too_many("too many keys that are not valid came from this address", wait_s)


def _too_many(detail: str, wait_s: int) -> JSONResponse:
    return problem(HTTPStatus.TOO_MANY_REQUESTS, detail, hint=_HINT, headers={"Retry-After": str(wait_s)})


def _telling(send: Send, told: Callable[[str], Awaitable[dict[str, str]]], key_id: str) -> Send:
    async def with_limit(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(await told(key_id))
        await send(message)

    return with_limit
