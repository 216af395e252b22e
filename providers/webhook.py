"""The provider of `webhook` steps: each is one signed POST to where its author says."""

from dataclasses import dataclass, field
from datetime import datetime

from standardwebhooks import Webhook

from domain.errors import ConfigurationError, NotReady
from domain.messages import MAX_REQUEST_SECONDS, Absent, Channel, Lookup, OutgoingMessage, Receipt, WebhookContent
from providers.base import LastLook, Line, Unbounded
from providers.posting import ANSWER_LIMIT as ANSWER_LIMIT
from providers.posting import NAME, Poster
from providers.requests import departing


@dataclass(frozen=True, slots=True)
class WebhookConfig:
    """What signs, and how far the lists of tenants reach."""

    secret: str = field(default="", repr=False)
    """whsec_ and base64."""
    bound: tuple[str, ...] = ()
    """Hosts, and networks in CIDR notation, outside of which no tenant's list lets anything through."""


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

    def free_line(self) -> Unbounded:
        """Always."""
        return Unbounded()

    async def next_line(self) -> Unbounded:
        """At once."""
        return Unbounded()

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
