"""A CSV file of contacts, read line by line: each record is a contact, or a rejected line that says why."""

import csv
from collections import deque
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ConfigDict

from content.addresses import is_region
from domain import ids
from domain.base import Frozen
from domain.cells import unshielded
from domain.contact import ATTRIBUTE, COLUMNS, FILE_COLUMNS, MAX_COLUMN_NAME, Contact, column_name
from domain.errors import TouchlineError
from scheduling.zones import candidate_zones
from starter.contact_fields import LONGEST, SEPARATOR, addresses, ill_formed, is_one_line, showable

_DELIMITERS = ",;\t"
_LINE_LIMIT = 1024 * 1024
_MOST_COLUMNS = 500
"""More than anybody tells apart; a line has room for a hundred thousand."""


class RejectedLine(Frozen):
    """A record that was not taken."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    line: int
    """Where the record starts in the file, from 1."""
    external_id: str
    """As far as it could be read."""
    reasons: tuple[str, ...]


class ContactFile:
    """An open CSV file: UTF-8, with or without BOM, delimited by comma, semicolon or tab, with a header line.

    Raises TouchlineError when it is no such file; a fault in one record is that record's alone.
    """

    def __init__(self, path: Path, *, default_region: str) -> None:
        if not is_region(default_region):
            raise TouchlineError(
                f"there is no country {default_region!r}", hint="Set the default region to a code such as US or DE."
            )
        self._region = default_region
        self._taken: dict[str, int] = {}
        try:
            self._bytes = path.open("rb")
            self.total_bytes = path.stat().st_size
        except OSError as error:
            raise TouchlineError(f"{path} cannot be read: {error.strerror}") from error
        try:
            self._lines = _Lines(TextIOWrapper(self._bytes, "utf-8-sig", errors="surrogateescape", newline=""))
            self._delimiter, self._columns = _header(next(self._lines, ""))
        except BaseException:
            self._bytes.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bytes.close()

    @property
    def read_bytes(self) -> int:
        """How far the file has been read, to within a buffer."""
        return self._bytes.tell()

    def __iter__(self) -> Iterator[Contact | RejectedLine]:
        # strict: a quote that is not closed, or closed in mid-field, is a fault and not a part of the text.
        reader = csv.reader(self._lines, delimiter=self._delimiter, strict=True)
        while True:
            line = self._lines.begin_record()
            try:
                cells = next(reader, None)
            except csv.Error as error:
                # The fault is this line's: what the open quote swallowed is read again.
                first = self._lines.give_back()
                yield self._reject(line, first.split(self._delimiter), f"the quotes do not match ({error})")
                continue
            if cells is None:
                return
            if cells:
                yield self._judge(line, cells)

    def _judge(self, line: int, cells: list[str]) -> Contact | RejectedLine:
        if len(cells) != len(self._columns):
            return self._reject(line, cells, f"{len(cells)} columns where the header has {len(self._columns)}")
        values = {name: unshielded(cell).strip() for name, cell in zip(self._columns, cells, strict=True)}
        known = {name: values.pop(name, "") for name in FILE_COLUMNS}
        attributes = {name.removeprefix(ATTRIBUTE): value for name, value in values.items()}
        if reasons := ill_formed(known, attributes):
            return self._reject(line, cells, *reasons)
        if not known["external_id"]:
            reasons.append("external_id: it is empty, and a contact is known by it")
        elif known["external_id"] in self._taken:
            reasons.append(f"external_id: line {self._taken[known['external_id']]} has the same")
        if not (known["email"] or known["phone"]):
            reasons.append("neither email nor phone: the contact cannot be reached")
        email, phone, wrong = addresses(known["email"], known["phone"], known["timezone"], self._region)
        reasons += wrong
        if reasons:
            return self._reject(line, cells, *reasons)
        self._taken[known["external_id"]] = line
        return Contact(
            id=ids.new_id(),
            external_id=known["external_id"],
            name=known["name"] or None,
            email=email,
            phone=phone,
            company=known["company"] or None,
            timezone=known["timezone"] or None,
            zones=candidate_zones(known["timezone"] or None, phone),
            tags=_words(known["tags"]),
            triggers=_words(known["triggers"]),
            status=known["status"] or None,
            attributes={name: value.replace("\r\n", "\n") for name, value in attributes.items() if value},
        )

    def _reject(self, line: int, cells: list[str], *reasons: str) -> RejectedLine:
        index = self._columns.index("external_id")
        external_id = unshielded(cells[index]).strip() if index < len(cells) else ""
        return RejectedLine(line=line, external_id=showable(external_id)[: LONGEST["external_id"]], reasons=reasons)


def external_ids(path: Path) -> list[str]:
    """The external_id column of a CSV file, whatever else it holds. Raises TouchlineError naming the line."""
    try:
        with path.open("rb") as file:
            lines = _Lines(TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline=""))
            delimiter, columns = _header(next(lines, ""))
            index = columns.index("external_id")
            found: list[str] = []
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            while True:
                line = lines.begin_record()
                if (cells := next(reader, None)) is None:
                    return found
                if not cells:
                    continue
                external_id = unshielded(cells[index]).strip() if index < len(cells) else ""
                if not external_id or not is_one_line(external_id):
                    raise TouchlineError(f"line {line} of {path} has no external_id that could be read")
                found.append(external_id)
    except csv.Error as error:
        raise TouchlineError(f"line {line} of {path}: the quotes do not match ({error})") from error
    except OSError as error:
        raise TouchlineError(f"{path} cannot be read: {error.strerror}") from error


class _Lines:
    """The lines of a file, numbered, of which those of the record being read can be given back."""

    def __init__(self, file: TextIOWrapper) -> None:
        self._file = file
        self._number = 0
        self._given_back: deque[str] = deque()
        self._record: list[str] = []

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._given_back.popleft() if self._given_back else self._file.readline(_LINE_LIMIT)
        if not line:
            raise StopIteration
        self._number += 1
        if len(line) == _LINE_LIMIT:
            raise TouchlineError(f"line {self._number} is over 1 MiB long", hint="Is this a CSV file of contacts?")
        self._record.append(line)
        return line

    def begin_record(self) -> int:
        """The number of the line at which the next record starts."""
        self._record = []
        return self._number + 1

    def give_back(self) -> str:
        """Read every line of this record again, except the first, which is the answer."""
        first, *rest = self._record
        self._given_back.extendleft(reversed(rest))
        self._number -= len(rest)
        return first


def _header(line: str) -> tuple[str, list[str]]:
    """Delimiter and columns of the first line; those that are attributes with `attributes.` before their names."""
    if line.startswith(("\udcff\udcfe", "\udcfe\udcff")):
        raise TouchlineError("the file is UTF-16", hint="Save it as CSV UTF-8.")
    columns: list[str] = []
    for delimiter in _DELIMITERS:
        names = next(csv.reader([line], delimiter=delimiter), [])
        if len(names) > _MOST_COLUMNS:
            raise TouchlineError(
                f"the header names {len(names):,} columns, at most {_MOST_COLUMNS} are allowed",
                hint="Leave out the columns that no text and no condition names.",
            )
        columns = [_column(unshielded(name)) for name in names]
        if "external_id" in columns:
            break
    else:
        raise TouchlineError(
            "the first line names no column external_id",
            hint=f"Begin the file with a header line, such as: {','.join(FILE_COLUMNS)}",
        )
    seen: set[str] = set()
    for number, column in enumerate(columns, 1):
        name = column.removeprefix(ATTRIBUTE)
        if not name:
            raise TouchlineError(f"column {number} of the header has no name", hint="Name it, or take it out.")
        if column not in FILE_COLUMNS and name in COLUMNS:
            raise TouchlineError(
                f"the header names an attribute {name}", hint=f"Call the column {name}: it is no attribute."
            )
        if column in seen:
            raise TouchlineError(f"the header names {name} twice", hint="Rename one of the two, or take it out.")
        seen.add(column)
        if len(name) > MAX_COLUMN_NAME or not is_one_line(name):
            raise TouchlineError(
                f"the name of column {number} cannot be used",
                hint=f"Use up to {MAX_COLUMN_NAME} characters of UTF-8 text on one line.",
            )
    return delimiter, columns


def _column(written: str) -> str:
    name = column_name(written)
    return name if name in FILE_COLUMNS else ATTRIBUTE + column_name(name.removeprefix(ATTRIBUTE))


def _words(cell: str) -> tuple[str, ...]:
    """The parts between semicolons, each once, in their order."""
    return tuple(dict.fromkeys(word for part in cell.split(SEPARATOR) if (word := part.strip())))
