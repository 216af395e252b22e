"""A writing request that carries an `Idempotency-Key` is carried out once, however often it is made.

After the IETF draft "The Idempotency-Key HTTP Header Field", but for the status of a key that is used again for
another request: 409, as for everything else that does not fit what is there. Requests without a key of the API pass
untouched: vendors and one-click links know repetitions by what they say.
"""

import asyncio
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from uuid import UUID, uuid4

import structlog
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.auth import credential_in, owner_of
from api.http.problems import UNAVAILABLE, problem, unavailable
from api.http.state import Edge
from domain import ids
from store import idempotency
from store.idempotency import Attempt, Known
from store.once import Once
from store.pool import LOST, Database

log = structlog.get_logger(__name__)

HEADER = "Idempotency-Key"
WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
LONGEST_KEY = 255

_HELD = timedelta(seconds=60)
"""How long after an attempt has last been heard of its key is free again: it died with its process."""
_RENEWED_EVERY_S = 20.0
_AGAIN_IN_S = "1"
_MOST_KEPT = 1_000_000
"""Bytes of an answer."""
_IN_MEMORY = 1_000_000
"""Bytes of a request; of a longer one the rest lies in a file meanwhile."""
_NOT_KEPT = frozenset({401, 408, 413, 425, 429})
"""Nothing was done, and the same request may fare better later; so it is with every 5xx."""
_KEPT_HEADERS = frozenset({"content-type", "content-disposition", "etag", "location", "link", "www-authenticate"})
_ASKED_WITH = ("content-type", "if-match", "if-none-match")
"""Headers that say what is asked for, as the body does."""
_KEY = re.compile(r"[ -~]{1,255}")


class Idempotency:
    """Keeps the first answer, and gives it again."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry the request out, or answer it as it was answered before."""
        headers = Headers(scope=scope) if scope["type"] == "http" and scope["method"] in WRITING else Headers()
        named = headers.getlist(HEADER)
        api_key = credential_in(scope) if named else None
        if api_key is None:
            await self._app(scope, receive, send)
            return
        answer = await self._answer(scope, receive, send, named, api_key)
        if answer is not None:
            await answer(scope, receive, send)

    async def _answer(
        self, scope: Scope, receive: Receive, send: Send, named: list[str], api_key: str
    ) -> Response | None:
        """What is to be answered; None: the application has answered."""
        try:
            owner = await owner_of(scope, api_key)
        except UNAVAILABLE:
            return unavailable()
        if owner is None:
            await self._app(scope, receive, send)
            return None
        key = _key_of(named)
        if key is None:
            return problem(
                HTTPStatus.BAD_REQUEST,
                f"{HEADER} is no key",
                hint=f"send it once, with up to {LONGEST_KEY} printable ASCII characters, such as a random UUID",
            )
        with SpooledTemporaryFile(max_size=_IN_MEMORY) as body:
            asked = sha256(_asked(scope, owner.key_id))
            try:
                async for chunk in _chunks(receive):
                    asked.update(chunk)
                    body.write(chunk)
            except HTTPException as error:
                return problem(error.status_code, headers=error.headers)
            body.seek(0)
            edge: Edge = scope["app"].state.edge
            fingerprint = asked.digest()
            request = Once(edge.engine.database, owner.tenant_id, ids.request_id(owner.tenant_id, key, fingerprint))
            kept = _Kept(edge, owner.tenant_id, Attempt(key, uuid4()), _cipher(api_key, key), request)
            try:
                known = await kept.begin(fingerprint)
            except UNAVAILABLE:
                return unavailable()
            if known is not None:
                return known
            keeping = _Keeping(kept, send)
            async with kept.while_under_way():
                await self._app(scope, _again(body, receive), keeping.send)
        return keeping.instead


