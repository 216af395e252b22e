"""A contact as the engine knows it."""

import unicodedata
from uuid import UUID

from pydantic import Field

from domain.base import Frozen
from domain.messages import Channel

COLUMNS = ("external_id", "name", "email", "phone", "company", "timezone", "tags", "triggers")
"""What the engine knows of a contact; no attribute is called so."""
FILE_COLUMNS = (*COLUMNS, "status")
"""Columns of a contact file; any further one is an attribute. An attribute may be called `status`, too."""
ATTRIBUTE = "attributes."
"""Before the name of an attribute, where it must not be taken for what the engine knows."""
MAX_COLUMN_NAME = 64


def column_name(written: str) -> str:
    """The one name of a column, however a file or a template writes it.

    `Two Words` is `two_words`; those that the engine knows are found with `_`, `-` or nothing between their words.
    """
    words = unicodedata.normalize("NFC", written.lower()).split()
    bare = "".join(words).replace("_", "").replace("-", "")
    return next((known for known in COLUMNS if known.replace("_", "") == bare), "_".join(words))


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
    status: str | None = None
    """What an import, the API or a sequence has made of the contact; None: nobody has set one."""
    attributes: dict[str, str] = Field(default_factory=dict)
    """Values by `column_name`."""

    @property
    def first_name(self) -> str | None:
        """The first word of the name."""
        return (self.name or "").strip().partition(" ")[0] or None

    @property
    def last_name(self) -> str | None:
        """All of the name but its first word."""
        return (self.name or "").strip().partition(" ")[2].strip() or None

    def address_for(self, channel: Channel) -> str | None:
        """Where this channel reaches the contact."""
        return self.email if channel is Channel.EMAIL else self.phone
