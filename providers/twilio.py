"""SMS and WhatsApp by Twilio's Messages API. It knows no idempotency key: what is in doubt is looked up."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import aiohttp
from twilio.http.response import Response
from twilio.rest import Client

from domain.errors import AmbiguousError, ConfigurationError, NotReady, SendError
from domain.messages import Absent, Channel, Lookup, OutgoingMessage, Receipt, TextContent, Unknown
from providers.base import LastLook, Line, Unbounded
from providers.requests import DepartingRequest, departing, is_begun
from providers.twilio_errors import NAME, lost, refused

_GRACE = timedelta(seconds=60)
"""Slack of clocks, and how long a message that was taken may be missing from the list."""
_ASK_AGAIN = timedelta(seconds=30)
_LISTED = 200
"""How many messages to one number a look-up reads."""
_PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
"""Where a template takes a variable."""


@dataclass(frozen=True, slots=True)
class TwilioConfig:
    """Credentials, sender and addresses."""

    account_sid: str = ""
    auth_token: str = field(default="", repr=False)
    sender: str = ""
    """E.164 number, or a messaging service SID (MG…)."""
    whatsapp_sender: str = ""
    """E.164 number or messaging service SID for WhatsApp, without the prefix `whatsapp:`."""
    public_url: str = ""
    """Where Twilio reaches this installation for status callbacks; empty: none are asked for."""
    base_url: str = ""
    """Another server than Twilio's own."""
    timeout_s: float = 15.0
    """For one whole request."""


