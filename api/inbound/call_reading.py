"""How a provider's call is read without keeping anybody else waiting."""

from collections.abc import Callable, Sequence
from functools import partial

from content.apart import Overrun, apart
from content.inbound_mail.read import read
from domain.errors import Malformed
from domain.events import InboundMessage, StatusReport
from providers.inbound.base import WebhookRequest

Report = StatusReport | InboundMessage

_SHORT = 20_000
"""Bytes that are read at once; to read more may take longer than others should wait."""


async def read_call(how: Callable[[WebhookRequest], Sequence[Report]], call: WebhookRequest) -> Sequence[Report]:
    """What the call reports; a long one is read in a process that can be ended, so `how` must be picklable.

    Raises what `how` raises, and Malformed when to read it takes longer than any honest call.
    """
    if len(call.body) < _SHORT:
        return how(call)
    try:
        return await apart(partial(how, call))
    except Overrun as error:
        raise Malformed(
            "the call takes too long to read", hint="it is kept among the dead letters, with the reason"
        ) from error


def raw_mail(call: WebhookRequest) -> Sequence[Report]:
    """What a call reports whose body is an email (RFC 5322)."""
    return read(call.body, provider="email", at=call.received_at)
