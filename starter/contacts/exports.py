"""Contacts as a file that an import takes back."""

import csv
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from domain.contact import ATTRIBUTE, FILE_COLUMNS
from domain.csv_cells import cell
from starter.contacts.fields import cell_of
from starter.engine import Engine
from store.contacts import records

_LISTS = frozenset({"tags", "triggers"})


async def export(engine: Engine) -> AsyncGenerator[Sequence[object], None]:
    """First the names of the columns, then a row for each contact, as they were at one moment; holds a connection."""
    async with engine.transaction() as tx:
        names: list[str] | None = None
        async for row in records.every(tx):
            if names is None:
                names = row["names"]
                yield (*FILE_COLUMNS, *map(_column, names))
            known = (cell_of(row[name]) if name in _LISTS else row[name] for name in FILE_COLUMNS)
            yield (*known, *(row["attributes"].get(name) for name in names))
        if names is None:
            yield FILE_COLUMNS


def _column(attribute: str) -> str:
    """How the file calls an attribute: so that an import takes it for one, and for this one."""
    return ATTRIBUTE + attribute if attribute in FILE_COLUMNS or attribute.startswith(ATTRIBUTE) else attribute


async def export_to(engine: Engine, path: Path) -> int:
    """Write the file; answers how many contacts are in it. An existing file is not touched: FileExistsError."""
    count = -1  # the names of the columns are no contact
    with path.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        async for row in export(engine):
            writer.writerow([cell(value) for value in row])
            count += 1
    return count
