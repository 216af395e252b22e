"""Where providers call: believe, read, store, and only then say thank you. One way for all of them."""

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from api.http.auth import REFUSALS, needs
from api.http.problems import Refusal, answers
from api.http.state import Edge, TheEdge
from api.inbound.call_reading import raw_mail, read_call
from domain.errors import Malformed, NotFound
from domain.events import InboundMessage, StatusReport
from providers.inbound.base import Webhook, WebhookRequest
from providers.inbound.intake import LONGEST_CALL, SHORT_CALL, Intake, MailTrimmer, TooLong
from starter.engine import Engine
from starter.inbound.inbox import Stored
from store.inbound import dead_letters
from store.pool import is_outage
from store.workspace import tenant_settings

log = structlog.get_logger(__name__)

Report = StatusReport | InboundMessage
_How = Callable[[WebhookRequest], Sequence[Report]]
"""Reads a call."""

_WITHIN_S = 8.0
"""Providers give up after 10 to 15 seconds, and then do not know that they should try again."""
_NOTHING_TO_SAY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
"""TwiML: no answer to the contact. What is to be answered goes its own way, where it cannot be lost."""
_RAW = "message/rfc822"

ForTenant = Annotated[
    UUID | None, Query(description="Whom the call is about; without it, the tenant that the installation is set to.")
]

router = APIRouter(prefix="/webhooks", tags=["webhooks"])


class Taken(BaseModel):
    """What became of a call's reports."""

    received: int
    """Stored now; each has its effect at once, and nothing is sent meanwhile to whom it may concern."""
    known: int
    """Reported before; without a second effect."""
    kept: int
    """Could not be stored: they lie in the dead letters, with the reason."""


def _body(*content_types: str) -> dict[str, Any]:
    """What the documentation says of a body that is read raw."""
    kinds: dict[str, Any] = {kind: {"schema": {"type": "object"}} for kind in content_types if kind != _RAW}
    kinds |= {_RAW: {"schema": {"type": "string", "format": "binary"}}} if _RAW in content_types else {}
    return {"requestBody": {"required": True, "content": kinds}}


@router.post(
    "/twilio/inbound",
    summary="A message to one of our numbers",
    response_class=Response,
    responses={200: {"content": {"text/xml": {}}, "description": "Recorded."}, **answers(400, 401, 404, 413, 503)},
    openapi_extra=_body("application/x-www-form-urlencoded"),
)
async def twilio_inbound(request: Request, edge: TheEdge, tenant: ForTenant = None) -> Response:
    """Twilio calls this for each message that comes in ("A message comes in"); signed by X-Twilio-Signature."""
    await _called(edge, edge.twilio, request, tenant)
    return Response(_NOTHING_TO_SAY, media_type="text/xml")


@router.post(
    "/twilio/status",
    summary="What became of a text message",
    status_code=204,
    responses=answers(400, 401, 404, 413, 503),
    openapi_extra=_body("application/x-www-form-urlencoded"),
)
async def twilio_status(request: Request, edge: TheEdge, tenant: ForTenant = None) -> None:
    """Twilio calls this when the status of a message of ours changes; signed by X-Twilio-Signature."""
    await _called(edge, edge.twilio, request, tenant)


