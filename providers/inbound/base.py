"""What every vendor's webhook offers. One file per vendor; its dialect is a dict in that file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.events import InboundMessage, StatusReport
from providers.inbound.intake import Intake


@dataclass(frozen=True)
class WebhookRequest:
    """One call of a provider, not yet believed."""

    url: str
    """As the provider called it: the public URL with its path and query, also behind a proxy."""
    headers: Mapping[str, str]
    """By name in small letters."""
    body: bytes
    """Raw: signatures are over these bytes. Of a long one what is worth reading."""
    received_at: datetime
    """UTC."""
    sha256: bytes | None = None
    """Of what is signed, where not all of it is kept in `body`."""
    left_out: int = 0
    """Bytes that were not kept in `body`: what was attached."""
    is_cut: bool = False
    """Whether it went on for longer than any call may: what is kept is its beginning."""


class Webhook(Protocol):
    """Believes and reads the calls of one vendor."""

    name: str

    def intake(self, head: WebhookRequest) -> Intake:
        """How the body of this call is to be taken in; `head` has none yet.

        Raises Unverified for a call that nothing in its body could prove any more.
        """
        ...

    def verify(self, request: WebhookRequest) -> None:
        """Raises Unverified unless the call proves that it comes from the vendor, now (within its clock tolerance).

        Any of the configured secrets will do, so that they can be rotated. Reads nothing of the body's meaning.
        """
        ...

    def parse(self, request: WebhookRequest) -> Sequence[StatusReport | InboundMessage]:
        """What a verified call reports, in our words; unknown fields are ignored, unknown events are `unknown`.

        Raises Malformed, saying what is wrong, when it cannot be read. Needs no secret and is picklable, because long
        calls are read in another process.
        """
        ...
