"""The lines of a text file: decoded as declared, numbered, and none of them longer than memory allows."""

import codecs
from collections import deque
from typing import BinaryIO, Self, TextIO

from domain.errors import TouchlineError

LINE_LIMIT = 1024 * 1024
"""Characters; no contact has more to say."""

_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_ENCODINGS = frozenset(
    {
        *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"),
        *(f"cp{number}" for number in (437, 850, 852, 858, 932, 936, 949, 950, *range(1250, 1259))),
        *("iso8859-1", "iso8859-2", "iso8859-5", "iso8859-7", "iso8859-8", "iso8859-9", "iso8859-15"),
        *("mac-roman", "koi8-r", "shift_jis", "euc_jp", "gbk", "gb18030", "big5", "euc_kr", "ascii"),
    }
)
_LONE = 0xDC00
"""A byte that is no text becomes this half of a surrogate pair and its value, whatever the encoding."""


def encoding_of(file: BinaryIO, declared: str | None) -> str:
    """How a file is read: as its byte order mark says, else as declared, else as UTF-8; leaves it at its beginning.

    Raises TouchlineError for an encoding that is not known, and for UTF-16 that nobody has declared.
    """
    begin = file.read(4)
    file.seek(0)
    marked = next((encoding for mark, encoding in _BOMS.items() if begin.startswith(mark)), None)
    name = "utf-8"
    if declared is not None:
        try:
            name = codecs.lookup(declared).name
        except (LookupError, ValueError):
            name = ""
        if name not in _ENCODINGS:
            raise TouchlineError(
                f"there is no encoding {declared[:40]!r}", hint="such as utf-8, utf-16, windows-1252 or iso-8859-1"
            )
    if marked is None and declared is None and b"\0" in begin:
        raise TouchlineError("the file is UTF-16 without a mark that says so", hint="name its encoding: utf-16-le")
    return marked or ("utf-16-le" if name == "utf-16" else name)


def _lone(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(_LONE + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error("touchline_lone", _lone)
UNDECODED = "touchline_lone"
"""The error handler under which whatever cannot be decoded is kept as halves of surrogate pairs."""


class TooLong(Exception):
    """A line has more than `LINE_LIMIT` characters."""


class _Cut(str):
    """The beginning of a line that was too long."""


class Lines:
    """The lines of a file, numbered, of which those of the record being read can be given back."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._number = 0
        self._given_back: deque[str] = deque()
        self._record: list[str] = []

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._given_back.popleft() if self._given_back else self._read()
        if not line:
            raise StopIteration
        self._number += 1
        self._record.append(line)
        if isinstance(line, _Cut):
            raise TooLong
        return line

    def begin_record(self) -> int:
        """The number of the line at which the next record starts."""
        self._record = []
        return self._number + 1

    def give_back(self) -> tuple[str, bool]:
        """Read every line of this record again, except the first; answers that one, and whether there is no other."""
        first, *rest = self._record
        self._given_back.extendleft(reversed(rest))
        self._number -= len(rest)
        return first, not rest

    def _read(self) -> str:
        line = self._file.readline(LINE_LIMIT)
        if len(line) < LINE_LIMIT:
            return line
        head = part = line
        while len(part) == LINE_LIMIT and not part.endswith(("\n", "\r")):
            part = self._file.readline(LINE_LIMIT)
        return _Cut(head[:1000])
