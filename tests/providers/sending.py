"""How the tests of a provider hand it a message."""

from domain.messages import OutgoingMessage, Receipt
from providers.base import LastLook, Later, Provider, Soon


async def cleared() -> None:
    """Nothing came between."""


async def send(provider: Provider, message: OutgoingMessage, *, clear: LastLook = cleared) -> Receipt:
    """By the next line of the provider's, which is given back."""
    line = provider.free_line(message.tenant_id)
    if isinstance(line, Soon):
        line = await line.next_line()
    assert not isinstance(line, Later)
    try:
        return await provider.send(message, line, clear=clear)
    finally:
        line.release()
