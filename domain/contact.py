"""A contact as the engine knows it."""

from uuid import UUID

from pydantic import Field

from domain.base import Frozen
from domain.messages import Channel


class Contact(Frozen):
    """Somebody who may be enrolled. Addresses are normalised: email lower-case domain, phone E.164."""

    id: UUID
    external_id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    company: str | None = None
    timezone: str | None = None
    """IANA name stored by the tenant; beats everything derived."""
    zones: tuple[str, ...] = ()
    """Every zone that the contact may be in: the stored one, or those of the phone number. Empty: unknown."""
    tags: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    attributes: dict[str, str] = Field(default_factory=dict)

    def address_for(self, channel: Channel) -> str | None:
        """Where this channel reaches the contact."""
        return self.email if channel is Channel.EMAIL else self.phone
