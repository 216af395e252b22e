"""Which provider carries which channel: decided once, by the entry point, from plain values."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Literal

from domain.errors import NotReady
from domain.messages import Channel
from domain.plan import Plan
from providers.base import Provider
from providers.outbox import OutboxProvider
from providers.smtp import SmtpConfig, SmtpProvider
from providers.twilio import TwilioConfig, TwilioProvider
from providers.webhook import WebhookConfig, WebhookProvider

_UNSIGNED = WebhookConfig()


class Registry:
    """The providers of one process."""

    def __init__(self, routes: Mapping[Channel, Provider | NotReady]) -> None:
        self._routes = dict(routes)

    def for_channel(self, channel: Channel) -> Provider:
        """The provider of a channel; raises NotReady, saying which setting is missing."""
        route = self._routes.get(channel)
        if route is None:
            raise NotReady(f"no provider carries {channel}", hint=f"send by {self._carried()} instead")
        if isinstance(route, NotReady):
            raise NotReady(str(route), hint=route.hint)
        return route

    def must_carry(self, plan: Plan) -> None:
        """Raises NotReady when a channel that the plan uses has no provider."""
        for channel in sorted(plan.channels()):
            try:
                self.for_channel(channel)
            except NotReady as error:
                raise NotReady(f"{plan.sequence} sends {channel}: {error}", hint=error.hint) from error

    def providers(self) -> tuple[Provider, ...]:
        """Each provider once, although it may carry several channels."""
        return tuple({id(route): route for route in self._routes.values() if not isinstance(route, NotReady)}.values())

    async def close(self) -> None:
        """Release every provider's connections."""
        for provider in self.providers():
            await provider.close()

    def _carried(self) -> str:
        return " or ".join(sorted(self._routes))


def build_registry(
    *,
    email: Literal["outbox", "smtp", "none"],
    sms: Literal["outbox", "twilio", "none"],
    whatsapp: Literal["outbox", "twilio", "none"] = "none",
    webhook: Literal["outbox", "http", "none"] = "none",
    outbox_dir: Path,
    smtp: SmtpConfig,
    twilio: TwilioConfig,
    webhooks: WebhookConfig = _UNSIGNED,
) -> Registry:
    """Build what is chosen; connects nowhere. What cannot be built is reported by `for_channel`, not here.

    So a missing password of one channel neither hides the state of the others nor waits for a send.
    """
    outbox = OutboxProvider(outbox_dir)
    chosen: dict[Channel, tuple[str, dict[str, Callable[[], Provider]]]] = {
        Channel.EMAIL: (email, {"outbox": lambda: outbox, "smtp": lambda: SmtpProvider(smtp)}),
        Channel.SMS: (sms, {"outbox": lambda: outbox, "twilio": lambda: TwilioProvider(twilio)}),
        Channel.WHATSAPP: (
            whatsapp,
            {"outbox": lambda: outbox, "twilio": lambda: TwilioProvider(twilio, Channel.WHATSAPP)},
        ),
        Channel.WEBHOOK: (webhook, {"outbox": lambda: outbox, "http": lambda: WebhookProvider(webhooks)}),
    }
    routes: dict[Channel, Provider | NotReady] = {}
    for channel, (choice, makers) in chosen.items():
        try:
            routes[channel] = makers[choice]() if choice in makers else _nobody(channel, makers)
        except NotReady as problem:
            routes[channel] = problem
    return Registry(routes)


def _nobody(channel: Channel, choices: Iterable[str]) -> NotReady:
    return NotReady(
        f"no provider is configured for {channel}",
        hint=f"set TOUCHLINE_{channel.name}_PROVIDER to {' or '.join(choices)}",
    )
