"""What an email says about the message that it answers: tokens in addresses, Message-IDs in headers."""

import re
from collections.abc import Iterable
from uuid import UUID

from domain import ids

_TOKEN = re.compile(r"\+([0-9a-f]{32})@", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<[^\s<>]{1,250}@[^\s<>]{1,250}>")
_MOST = 50
"""A thread's References grow without end; the newest count."""
_OURS = 5
"""Version of the UUIDs that name jobs (`ids.job_id`). Mail programs make Message-IDs of random ones, version 4."""


def with_token(address: str, job_id: UUID) -> str:
    """`sales@example.com` as `sales+<hex of the job>@example.com`; a name and angle brackets around it stay."""
    local, at, domain = address.rpartition("@")
    return f"{local}+{job_id.hex}{at}{domain}" if at else address


def token_in(address: str) -> UUID | None:
    """The job that `with_token` put into this address, or into one of several in a header's value."""
    match = _TOKEN.search(address)
    return UUID(hex=match[1]) if match else None


def message_ids(*values: str) -> tuple[str, ...]:
    """The Message-IDs in these values, in their order, each once."""
    found = (match[0] for value in values for match in _MESSAGE_ID.finditer(value))
    return tuple(dict.fromkeys(found))[:_MOST]


def answered(in_reply_to: Iterable[str], references: Iterable[str]) -> tuple[str, ...]:
    """The Message-IDs that a message answers: In-Reply-To, then References from the newest (RFC 5322 3.6.4)."""
    chain = reversed([match[0] for value in references for match in _MESSAGE_ID.finditer(value)])
    return message_ids(*in_reply_to, *chain)


def job_named_by(found: Iterable[str]) -> UUID | None:
    """The job that the first Message-ID of ours among these names."""
    jobs = (ids.job_of_message_id(message_id) for message_id in found)
    return next((job for job in jobs if job is not None and job.version == _OURS), None)


def job_in(values: Iterable[str]) -> UUID | None:
    """The job that a token in these header values names."""
    return next((job for job in map(token_in, values) if job is not None), None)
