"""Webhooks: one signed POST by the Standard Webhooks scheme, to where the internet is and nowhere else.

The receiver knows a repetition by its `webhook-id`, so what is in doubt is simply sent again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from socket import AF_INET, AF_UNSPEC, AddressFamily

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from standardwebhooks import Webhook
from yarl import URL

from content.allow_list import ANY, AllowList, address_of, allow_list, is_public
from domain.errors import ConfigurationError, NotReady, PermanentError, TransientError
from domain.messages import MAX_REQUEST_SECONDS, Absent, Channel, Lookup, OutgoingMessage, Receipt, WebhookContent

_NAME = "webhook"
ANSWER_LIMIT = 64 * 1024
"""Bytes of an answer that are read."""
_AGAIN = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class WebhookConfig:
    """What signs, and how far the lists of tenants reach."""

    secret: str = field(default="", repr=False)
    """whsec_ and base64."""
    bound: tuple[str, ...] = (ANY,)
    """Hosts, and networks in CIDR notation, outside of which no tenant's list lets anything through."""


class WebhookProvider:
    """Posts documents to the URLs that authors name."""

    name = _NAME
    channels = frozenset({Channel.WEBHOOK})

    def __init__(self, config: WebhookConfig) -> None:
        """Connects nowhere; raises NotReady when the secret is missing or none, or the bound makes no sense."""
        if not config.secret.removeprefix("whsec_"):
            raise NotReady("webhooks are not signed", hint="set TOUCHLINE_WEBHOOK_SECRET to whsec_ and base64")
        try:
            self._signer = Webhook(config.secret)
        except (ValueError, RuntimeError) as error:
            raise NotReady(
                f"webhooks cannot be signed: {error}", hint="set TOUCHLINE_WEBHOOK_SECRET to whsec_ and base64"
            ) from error
        try:
            self._bound = allow_list(config.bound)
        except ValueError as error:
            raise NotReady(
                f"the bound of webhooks makes no sense: {error}", hint="mend TOUCHLINE_WEBHOOK_ALLOW"
            ) from error

    async def send(self, message: OutgoingMessage) -> Receipt:
        """Post it; what the receiver answers, up to a limit, is on the receipt."""
        content = message.content
        if not isinstance(content, WebhookContent):
            raise ConfigurationError(_NAME, f"a message for {message.channel} was routed to webhooks")
        guard = self._guard(message)
        url = _checked(message.to, guard)
        at = datetime.now(UTC)
        headers = {
            **content.headers,
            "content-type": "application/json",
            "user-agent": "Touchline",
            "idempotency-key": str(message.job_id),
            "webhook-id": str(message.job_id),
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._signer.sign(str(message.job_id), at, content.body),
        }
        deadline = aiohttp.ClientTimeout(total=min(content.timeout_seconds, MAX_REQUEST_SECONDS))
        # A connection that was kept could be used by a tenant who may not call there.
        connector = aiohttp.TCPConnector(resolver=_GuardedResolver(guard), use_dns_cache=False, force_close=True)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session,
                session.post(
                    url, data=content.body.encode(), headers=headers, allow_redirects=False, timeout=deadline
                ) as answer,
            ):
                text = await _read(answer)
        except _NotPublicError as error:
            raise PermanentError(_NAME, str(error)) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise TransientError(_NAME, f"no answer: {error or type(error).__name__}") from error
        status, said = answer.status, f"HTTP {answer.status}"
        if status < 300:
            return Receipt(provider=_NAME, provider_message_id=str(message.job_id), detail=said, answer=text)
        if status in _AGAIN or status >= 500:
            after = _delay(answer.headers.get("Retry-After"))
            raise TransientError(_NAME, said, code=str(status), status=status, retry_after=after)
        if status < 400:
            said += ": redirects are not followed"
        raise PermanentError(_NAME, said, code=str(status), status=status, evidence=text[:500])

    async def lookup(self, message: OutgoingMessage, attempted_at: datetime) -> Lookup:
        """A receiver cannot be asked, and need not be: it knows a repetition by its id."""
        return Absent()

    async def check(self) -> str:
        """Nothing is to be reached before an author names it."""
        return "webhooks are signed; each goes where its step says"

    async def close(self) -> None:
        """No connection outlives its request."""

    def _guard(self, message: OutgoingMessage) -> "_Guard":
        try:
            return _Guard(allow_list(message.allow), self._bound)
        except ValueError as error:
            raise ConfigurationError(_NAME, f"the tenant's allow list makes no sense: {error}") from error


class _NotPublicError(Exception):
    """An address that only our own network reaches."""


@dataclass(frozen=True)
class _Guard:
    """Which addresses may be called: those on the internet, and those on both lists."""

    tenant: AllowList
    bound: AllowList

    def judge(self, host: str, addresses: Sequence[str]) -> None:
        """Raises for a host with an address that may not be called."""
        for text in addresses:
            found = address_of(text)
            if found is not None and is_public(found):
                continue
            if found is None or not self.tenant.holds(host, found):
                raise _NotPublicError(f"{host} is not on the internet, and not on the tenant's allow list")
            if not self.bound.holds(host, found):
                raise _NotPublicError(f"{host} is not on the internet, and TOUCHLINE_WEBHOOK_ALLOW bars it")


def _checked(address: str, guard: _Guard) -> URL:
    try:
        url = URL(address)
    except ValueError as error:
        raise PermanentError(_NAME, "that is no URL") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise PermanentError(_NAME, "only http:// and https:// URLs are called")
    if url.user is not None or url.password is not None:
        raise PermanentError(_NAME, "a URL with a password in it is not called: use a header")
    try:
        # The resolver is not asked about these.
        guard.judge(url.host, [url.host] if address_of(url.host) else [])
    except _NotPublicError as error:
        raise PermanentError(_NAME, str(error)) from error
    return url


class _GuardedResolver(AbstractResolver):
    """Connections are made to the addresses that were judged, so a name cannot change its mind in between."""

    def __init__(self, guard: _Guard) -> None:
        self._guard = guard
        self._inner: ThreadedResolver | None = None

    async def resolve(self, host: str, port: int = 0, family: AddressFamily = AF_INET) -> list[ResolveResult]:
        if self._inner is None:
            self._inner = ThreadedResolver()
        found = await self._inner.resolve(host, port, AF_UNSPEC if family == AF_INET else family)
        self._guard.judge(host, [entry["host"] for entry in found])
        return found

    async def close(self) -> None:
        if self._inner is not None:
            await self._inner.close()


async def _read(answer: aiohttp.ClientResponse) -> str:
    """As much of the answer as is kept."""
    kept = bytearray()
    while len(kept) < ANSWER_LIMIT and (chunk := await answer.content.read(ANSWER_LIMIT - len(kept))):
        kept += chunk
        await asyncio.sleep(0)
    return bytes(kept).decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _delay(retry_after: str | None) -> timedelta | None:
    """Retry-After in seconds or as a date (RFC 9110 §10.2.3); at most a day."""
    if not retry_after:
        return None
    try:
        if retry_after.isdecimal():
            wait = timedelta(seconds=min(int(retry_after), 86400))
        else:
            wait = parsedate_to_datetime(retry_after) - datetime.now(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, timedelta()), timedelta(days=1))