@router.post(
    "/email/raw",
    summary="A raw email",
    responses={**REFUSALS, **answers(400, 413, 415, 503)},
    openapi_extra=_body(_RAW),
)
async def email_raw(request: Request, edge: TheEdge, engine: Annotated[Engine, needs("write")]) -> Taken:
    """Hand over one email as a mail server has it: an answer, an automatic answer, or a report of a bounce."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _RAW:
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"the body must be {_RAW}", headers={"Accept-Post": _RAW})
    intake = Intake(MailTrimmer(), most=LONGEST_CALL, proven=True)
    call = await _Call(edge, engine, _head(request, "")).filled(intake, request, raw_mail)
    return await call.take(raw_mail)


@router.post(
    "/email/{provider}",
    summary="What an email provider reports",
    responses=answers(400, 401, 404, 413, 503),
    openapi_extra=_body("application/json", "multipart/form-data"),
)
async def email_provider(provider: str, request: Request, edge: TheEdge, tenant: ForTenant = None) -> Taken:
    """The provider calls this; proven in its own way, with the secret from the settings."""
    return await _called(edge, edge.email_webhooks.get(provider), request, tenant)


async def _called(edge: Edge, webhook: Webhook | None, request: Request, tenant: UUID | None) -> Taken:
    if webhook is None:
        raise NotFound("no such provider is set up here", hint="docs/how-to/receive.md names the settings of each")
    head = _head(request, edge.public_url)
    intake = webhook.intake(head)
    # Whoever has proven nothing yet does not learn which tenants there are.
    engine = await _for(edge.engine, tenant) if intake.proven else edge.engine
    call = await _Call(edge, engine, head).filled(intake, request, webhook.parse)
    webhook.verify(call.request)
    return await replace(call, engine=await _for(edge.engine, tenant)).take(webhook.parse)


async def _for(engine: Engine, tenant: UUID | None) -> Engine:
    if tenant is None or tenant == engine.tenant_id:
        return engine
    async with asyncio.timeout(_WITHIN_S), engine.database.transaction(tenant) as tx:
        if await tenant_settings.read(tx) is None:
            raise NotFound(
                "there is no such tenant", hint="the URL names one by its id, or none", command="tenants list"
            )
    return replace(engine, tenant_id=tenant)


def _head(request: Request, public_url: str) -> WebhookRequest:
    path: str = request.scope.get("raw_path", request.url.path.encode()).decode("latin-1")
    called = f"{request.url.scheme}://{request.url.netloc}"
    query = f"?{request.url.query}" if request.url.query else ""
    return WebhookRequest(
        url=(public_url.rstrip("/") or called) + path + query,
        headers=dict(request.headers),
        body=b"",
        received_at=datetime.now(UTC),
    )


def _length(request: Request) -> int:
    """What it says; as long as any where it says nothing."""
    said = request.headers.get("content-length", "")
    return int(said) if said.isdecimal() and len(said) < 20 else LONGEST_CALL


@dataclass(frozen=True)
class _Call:
    """A proven call of somebody."""

    edge: Edge
    engine: Engine
    """Acts for the caller's tenant."""
    request: WebhookRequest

    async def filled(self, intake: Intake, request: Request, how: _How) -> "_Call":
        """The call with its body; of a long one what is worth reading. Refuses one that is too long; if it is proven
        already, what came of it is kept, and has its effect."""
        is_long = intake.most > SHORT_CALL and _length(request) > SHORT_CALL
        turns = self.edge.long_calls if intake.proven else self.edge.unproven_long_calls
        async with turns if is_long else nullcontext():
            try:
                async for chunk in request.stream():
                    intake.feed(chunk)
            except TooLong:
                if intake.proven:
                    await self._with(intake, is_cut=True)._heed(how, f"it has more than {intake.most:,} bytes")
                # The rest of the body is not read, so the connection cannot be used again.
                raise Refusal(
                    HTTPStatus(413), f"a body has at most {intake.most:,} bytes", headers={"Connection": "close"}
                ) from None
            return self._with(intake)

    def _with(self, intake: Intake, *, is_cut: bool = False) -> "_Call":
        body, sha256, left_out = intake.end(), intake.sha256, intake.left_out
        return replace(self, request=replace(self.request, body=body, sha256=sha256, left_out=left_out, is_cut=is_cut))

    async def _heed(self, how: _How, reason: str) -> None:
        """Keep the beginning of a call that is too long; whoever wrote it is not written to as if nothing had come."""
        await self._bury(f"{reason}; this is how it begins")
        try:
            reports = await read_call(how, self.request)
        except (Malformed, ValueError) as error:
            log.warning("beginning_not_read", source=self.source, error=type(error).__name__)
        else:
            await self._each([self._noted(report) for report in reports])

    async def take(self, how: _How) -> Taken:
        """Read it and store its reports: together, or where one of them cannot be, each by itself."""
        reports = [self._noted(report) for report in await self._read(how)]
        try:
            stored = await self._store(reports)
        except Exception as error:
            if is_outage(error):
                raise
            return await self._each(reports)
        return Taken(received=stored.received, known=stored.known, kept=0)

    def _noted(self, report: Report) -> Report:
        """It says of a long call how much of it was not kept."""
        if not self.request.left_out:
            return report
        return report.model_copy(update={"payload": {**report.payload, "left_out_bytes": self.request.left_out}})

    async def _each(self, reports: Sequence[Report]) -> Taken:
        """A bad report takes no other with it. When this is cut off the provider repeats the call."""
        taken = Taken(received=0, known=0, kept=0)
        for report in reports:
            try:
                stored = await self._store([report])
            except Exception as error:
                if is_outage(error):
                    raise
                await self._bury(f"{type(error).__name__}: {error}", report)
                taken.kept += 1
            else:
                taken.received += stored.received
                taken.known += stored.known
        return taken

    async def _store(self, reports: Sequence[Report]) -> Stored:
        async with asyncio.timeout(_WITHIN_S):
            return await self.edge.inbox.take_in(self.engine, reports, source=self.source)

    async def _read(self, how: _How) -> Sequence[Report]:
        try:
            return await read_call(how, self.request)
        except Malformed as error:
            await self._bury(str(error))
            raise
        except ValueError as error:
            await self._bury(str(error))
            # Not in the error's own words: they quote what was sent.
            raise Malformed(
                "the call cannot be read", hint="it is kept among the dead letters, with the reason"
            ) from error

    async def _bury(self, reason: str, report: Report | None = None) -> None:
        """Keep the call, or the one report of it, among the dead letters."""
        content_type, body = self.request.headers.get("content-type", ""), self.request.body
        if report is not None and report.payload:
            content_type, body = "application/json", json.dumps(report.payload, default=str).encode()
        async with asyncio.timeout(_WITHIN_S), self.engine.transaction() as tx:
            letter = await dead_letters.keep(
                tx,
                self.engine.tenant_id,
                source=self.source,
                reason=reason,
                content_type=content_type,
                body=body,
                now=self.request.received_at,
            )
        log.warning("dead_letter", id=str(letter), source=self.source)

    @property
    def source(self) -> str:
        """The path that was called."""
        return "/webhooks/" + self.request.url.partition("/webhooks/")[2].partition("?")[0]
