"""Published versions, kept in memory: they never change, so they are never stale."""

from collections import OrderedDict
from uuid import UUID

import asyncpg

from store.sequences import sequences
from store.sequences.sequences import Version

_KEPT = 256


class Versions:
    """The versions that this worker has met lately."""

    def __init__(self) -> None:
        self._versions: OrderedDict[UUID, Version] = OrderedDict()

    async def get(self, tx: asyncpg.Connection, version_id: UUID) -> Version:
        """From memory, or read once in the running transaction. Raises LookupError for an unknown id."""
        if (version := self._versions.get(version_id)) is not None:
            self._versions.move_to_end(version_id)
            return version
        version = await sequences.read_version(tx, version_id)
        if version is None:
            raise LookupError(f"no version {version_id} in this tenant")
        self._versions[version_id] = version
        if len(self._versions) > _KEPT:
            self._versions.popitem(last=False)
        return version
