"""Which arm of a split a contact takes."""

from collections.abc import Sequence
from hashlib import blake2b
from uuid import UUID

from domain.plan import Arm


def choose(arms: Sequence[Arm], *, contact_id: UUID, sequence_id: UUID, step_id: str) -> Arm:
    """Derived from who, where and nothing else: the same on every attempt and replay, and when the contact returns.

    Contacts spread over the arms by weight. An arm's share depends on the order of the arms, not on their ids, so a
    later version that changes neither keeps everybody where they were.
    """
    key = contact_id.bytes + sequence_id.bytes + step_id.encode()
    fraction = int.from_bytes(blake2b(key, digest_size=8).digest(), "big")
    point = fraction * sum(arm.weight for arm in arms) >> 64
    for arm in arms:
        point -= arm.weight
        if point < 0:
            return arm
    raise ValueError("a split has no arm")
