"""Import contacts from a CSV file, in bounded memory: good lines go in, the others are reported."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from uuid import UUID

from pydantic import ConfigDict

from domain.base import Frozen
from domain.contact import Contact
from starter import goals
from starter.contact_csv import ContactFile, RejectedLine
from starter.replanning import replan
from store import contacts, dates
from store.contacts import Merged
from store.pool import Database
from store.signals import OpenSignal

REJECTED_KEPT = 1000
"""How many rejected lines a report names; the others are only counted."""

_BATCH = 5000
"""Records of one transaction: what is in memory at a time, and what a crash can undo."""

Progress = Callable[[int, int, int], None]
"""Called with bytes read, bytes in all, contacts imported."""
Tell = Callable[[UUID, Sequence[OpenSignal]], Awaitable[object]]
"""Called with an event and word for workflows: those that wait for a contact's date or clock, or are at their goal."""


class ImportReport(Frozen):
    """What an import did."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    read: int
    """Records in the file, empty lines not counted."""
    created: int
    updated: int
    rejected_count: int
    rejected: tuple[RejectedLine, ...]
    """In the file's order, the first `REJECTED_KEPT` of them."""

    @property
    def imported(self) -> int:
        """Contacts that went in."""
        return self.created + self.updated


async def import_csv(
    database: Database,
    tenant_id: UUID,
    path: Path,
    *,
    default_region: str,
    on_progress: Progress | None = None,
    tell: Tell | None = None,
) -> ImportReport:
    """Upsert the file's contacts by external id; an empty cell or an absent column leaves what is stored.

    Enrollments that wait for a date of theirs look again, those whose goal holds now end, and what waits by a clock
    that is another one now is planned anew. Their workflows hear of it by `tell` as soon as a batch is in, else from
    the reconciler.

    Each batch commits by itself, and importing the file again repeats nothing, so an import that broke off is
    simply run again. Raises TouchlineError when the file is no CSV of contacts.
    """
    read = created = updated = rejected_count = 0
    rejected: list[RejectedLine] = []
    with await asyncio.to_thread(ContactFile, path, default_region=default_region) as file:
        records = iter(file)
        # In a thread, so that whoever shares the event loop goes on while a batch is parsed.
        while batch := await asyncio.to_thread(lambda: list(islice(records, _BATCH))):
            good = [record for record in batch if isinstance(record, Contact)]
            bad = [record for record in batch if isinstance(record, RejectedLine)]
            read += len(batch)
            rejected_count += len(bad)
            rejected += bad[: REJECTED_KEPT - len(rejected)]
            if good:
                named = [contact.external_id for contact in good]
                merged, words = await database.repeat(partial(_upsert, database, tenant_id, good))
                words += await goals.reach(database, tenant_id, named)
                words += await replan(database, tenant_id, merged.moved, datetime.now(UTC))
                if tell and words:
                    await tell(words[0].event_id, words)
                created += merged.created
                updated += len(good) - merged.created
            if on_progress:
                on_progress(file.read_bytes, file.total_bytes, created + updated)
    return ImportReport(
        read=read, created=created, updated=updated, rejected_count=rejected_count, rejected=tuple(rejected)
    )


async def _upsert(database: Database, tenant_id: UUID, good: Sequence[Contact]) -> tuple[Merged, list[OpenSignal]]:
    """What came of them, and what is to be told to those who wait for a date of theirs."""
    async with database.transaction(tenant_id) as tx:
        merged = await contacts.upsert(tx, good)
        return merged, await dates.changed_of(tx, [contact.external_id for contact in good], datetime.now(UTC))
