"""Import contacts from a CSV file, in bounded memory: good lines go in, the others are reported."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Literal
from uuid import UUID

import structlog
from pydantic import ConfigDict

from domain import ids
from domain.base import Frozen
from domain.contact import Contact
from domain.errors import NotReady
from starter.contacts.columns import Column
from starter.contacts.csv_file import ContactFile, Notice, Reading, RejectedLine
from starter.contacts.replan import replan
from starter.engine import Engine
from starter.signals import deliver_many
from store.contacts import contacts
from store.contacts.contacts import Merged
from store.enrollments import date_waits
from store.enrollments.signals import OpenSignal
from store.inbound import waits
from store.pool import is_outage

_JUDGED_AT_ONCE = 500
_ENDED_AT_ONCE = 100
"""Enrollments that one transaction ends: it waits for all of them that are just being claimed or settled."""

log = structlog.get_logger(__name__)

REJECTED_KEPT = 1000
"""How many rejected lines, and how many contacts of a shared address, a report names; the others are only counted."""

_BATCH = 5000
"""Records of one transaction: what is in memory at a time, and what a crash can undo."""


class Sharing(Frozen):
    """A contact of the file that has an address of somebody else, who may be the same person."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    line: int
    external_id: str
    address: Literal["email", "phone"]
    """Which of the two they share."""
    other: str
    """External id of somebody further up in the file, or known before."""


class ImportReport(Frozen):
    """What an import did, or (`dry_run`) would do."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    dry_run: bool
    """Nothing was written."""
    encoding: str
    delimiter: str
    columns: tuple[Column, ...]
    """What each was taken for, in the file's order."""
    read: int
    """Records in the file, empty lines not counted."""
    created: int
    updated: int
    rejected_count: int
    rejected: tuple[RejectedLine, ...]
    """In the file's order, the first `REJECTED_KEPT` of them."""
    notices: tuple[Notice, ...]
    """What was read in another way than it was written, or is of no use as it is; each once, up to a hundred."""
    shared_count: int
    """Contacts that have an address of somebody else; a sequence takes in one of them."""
    shared: tuple[Sharing, ...]
    """In the file's order, the first `REJECTED_KEPT` of them."""
    next_line: int | None = None
    """Where to go on, if it broke off: what lies before it is in. Null: the whole file was read."""

    @property
    def imported(self) -> int:
        """Contacts that went in."""
        return self.created + self.updated


Progress = Callable[[int, int, ImportReport], None]
"""Called with bytes read, bytes in all, and what is in."""


