"""A CSV file of contacts, read line by line: each record is a contact, or a rejected line that says why."""

import csv
import re
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from pydantic import ConfigDict

from content.addresses import has_country_code, is_region
from content.countries import region_of
from domain import ids
from domain.base import Frozen
from domain.contact import ATTRIBUTE, FILE_COLUMNS, Contact
from domain.csv_cells import unshielded
from domain.errors import TouchlineError
from scheduling.zones import candidate_zones
from starter.contacts.columns import Column, read_columns
from starter.contacts.csv_lines import LINE_LIMIT, UNDECODED, Lines, TooLong, encoding_of
from starter.contacts.dates import ISO_SHAPE, DateOrder, NoDate, in_iso, is_iso, looks_like_a_date
from starter.contacts.fields import LONGEST, ill_formed, is_one_line, reached, showable, words_of

_DELIMITERS = ",;\t"
_MOST_COLUMNS = 500
"""More than anybody tells apart; a line has room for a hundred thousand."""
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
"""What Excel reads, and some programs write, before the header."""
_AS_TEXT = re.compile(r'="([^"]*)"')
"""How a file keeps a spreadsheet from taking digits for a number."""
_ROUNDED = re.compile(r"\d[.,]\d+[eE]\+\d+")
"""What a spreadsheet makes of a long number."""
_MOST_NOTICES = 100
"""Of different texts; what a program would otherwise be told of every line."""
_ORDERS: dict[DateOrder, str] = {"mdy": "month, day, year", "dmy": "day, month, year", "ymd": "year, month, day"}

Key = Literal["external_id", "email", "phone"]
"""By what the contacts of a file are known."""


class RejectedLine(Frozen):
    """A record that was not taken."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    line: int
    """Where the record starts in the file, from 1."""
    external_id: str
    """As far as it could be read."""
    reasons: tuple[str, ...]


class Reading(Frozen):
    """How a file is to be read, where it does not say so itself."""

    default_region: str
    """Country (ISO 3166 alpha-2) of phone numbers that have no country code, where the line names none."""
    encoding: str | None = None
    """None: as the byte order mark says, else UTF-8."""
    dates: DateOrder | None = None
    """The order in which its dates are written; None: they stay, and what nothing can read is told."""
    key: Key = "external_id"


class Notice(Frozen):
    """What was read in another way than it was written, or cannot be used as it is."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    text: str
    line: int
    """The first one."""
    count: int
    """On how many lines."""