class TwilioProvider:
    """Hands the messages of one channel to one Twilio account."""

    name = NAME

    def __init__(self, config: TwilioConfig, channel: Literal[Channel.SMS, Channel.WHATSAPP] = Channel.SMS) -> None:
        """Connects nowhere; raises NotReady when a setting is missing."""
        whatsapp = channel is Channel.WHATSAPP
        self.channels = frozenset[Channel]({channel})
        self._prefix = "whatsapp:" if whatsapp else ""
        sender = config.whatsapp_sender if whatsapp else config.sender
        for value, setting in (
            (config.account_sid, "TOUCHLINE_TWILIO_ACCOUNT_SID"),
            (config.auth_token, "TOUCHLINE_TWILIO_AUTH_TOKEN"),
            (sender, "TOUCHLINE_TWILIO_WHATSAPP_FROM" if whatsapp else "TOUCHLINE_TWILIO_FROM"),
        ):
            if not value:
                raise NotReady("Twilio is not configured", hint=f"set {setting}")
        self._config = config
        self._sender = sender
        self._http = _Http(config.timeout_s)
        self._client = Client(config.account_sid, config.auth_token, http_client=self._http)
        if config.base_url:
            self._client.api.base_url = self._client.content.base_url = config.base_url.rstrip("/")

    def free_line(self, tenant_id: UUID) -> Unbounded:
        """Always."""
        return Unbounded()

    async def send(self, message: OutgoingMessage, line: Line, *, clear: LastLook) -> Receipt:
        """Hand one text over; the receipt carries Twilio's SID and first status."""
        fields = self._form(message)
        try:
            with departing(clear):
                taken = await self._client.messages.create_async(to=self._prefix + message.to, **fields)
        except (ValueError, TypeError, AttributeError) as error:
            raise AmbiguousError(NAME, "the answer to a message is not one of Twilio's") from error
        if not taken.sid:
            raise AmbiguousError(NAME, "the answer to a message names none")
        return Receipt(provider=NAME, provider_message_id=taken.sid, detail=taken.status)

    async def lookup(self, message: OutgoingMessage, attempted_at: datetime) -> Lookup:
        """Search what was sent to this number around the attempt.

        Not by DateSent: a message that is still queued has none. Absent only when the list has had
        time to become consistent, was read to its end and holds nothing that could be this message.
        """
        content = message.content
        if not isinstance(content, TextContent):
            return Absent()
        try:
            listed = await self._client.messages.list_async(
                to=self._prefix + message.to, limit=_LISTED, page_size=_LISTED
            )
        except SendError as error:
            return Unknown(reason=str(error), ask_again_after=_ASK_AGAIN)
        except (ValueError, TypeError, AttributeError, KeyError):
            return Unknown(reason="the list of messages is not one of Twilio's")
        until = attempted_at + timedelta(seconds=self._config.timeout_s) + _GRACE
        near = [
            entry
            for entry in listed
            if self._is_ours(entry, content)
            and entry.date_created
            and attempted_at - _GRACE <= entry.date_created <= until
        ]
        if near:
            wording = content.body if content.content_sid is None else await self._filled_in(content)
            for entry in near:
                if wording is not None and (entry.body or "").rstrip() == wording.rstrip():
                    return Receipt(provider=NAME, provider_message_id=entry.sid, detail=entry.status)
            if wording is None:
                return Unknown(
                    reason=f"{near[0].sid} went to this number then, and may be the template"
                    f" {content.content_sid}, whose words Twilio did not tell: look it up in Twilio's log"
                )
            return Unknown(reason=f"{near[0].sid} went to this number then, with another text")
        if len(listed) == _LISTED:
            return Unknown(reason=f"more than {_LISTED} messages went to this number")
        if (wait := until - datetime.now(UTC)) > timedelta(0):
            return Unknown(reason="not listed yet, which proves nothing this soon", ask_again_after=wait)
        return Absent()

    async def check(self) -> str:
        """Read the account."""
        try:
            account = await self._client.api.accounts(self._config.account_sid).fetch_async()
        except (ValueError, TypeError, AttributeError) as error:
            raise ConfigurationError(
                NAME, f"the answer of {self._client.api.base_url} is not Twilio's: check TOUCHLINE_TWILIO_BASE_URL"
            ) from error
        if account.status != "active":
            raise ConfigurationError(NAME, f"the account is {account.status}: reactivate it in Twilio's console")
        return f"Twilio account {account.friendly_name!r} is active, sending from {self._sent_from()[1]}"

    async def close(self) -> None:
        """Release the connections."""
        await self._http.close()

    def _form(self, message: OutgoingMessage) -> dict[str, Any]:
        content = message.content
        if not isinstance(content, TextContent) or content.channel not in self.channels:
            raise ConfigurationError(NAME, f"a message for {message.channel} was routed to another channel")
        form: dict[str, Any] = {"body": content.body}
        if content.content_sid is not None:
            form = {"content_sid": content.content_sid}
            if content.variables:
                form["content_variables"] = json.dumps(content.variables)
        field, sender = self._sent_from(content.sender)
        form[field] = sender
        if content.media_url:
            form["media_url"] = [content.media_url]
        if self._config.public_url:
            root = self._config.public_url.rstrip("/")
            named = f"job={message.job_id}&tenant={message.tenant_id}"
            form["status_callback"] = f"{root}/webhooks/twilio/status?{named}"
        return form

    async def _filled_in(self, content: TextContent) -> str | None:
        """What a template says with these variables, which Twilio lists as the body of its message; None: not known."""
        try:
            template = await self._client.content.v1.contents(content.content_sid).fetch_async()
            [body] = {kind["body"] for kind in template.types.values() if kind.get("body")}
            variables = {**(template.variables or {}), **content.variables}
            return _PLACE.sub(lambda place: str(variables[place[1]]), body)
        except (SendError, ValueError, TypeError, AttributeError, KeyError):
            return None

    def _is_ours(self, entry: Any, content: TextContent) -> bool:
        if not (entry.direction or "").startswith("outbound"):
            return False
        field, sender = self._sent_from(content.sender)
        return bool(getattr(entry, field) == sender)

    def _sent_from(self, sender: str | None = None) -> tuple[str, str]:
        """The form's field, and what stands in it; without a sender that of the settings."""
        sender = sender or self._sender
        if sender.startswith("MG"):
            return "messaging_service_sid", sender
        return "from_", self._prefix + sender


class _Http:
    """Twilio's transport, with what its own lacks: a deadline, our errors, and no bodies in the log."""

    is_async = True

    def __init__(self, timeout_s: float) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self,
        method: str,
        uri: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - Twilio's signature; the deadline is set once
        allow_redirects: bool = False,
    ) -> Response:
        """Answer with what came back below 300; raise one of our errors otherwise. A POST is made at most once."""
        try:
            async with self._open_session().request(
                method,
                uri,
                params=_pairs(params),
                data=aiohttp.FormData(_pairs(data)) if data else None,
                headers={**(headers or {}), **({"Authorization": aiohttp.encode_basic_auth(*auth)} if auth else {})},
                allow_redirects=False,
            ) as answer:
                text = await answer.text(errors="replace")
        except (aiohttp.ClientError, OSError) as error:
            raise lost(error, in_doubt=method == "POST" and is_begun()) from error
        if answer.status >= 300:
            raise refused(method, answer.status, text, answer.headers.get("Retry-After"))
        return Response(answer.status, text, answer.headers)

    async def close(self) -> None:
        """Close the session; a later request opens another."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open_session(self) -> aiohttp.ClientSession:
        """Made at first use: a session belongs to a running loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, request_class=DepartingRequest)
        return self._session


def _pairs(values: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Form fields and query: a list repeats its name."""
    return [
        (name, str(item))
        for name, value in (values or {}).items()
        for item in (value if isinstance(value, list) else [value])
    ]