class ImportBroke(NotReady):
    """The database went away in the middle; `report` says what had gone in by then."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__(
            f"the database went away: {report.imported} contacts are in, up to line {report.next_line}",
            hint="import the file again, which repeats nothing, or go on from that line with the same header",
        )
        self.report = report


async def import_csv(
    engine: Engine,
    path: Path,
    reading: Reading,
    *,
    dry_run: bool = False,
    on_progress: Progress | None = None,
) -> ImportReport:
    """Upsert the file's contacts by external id; an empty cell or an absent column leaves what is stored.

    Enrollments that wait for a date of theirs look again, those whose goal holds now end, and what waits by a clock
    that is another one now is planned anew. Their workflows are signalled as soon as a batch is in; what Temporal does
    not take the reconciler delivers. `dry_run` only says what would be done.

    Each batch commits by itself, and importing the file again repeats nothing, so an import that broke off is
    simply run again. Raises TouchlineError when the file is no CSV of contacts, ImportBroke when the database goes
    away.
    """
    with await asyncio.to_thread(ContactFile, path, reading) as file:
        return await _Import(engine, file, dry_run).run(on_progress)


class _Import:
    """One import of one file."""

    def __init__(self, engine: Engine, file: ContactFile, dry_run: bool) -> None:
        self._engine = engine
        self._file = file
        self._dry_run = dry_run
        self._read = self._created = self._updated = self._rejected_count = self._shared_count = 0
        self._rejected: list[RejectedLine] = []
        self._shared: list[Sharing] = []
        self._first_of: dict[str, str] = {}
        """External id of who has an address first in the file."""
        self._pairs: set[frozenset[str]] = set()

    async def run(self, on_progress: Progress | None) -> ImportReport:
        """What it did."""
        file = self._file
        records = iter(file)
        # In a thread, so that whoever shares the event loop goes on while a batch is parsed.
        while batch := await asyncio.to_thread(lambda: list(islice(records, _BATCH))):
            if on_progress:
                on_progress(file.read_bytes, file.total_bytes, self._report(self._line_of(batch[0])))
            try:
                await self._take([record for record in batch if isinstance(record, Contact)])
            except Exception as error:
                if not (self._read and is_outage(error)):
                    raise
                log.warning("import_broke", error=type(error).__name__)
                raise ImportBroke(self._report(self._line_of(batch[0]))) from error
            bad = [record for record in batch if isinstance(record, RejectedLine)]
            self._read += len(batch)
            self._rejected_count += len(bad)
            self._rejected += bad[: REJECTED_KEPT - len(self._rejected)]
        report = self._report(None)
        if on_progress:
            on_progress(file.read_bytes, file.total_bytes, report)
        return report

    def _line_of(self, record: Contact | RejectedLine) -> int:
        return record.line if isinstance(record, RejectedLine) else self._file.line_of(record)

    def _report(self, next_line: int | None) -> ImportReport:
        return ImportReport(
            dry_run=self._dry_run,
            encoding=self._file.encoding.removesuffix("-sig"),
            delimiter=self._file.delimiter,
            columns=tuple(self._file.columns),
            read=self._read,
            created=self._created,
            updated=self._updated,
            rejected_count=self._rejected_count,
            rejected=tuple(self._rejected),
            notices=self._file.notices,
            shared_count=self._shared_count,
            shared=tuple(self._shared),
            next_line=next_line,
        )

    async def _take(self, good: Sequence[Contact]) -> None:
        if not good:
            return
        merged, shared, words = await self._engine.database.repeat(lambda: self._write(good))
        if not self._dry_run:
            words += await reach_goals(self._engine, [contact.external_id for contact in good])
            words += await replan(self._engine, merged.moved)
        if words:
            await deliver_many(self._engine, words[0].event_id, words)
        self._created += merged.created
        self._updated += len(good) - merged.created
        for contact in good:
            self._note_sharing(contact, shared)

    async def _write(
        self, good: Sequence[Contact]
    ) -> tuple[Merged, dict[tuple[str, Literal["email", "phone"]], str], list[OpenSignal]]:
        """What came of them, who shares an address with whom, and what is to be told to those who wait for a date."""
        named = [contact.external_id for contact in good]
        async with self._engine.transaction() as tx:
            shared = await contacts.sharing(tx, good)
            if self._dry_run:
                return Merged(len(good) - await contacts.count_known(tx, named), ()), shared, []
            merged = await contacts.upsert(tx, good)
            return merged, shared, await date_waits.changed_of(tx, named, self._engine.now())

    def _note_sharing(self, contact: Contact, known: dict[tuple[str, Literal["email", "phone"]], str]) -> None:
        """By the file, and by what was known before; of two that share something, one is named."""
        found: Sharing | None = None
        addresses: tuple[tuple[Literal["email", "phone"], str | None], ...] = (
            ("email", contact.email),
            ("phone", contact.phone),
        )
        for kind, address in addresses:
            if address is None:
                continue
            first = self._first_of.setdefault(address, contact.external_id)
            other = first if first != contact.external_id else known.get((contact.external_id, kind))
            pair = frozenset((contact.external_id, other or ""))
            if found is None and other is not None and pair not in self._pairs:
                self._pairs.add(pair)
                line = self._file.line_of(contact)
                found = Sharing(line=line, external_id=contact.external_id, address=kind, other=other)
        if found is not None:
            self._shared_count += 1
            if len(self._shared) < REJECTED_KEPT:
                self._shared.append(found)


async def reach_goals(engine: Engine, external_ids: Sequence[str]) -> list[OpenSignal]:
    """End the live enrollments of these contacts whose goal holds now; answers what is to be told.

    Nothing is locked but what ends. Whoever is left because this breaks off is judged again before the next message.
    """
    async with engine.transaction() as tx:
        aims = await waits.goals_of_imported(tx, external_ids)
        there: list[UUID] = []
        for begin in range(0, len(aims), _JUDGED_AT_ONCE):
            there += await waits.at_goal(tx, aims[begin : begin + _JUDGED_AT_ONCE], engine.now())
    event_id, words = ids.new_id(), list[OpenSignal]()
    for begin in range(0, len(there), _ENDED_AT_ONCE):
        some = there[begin : begin + _ENDED_AT_ONCE]
        words += await engine.database.repeat(partial(_end_at_goal, engine, event_id, some))
    return words


async def _end_at_goal(engine: Engine, event_id: UUID, enrollment_ids: Sequence[UUID]) -> list[OpenSignal]:
    async with engine.transaction() as tx:
        held = await waits.hold(tx, enrollment_ids)
        return await waits.end_at_goal(tx, event_id, held, engine.now())
