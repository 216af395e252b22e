"""Webhooks: one signed POST by the Standard Webhooks scheme, to where the internet is and nowhere else.

The receiver knows a repetition by its `webhook-id`, so what is in doubt is simply sent again.
"""

import asyncio
import ipaddress
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

from domain.errors import ConfigurationError, NotReady, PermanentError, TransientError
from domain.messages import Absent, Channel, Lookup, OutgoingMessage, Receipt, WebhookContent

_NAME = "webhook"
ANSWER_LIMIT = 64 * 1024
"""Bytes of an answer that are read."""
LONGEST_S = 40
"""A hand-over holds its enrollment, so nobody is waited for longer, whatever the author allows."""
_AGAIN = frozenset({408, 425, 429})

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class WebhookConfig:
    """What signs, and what is let through."""

    secret: str = field(default="", repr=False)
    """whsec_ and base64."""
    allow: tuple[str, ...] = ()
    """Hosts, and networks in CIDR notation, that may be called although they are not public."""


class WebhookProvider:
    """Posts documents to the URLs that authors name."""

    name = _NAME
    channels = frozenset({Channel.WEBHOOK})

    def __init__(self, config: WebhookConfig) -> None:
        """Connects nowhere; raises NotReady when the secret is missing or none."""
        if not config.secret.removeprefix("whsec_"):
            raise NotReady("webhooks are not signed", hint="set TOUCHLINE_WEBHOOK_SECRET to whsec_ and base64")
        try:
            self._signer = Webhook(config.secret)
        except (ValueError, RuntimeError) as error:
            raise NotReady(
                f"webhooks cannot be signed: {error}", hint="set TOUCHLINE_WEBHOOK_SECRET to whsec_ and base64"
            ) from error
        self._guard = _Guard(config.allow)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, message: OutgoingMessage) -> Receipt:
        """Post it; what the receiver answers, up to a limit, is on the receipt."""
        content = message.content
        if not isinstance(content, WebhookContent):
            raise ConfigurationError(_NAME, f"a message for {message.channel} was routed to webhooks")
        url = self._checked(message.to)
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
        deadline = aiohttp.ClientTimeout(total=min(content.timeout_seconds, LONGEST_S))
        try:
            async with self._open_session().post(
                url, data=content.body.encode(), headers=headers, allow_redirects=False, timeout=deadline
            ) as answer:
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
        """Release the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _checked(self, address: str) -> URL:
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
            self._guard.judge(url.host, [url.host] if _address(url.host) else [])
        except _NotPublicError as error:
            raise PermanentError(_NAME, str(error)) from error
        return url

    def _open_session(self) -> aiohttp.ClientSession:
        """Made at first use: a session belongs to a running loop."""
        if self._session is None:
            connector = aiohttp.TCPConnector(resolver=_PublicResolver(self._guard), use_dns_cache=False)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self._session


class _NotPublicError(Exception):
    """An address that only our own network reaches."""


class _Guard:
    """Which addresses may be called."""

    def __init__(self, allow: Sequence[str]) -> None:
        self._hosts: set[str] = set()
        self._networks: list[Network] = []
        for entry in allow:
            try:
                self._networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                self._hosts.add(entry.lower())

    def judge(self, host: str, addresses: Sequence[str]) -> None:
        """Raises for a host that is not allowed by name and has an address that is neither public nor allowed."""
        if host.lower() in self._hosts:
            return
        for text in addresses:
            found = _address(text)
            if found is None or not (self._is_public(found) or any(found in network for network in self._networks)):
                raise _NotPublicError(f"{host} is not on the internet, and not on the allow list")

    def _is_public(self, found: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        return found.is_global and not found.is_multicast


class _PublicResolver(AbstractResolver):
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


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a text is, one in the other family's clothes undressed."""
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    return inner or found


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
