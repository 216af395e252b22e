"""The provider of `webhook` steps: each is one signed POST to where its author says."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import NamedTuple
from uuid import UUID

from standardwebhooks import Webhook

from domain.errors import ConfigurationError, NotReady
from domain.messages import MAX_REQUEST_SECONDS, Absent, Channel, Lookup, OutgoingMessage, Receipt, WebhookContent
from providers.base import LastLook, Later, Line
from providers.requests import departing
from providers.signed_post import ANSWER_LIMIT as ANSWER_LIMIT
from providers.signed_post import NAME, Poster

_AGAIN_S = 5.0
"""When the first one that finds no line asks again, at the earliest."""
_APART_S = 0.1
"""Between two of one tenant's that ask again: each is a short transaction, and some events of its workflow."""


@dataclass(frozen=True, slots=True)
class WebhookConfig:
    """What signs, and how far the lists of tenants reach."""

    secret: str = field(default="", repr=False)
    """whsec_ and base64."""
    bound: tuple[str, ...] = ()
    """Hosts, and networks in CIDR notation, outside of which no tenant's list lets anything through."""
    lines: int = 40
    """Webhooks that are under way at once."""


class Lines:
    """So many posts at once, of which no tenant takes the last half: slow receivers of one keep no other waiting.

    Who gets none comes again at a time of its own, one after the other: however many wait, so many ask in a second.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._used: dict[UUID, int] = {}
        self._last_again: dict[UUID, float] = {}
        """When the last one of each tenant's comes again, by the clock of `get`."""

    def get(self, tenant_id: UUID, now: float) -> Line | Later:
        """A line, or when to ask again; `now` is in seconds of a clock that nobody sets."""
        used = self._used.get(tenant_id, 0)
        if used < self._free:
            self._free -= 1
            self._used[tenant_id] = used + 1
            return _Line(self, tenant_id)
        again = max(now + _AGAIN_S, self._last_again.get(tenant_id, now) + _APART_S)
        self._last_again = {tenant: at for tenant, at in self._last_again.items() if at > now} | {tenant_id: again}
        return Later(timedelta(seconds=again - now))

    def give_back(self, tenant_id: UUID) -> None:
        """A line of this tenant's is free again."""
        self._free += 1
        left = self._used.pop(tenant_id) - 1
        if left:
            self._used[tenant_id] = left


class _Line(NamedTuple):
    lines: Lines
    tenant_id: UUID

    def release(self) -> None:
        self.lines.give_back(self.tenant_id)


class WebhookProvider:
    """Posts documents to the URLs that authors name."""

    name = NAME
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
        self._poster = Poster(config.bound)
        self._lines = Lines(config.lines)

    def free_line(self, tenant_id: UUID) -> Line | Later:
        """One of this worker's, while the tenant uses fewer of them than are free.

        Nobody waits for the next one: a receiver may take its whole time-out, and who waits holds a place meanwhile.
        """
        return self._lines.get(tenant_id, monotonic())

    async def send(self, message: OutgoingMessage, line: Line, *, clear: LastLook) -> Receipt:
        """Post it; what the receiver answers, up to a limit, is on the receipt."""
        content = message.content
        if not isinstance(content, WebhookContent):
            raise ConfigurationError(NAME, f"a message for {message.channel} was routed to webhooks")
        key = str(message.job_id)
        with departing(clear):
            taken = await self._poster.post(
                message.to,
                content.body,
                id=key,
                signers=[self._signer],
                allow=message.allow,
                timeout_s=min(content.timeout_seconds, MAX_REQUEST_SECONDS),
                headers=content.headers,
            )
        return Receipt(provider=NAME, provider_message_id=key, detail=f"HTTP {taken.status}", answer=taken.text)

    async def lookup(self, message: OutgoingMessage, attempted_at: datetime) -> Lookup:
        """A receiver cannot be asked, and need not be: it knows a repetition by its id."""
        return Absent()

    async def check(self) -> str:
        """Nothing is to be reached before an author names it."""
        return "webhooks are signed; each goes where its step says"

    async def close(self) -> None:
        """No connection outlives its request."""
