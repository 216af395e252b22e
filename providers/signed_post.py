"""One signed POST by the Standard Webhooks scheme, to where the internet is, and where a list lets it.

The receiver knows a repetition by its `webhook-id`, so what is in doubt is simply sent again.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from socket import AF_INET, AF_UNSPEC, AddressFamily

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from standardwebhooks import Webhook
from yarl import URL

from domain.errors import ConfigurationError, NotReady, PermanentError, TransientError
from providers.allow_list import AllowList, address_of, allow_list, is_public
from providers.requests import DepartingRequest

NAME = "webhook"
ANSWER_LIMIT = 64 * 1024
"""Bytes of an answer that are read."""
_AGAIN = frozenset({408, 425, 429})


@dataclass(frozen=True)
class Accepted:
    """What a receiver answered that took a document."""

    status: int
    text: str
    """Up to a limit."""


class Poster:
    """Calls what tenants name, within what the installation permits."""

    def __init__(self, bound: Sequence[str]) -> None:
        """`bound`: hosts, and networks in CIDR notation, outside of which no tenant's list lets anything through.

        Raises NotReady when it makes no sense.
        """
        try:
            self._bound = allow_list(bound)
        except ValueError as error:
            raise NotReady(
                f"the bound of webhooks makes no sense: {error}", hint="mend TOUCHLINE_WEBHOOK_ALLOW"
            ) from error

    def check(self, address: str, allow: Sequence[str]) -> None:
        """Raises PermanentError for what would never be called, as far as that is known without a name server."""
        _checked(address, self._guard(allow))

    async def post(
        self,
        address: str,
        body: str,
        *,
        id: str,
        signers: Sequence[Webhook],
        allow: Sequence[str],
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
    ) -> Accepted:
        """Post it, signed by each of `signers`.

        `allow`: the tenant's list. Raises PermanentError, TransientError or ConfigurationError.
        """
        guard = self._guard(allow)
        url = _checked(address, guard)
        at = datetime.now(UTC)
        sent = {
            **(headers or {}),
            "content-type": "application/json",
            "user-agent": "Touchline",
            "idempotency-key": id,
            "webhook-id": id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signer.sign(id, at, body) for signer in signers),
        }
        deadline = aiohttp.ClientTimeout(total=timeout_s)
        # A connection that was kept could be used by a tenant who may not call there.
        connector = aiohttp.TCPConnector(resolver=_GuardedResolver(guard), use_dns_cache=False, force_close=True)
        try:
            async with (
                aiohttp.ClientSession(
                    connector=connector, cookie_jar=aiohttp.DummyCookieJar(), request_class=DepartingRequest
                ) as session,
                session.post(url, data=body.encode(), headers=sent, allow_redirects=False, timeout=deadline) as answer,
            ):
                text = await _read(answer)
        except _NotPublicError as error:
            raise PermanentError(NAME, str(error)) from error
        except aiohttp.InvalidURL as error:
            raise PermanentError(NAME, f"that is no URL: {error}") from error
        except TimeoutError as error:
            raise TransientError(NAME, f"no answer within {timeout_s:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise TransientError(NAME, f"no answer: {str(error) or type(error).__name__}") from error
        status, said = answer.status, f"HTTP {answer.status}"
        if status < 300:
            return Accepted(status, text)
        if status in _AGAIN or status >= 500:
            after = _delay(answer.headers.get("Retry-After"))
            raise TransientError(NAME, said, code=str(status), status=status, retry_after=after)
        if status < 400:
            said += ": redirects are not followed"
        raise PermanentError(NAME, said, code=str(status), status=status, evidence=text[:500])

    def _guard(self, allow: Sequence[str]) -> "_Guard":
        try:
            return _Guard(allow_list(allow), self._bound)
        except ValueError as error:
            raise ConfigurationError(NAME, f"the tenant's allow list makes no sense: {error}") from error


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
        raise PermanentError(NAME, "that is no URL") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise PermanentError(NAME, "only http:// and https:// URLs are called")
    if url.user is not None or url.password is not None:
        raise PermanentError(NAME, "a URL with a password in it is not called: use a header")
    try:
        # The resolver is not asked about these.
        guard.judge(url.host, [url.host] if address_of(url.host) else [])
    except _NotPublicError as error:
        raise PermanentError(NAME, str(error)) from error
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