class ContactFile:
    """An open CSV file with a header line, delimited by comma, semicolon or tab.

    Raises TouchlineError when it is no such file; a fault in one record is that record's alone.
    """

    def __init__(self, path: Path, reading: Reading) -> None:
        if not is_region(reading.default_region):
            raise TouchlineError(
                f"there is no country {reading.default_region!r}",
                hint="Set the default region to a code such as US or DE.",
            )
        self._reading = reading
        self._taken: dict[str, int] = {}
        self._notices: dict[str, Notice] = {}
        try:
            self._bytes = path.open("rb")
            self.total_bytes = path.stat().st_size
        except OSError as error:
            raise TouchlineError(f"{path} cannot be read: {error.strerror}") from error
        try:
            self.encoding = encoding_of(self._bytes, reading.encoding)
            self._lines = Lines(TextIOWrapper(self._bytes, self.encoding, errors=UNDECODED, newline=""))
            self.delimiter, self.columns = _header(self._lines, reading.key)
        except BaseException:
            self._bytes.close()
            raise
        self._names = [column.taken_for for column in self.columns]

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

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What there is to say of the lines that were taken."""
        return tuple(self._notices.values())

    def line_of(self, contact: Contact) -> int:
        """Where the record of a contact that was taken starts."""
        return self._taken[contact.external_id]

    def __iter__(self) -> Iterator[Contact | RejectedLine]:
        # strict: a quote that is not closed, or closed in mid-field, is a fault and not a part of the text.
        reader = csv.reader(self._lines, delimiter=self.delimiter, strict=True)
        while True:
            line = self._lines.begin_record()
            try:
                cells = next(reader, None)
            except (csv.Error, TooLong) as error:
                # The fault is this line's: what the open quote swallowed is read again.
                first, alone = self._lines.give_back()
                yield self._reject(line, first.split(self.delimiter), _fault(error, alone=alone))
                continue
            if cells is None:
                return
            if any(cells):
                yield self._judge(line, cells)

    def _judge(self, line: int, cells: list[str]) -> Contact | RejectedLine:
        width = len(self.columns)
        if len(cells) < width or any(cells[width:]):
            return self._reject(line, cells, f"{len(cells)} columns where the header has {width}")
        values = {name: _value(cell) for name, cell in zip(self._names, cells, strict=False) if name is not None}
        known = {name: values.pop(name, "") for name in FILE_COLUMNS}
        known["name"] = known["name"] or self._joined_name(cells)
        attributes = {name.removeprefix(ATTRIBUTE): value for name, value in values.items()}
        said: list[str] = []
        reasons = ill_formed(known, attributes)
        if not reasons:
            contact, reasons = self._contact(known, attributes, self._country(cells), said)
        if reasons:
            return self._reject(line, cells, *reasons)
        self._taken[contact.external_id] = line
        self._notice(line, said)
        return contact

    def _contact(
        self, known: dict[str, str], attributes: dict[str, str], country: str, said: list[str]
    ) -> tuple[Contact, list[str]]:
        """The contact, and why it cannot be taken."""
        region = region_of(country) if country else None
        at = reached(known["email"], known["phone"], known["timezone"], region or self._reading.default_region)
        external_id = known["external_id"]
        if self._reading.key != "external_id":
            external_id = (at.email if self._reading.key == "email" else at.phone) or ""
        reasons = self._of_identity(external_id, known)
        if not (known["email"] or known["phone"]):
            reasons.append("neither email nor phone: the contact cannot be reached")
        reasons += at.wrong
        if country and region is None:
            said.append(f"country: `{country[:40]}` is no country that is known")
        if at.phone and region is None and not has_country_code(known["phone"]):
            said.append(
                f"phone: it has no country code and the contact no country; read as {self._reading.default_region}"
            )
        if at.timezone is not None and at.timezone != known["timezone"]:
            said.append(f"timezone: `{known['timezone']}` was read as {at.timezone}")
        reasons += self._read_dates(attributes, said)
        contact = Contact(
            id=ids.new_id(),
            external_id=external_id,
            name=known["name"] or None,
            email=at.email,
            phone=at.phone,
            company=known["company"] or None,
            timezone=at.timezone,
            zones=candidate_zones(at.timezone, at.phone),
            tags=words_of(known["tags"]),
            triggers=words_of(known["triggers"]),
            status=known["status"] or None,
            attributes={name: value.replace("\r\n", "\n") for name, value in attributes.items() if value},
        )
        return contact, reasons

    def _of_identity(self, external_id: str, known: dict[str, str]) -> list[str]:
        if not external_id:
            key = self._reading.key
            # An address that is there is wrong, and is named so.
            return [] if key != "external_id" and known[key] else [f"{key}: it is empty, and a contact is known by it"]
        if _ROUNDED.fullmatch(external_id):
            return ["external_id: a spreadsheet has rounded it; format the column as text there, and export again"]
        if external_id in self._taken:
            return [f"{self._reading.key}: line {self._taken[external_id]} has the same"]
        return []

    def _read_dates(self, attributes: dict[str, str], said: list[str]) -> list[str]:
        """Write those in ISO 8601 whose order is known; why others are none."""
        reasons, order = [], self._reading.dates
        for name, value in attributes.items():
            if not looks_like_a_date(value):
                if ISO_SHAPE.fullmatch(value) and not is_iso(value):
                    said.append(f"{name}: `{value}` is a date that the calendar does not have")
                continue
            try:
                read = in_iso(value, order) if order else None
            except NoDate:
                reasons.append(f"{name}: `{value}` is no date with {_ORDERS[order or 'ymd']} in this order")
                continue
            if read is None:
                said.append(f"{name}: it looks like a date that no condition and no delay can read; write 2026-12-24")
            else:
                attributes[name] = read
                said.append(f"{name}: dates were read as {_ORDERS[order or 'ymd']}")
        return reasons

    def _country(self, cells: list[str]) -> str:
        return next(
            (_value(cell) for column, cell in zip(self.columns, cells, strict=False) if column.also == "country"), ""
        )

    def _joined_name(self, cells: list[str]) -> str:
        parts = {column.also: _value(cell) for column, cell in zip(self.columns, cells, strict=False)}
        return " ".join(part for role in ("first_name", "last_name") if (part := parts.get(role)))

    def _notice(self, line: int, said: list[str]) -> None:
        for text in said:
            if (before := self._notices.get(text)) is not None:
                self._notices[text] = before.model_copy(update={"count": before.count + 1})
            elif len(self._notices) < _MOST_NOTICES:
                self._notices[text] = Notice(text=text, line=line, count=1)

    def _reject(self, line: int, cells: list[str], *reasons: str) -> RejectedLine:
        index = self._names.index(self._reading.key)
        external_id = _value(cells[index]) if index < len(cells) else ""
        return RejectedLine(line=line, external_id=showable(external_id)[: LONGEST["external_id"]], reasons=reasons)


def external_ids(path: Path) -> list[str]:
    """The external_id column of a CSV file, whatever else it holds. Raises TouchlineError naming the line."""
    line = 1
    try:
        with path.open("rb") as file:
            lines = Lines(TextIOWrapper(file, encoding_of(file, None), errors=UNDECODED, newline=""))
            delimiter, columns = _header(lines, "external_id")
            index = [column.taken_for for column in columns].index("external_id")
            found: list[str] = []
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            while True:
                line = lines.begin_record()
                if (cells := next(reader, None)) is None:
                    return found
                if not any(cells):
                    continue
                external_id = _value(cells[index]) if index < len(cells) else ""
                if not external_id or not is_one_line(external_id):
                    raise TouchlineError(f"line {line} of {path} has no external_id that could be read")
                found.append(external_id)
    except csv.Error as error:
        raise TouchlineError(f"line {line} of {path}: the quotes do not match ({error})") from error
    except TooLong as error:
        raise TouchlineError(f"line {line} of {path} has over {LINE_LIMIT:,} characters") from error
    except OSError as error:
        raise TouchlineError(f"{path} cannot be read: {error.strerror}") from error


def _header(lines: Lines, key: Key) -> tuple[str, list[Column]]:
    """Delimiter and columns, as the first line says, or the one behind `sep=`."""
    try:
        line = next(lines, "")
        delimiters = _DELIMITERS
        if match := _SEPARATOR_LINE.fullmatch(line):
            delimiters, line = match[1], next(lines, "")
    except TooLong as error:
        raise TouchlineError(
            f"the header has over {LINE_LIMIT:,} characters", hint="Is this a CSV file of contacts?"
        ) from error
    for delimiter in delimiters:
        names = [unshielded(name) for name in next(csv.reader([line], delimiter=delimiter), [])]
        while names and not names[-1].strip():
            names.pop()
        if len(names) > _MOST_COLUMNS:
            raise TouchlineError(
                f"the header names {len(names):,} columns, at most {_MOST_COLUMNS} are allowed",
                hint="Leave out the columns that no text and no condition names.",
            )
        if columns := read_columns(names, key):
            return delimiter, columns
    raise TouchlineError(
        f"the first line names no column {key}",
        hint=f"Begin the file with a header line, such as: {','.join(FILE_COLUMNS)};"
        " or name another key: the contacts are then known by their email, or phone",
    )


def _fault(error: Exception, *, alone: bool) -> str:
    if alone and isinstance(error, TooLong):
        return f"it is longer than {LINE_LIMIT:,} characters"
    if alone and "field limit" in str(error):
        return f"a cell has more than {csv.field_size_limit():,} characters"
    return f"the quotes do not match ({error or 'a line of a quoted cell is too long'})"


def _value(cell: str) -> str:
    """What a cell says, without what a spreadsheet put around it."""
    if match := _AS_TEXT.fullmatch(cell.strip()):
        return match[1].strip()
    return unshielded(cell).strip()