@dataclass
class _Kept:
    """One attempt to carry a request out, and the place where its answer is kept."""

    edge: Edge
    tenant_id: UUID
    attempt: Attempt
    cipher: Fernet
    request: Once
    settled: bool = False

    @property
    def database(self) -> Database:
        """Where the attempt is recorded, by transactions of its own."""
        return self.edge.engine.database

    async def begin(self, fingerprint: bytes) -> Response | None:
        """Take the key; otherwise what is to be answered."""
        now = datetime.now(UTC)
        async with self.database.transaction(self.tenant_id) as tx:
            if await idempotency.begin(tx, self.attempt, fingerprint, now=now, held_until=now + _HELD):
                return None
            known = await idempotency.known(tx, self.attempt.key)
        return self._known(known, fingerprint)

    def _known(self, known: Known | None, fingerprint: bytes) -> Response:
        if known is not None and known.fingerprint != fingerprint:
            return problem(
                HTTPStatus.CONFLICT,
                f"this {HEADER} was used for another request: another route, body or API key",
                hint="make a new key for each new request",
            )
        if known is None or known.status is None:
            return _under_way()
        if known.answer is None:
            return problem(
                HTTPStatus.CONFLICT,
                f"the request was carried out and answered {known.status}; its answer was too long to be kept",
                hint="read what it has changed",
            )
        head, _, body = self.cipher.decrypt(known.answer).partition(b"\n")
        return Response(body, known.status, {**json.loads(head), "Idempotent-Replayed": "true"})

    async def keep(self, status: int, headers: Mapping[str, str], body: bytes | None) -> Response | None:
        """Commit what was done together with its answer; otherwise what is to be answered instead.

        What nobody should be answered again was not done either: it is rolled back, as far as it waited for this.
        """
        self.settled = True
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _NOT_KEPT:
            await self._give_up()
            return None
        answer = None
        if body is not None:
            head = {name: value for name, value in headers.items() if name in _KEPT_HEADERS}
            answer = self.cipher.encrypt(json.dumps(head).encode() + b"\n" + body)
        wrote = self.request.has_written
        try:
            async with self.request.part() as tx:
                ours = await idempotency.keep(tx, self.attempt, status, answer)
            if not ours and wrote:
                await self.request.undo()
                return _under_way()
            for work in await self.request.commit():
                self.edge.inbox.teller.behind(work)
        except UNAVAILABLE as error:
            log.warning("answer_not_kept", status=status, error=type(error).__name__)
            with suppress(*UNAVAILABLE):
                await self.request.undo()
            # What committed by itself was done, whatever becomes of its answer; of the rest nobody knows.
            return unavailable() if wrote else None
        return None

    @asynccontextmanager
    async def while_under_way(self) -> AsyncIterator[None]:
        """Nobody else carries the request out meanwhile; an attempt that comes to no answer gives its key up."""
        renewing = asyncio.create_task(self._renew())
        try:
            with self.request.carried_out():
                yield
        finally:
            renewing.cancel()
            if not self.settled:
                await self._give_up()
            with suppress(*UNAVAILABLE):
                await self.request.undo()  # Nothing by now, unless what should have kept the answer has failed.

    async def _give_up(self) -> None:
        with suppress(*UNAVAILABLE):
            await self.request.undo()
        with suppress(*UNAVAILABLE), self.request.set_apart():
            async with self.database.transaction(self.tenant_id) as tx:
                await idempotency.give_up(tx, self.attempt)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEWED_EVERY_S)
            with suppress(*LOST):
                async with self.database.transaction(self.tenant_id) as tx:
                    await idempotency.hold(tx, self.attempt, datetime.now(UTC) + _HELD)


class _Keeping:
    """Holds an answer back until it is kept, so that nobody gets one that a repetition would not get."""

    instead: Response | None = None
    """What is to be answered because this could not be."""

    def __init__(self, kept: _Kept, send: Send) -> None:
        self._kept = kept
        self._send = send
        self._held: list[Message] = []
        self._length = 0

    async def send(self, message: Message) -> None:
        if self.instead is not None:
            return
        self._length += len(message.get("body", b""))
        complete = message["type"] == "http.response.body" and not message.get("more_body", False)
        if self._held or message["type"] == "http.response.start":
            self._held.append(message)
            if not complete and self._length <= _MOST_KEPT:
                return
            self.instead = await self._keep()
            for held in self._held if self.instead is None else ():
                await self._send(held)
            self._held.clear()
        else:
            await self._send(message)

    async def _keep(self) -> Response | None:
        start, *parts = self._held
        body = b"".join(part.get("body", b"") for part in parts) if self._length <= _MOST_KEPT else None
        return await self._kept.keep(start["status"], Headers(raw=start["headers"]), body)


def _under_way() -> Response:
    return problem(
        HTTPStatus.CONFLICT,
        f"the request with this {HEADER} is still being carried out",
        hint="send the same again in a moment, with the same key",
        headers={"Retry-After": _AGAIN_IN_S},
    )


def _key_of(named: list[str]) -> str | None:
    """The key, written as the draft has it (a quoted string) or bare; None: it is none."""
    if len(named) != 1:
        return None
    text = named[0].strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    return text if _KEY.fullmatch(text) else None


def _asked(scope: Scope, api_key_id: UUID) -> bytes:
    """Everything that makes two requests the same, but for their bodies."""
    headers = Headers(scope=scope)
    said = [headers.get(name, "") for name in _ASKED_WITH]
    query = scope["query_string"].decode("latin-1")
    return json.dumps([str(api_key_id), scope["method"], scope["path"], query, *said]).encode() + b"\n"


def _cipher(api_key: str, key: str) -> Fernet:
    """Answers may hold what is shown once; so whoever has the database alone cannot read them."""
    derived = HKDF(SHA256(), 32, salt=None, info=b"touchline idempotency " + key.encode()).derive(api_key.encode())
    return Fernet(urlsafe_b64encode(derived))


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


def _again(body: SpooledTemporaryFile[bytes], receive: Receive) -> Receive:
    """The body once more; behind it only the client's leave can come."""
    over = False

    async def read() -> Message:
        nonlocal over
        if over:
            return await receive()
        chunk = body.read(65_536)
        over = len(chunk) < 65_536
        return {"type": "http.request", "body": chunk, "more_body": not over}

    return read
