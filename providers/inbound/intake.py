"""The bodies of calls as they come in, chunk by chunk: of a long one, what says something is kept and the rest let go.

Vendors post whole mails, with everything attached, of tens of megabytes. What is read of a mail stands in its first
megabyte; so of each text in a call as much is kept, and what is kept is a body of the same kind, to be read like any
other. What is kept depends on the bytes alone, not on how they were cut into chunks: a repeated call is the same call.
"""

import hashlib
import re
from typing import Protocol

SHORT_CALL = 1_000_000
"""Bytes of a call that reports, or of a message without attachments."""
LONGEST_CALL = 100_000_000
"""Bytes of a call that may bring a whole mail: 35 MB (Postmark; SendGrid 30 MB) as its source and, a third longer in
base64, its attachments once more."""

_LONGEST_TEXT = 1_050_000
"""Bytes of one text that are kept: a little more than is read of a mail (content/inbound_mail)."""
_MUCH = 4_000_000
"""Bytes that are kept of a call before its long texts are cut to the quick."""
_LITTLE = 2_000
_TOO_MUCH = 2 * _MUCH
"""Bytes that are kept at all: many short texts may come to that."""


class TooLong(Exception):
    """The body is longer than any that a vendor posts."""


class Trimmer(Protocol):
    """Takes a body in, and keeps what is worth reading."""

    kept: bytearray

    def feed(self, chunk: bytes) -> None:
        """The next part of it."""
        ...

    def end(self) -> None:
        """That was all of it."""
        ...


class Intake:
    """One body on its way in."""

    def __init__(
        self, trimmer: Trimmer, *, most: int, proven: bool = False, signed_before: bytes | None = None
    ) -> None:
        """`proven`: by the call's head alone. `signed_before`: what is signed together with the body, before it."""
        self.proven = proven
        self.most = most
        self._trimmer = trimmer
        self._length = 0
        self._hash = None if signed_before is None else hashlib.sha256(signed_before)

    def feed(self, chunk: bytes) -> None:
        """Take in the next part. Raises TooLong; up to there it is taken."""
        room = self.most - self._length
        self._length += len(chunk)
        if len(chunk) > room:
            self._trimmer.feed(chunk[:room])
            raise TooLong
        if self._hash is not None:
            self._hash.update(chunk)
        self._trimmer.feed(chunk)

    def end(self) -> bytes:
        """That was all of it: what was kept."""
        self._trimmer.end()
        return bytes(self._trimmer.kept)

    @property
    def left_out(self) -> int:
        """Bytes that were not kept."""
        return self._length - len(self._trimmer.kept)

    @property
    def sha256(self) -> bytes | None:
        """Of all that is signed; None where that is not asked."""
        return None if self._hash is None else self._hash.digest()


class Head:
    """Keeps the beginning."""

    def __init__(self, most: int = _LONGEST_TEXT) -> None:
        self.kept = bytearray()
        self._most = most

    def feed(self, chunk: bytes) -> None:
        """Keep it until there is enough."""
        self.kept += chunk[: max(self._most - len(self.kept), 0)]

    def end(self) -> None:
        """Nothing waits."""


class _Texts:
    """What has texts of its own within it, each of which is kept up to a length."""

    def __init__(self) -> None:
        self.kept = bytearray()
        self._rest = b""
        self._room = _LONGEST_TEXT
        """Of the text that we are in."""

    def end(self) -> None:
        """Keep what waited for more."""
        self._keep(self._rest)
        self._rest = b""

    def _begin(self) -> None:
        self._room = _LONGEST_TEXT if len(self.kept) < _MUCH else _LITTLE

    def _keep(self, part: bytes) -> None:
        self.kept += part[: max(_TOO_MUCH - len(self.kept), 0)]


_INSIDE = re.compile(rb'[^"\\]*(?:\\(?:u[0-9A-Fa-f]{4}|[^u])[^"\\]*)*', re.DOTALL)
"""A string's content, up to its end or to an escape that is not complete yet."""
_LONGEST_ESCAPE = 6
_MAY_BE_CUT = re.compile(rb"[\xc0-\xff][\x80-\xbf]{0,2}$")
_HALF = re.compile(rb"\\u[dD][89abAB][0-9A-Fa-f]{2}")
"""The first of two escapes that make one character."""


class JsonTrimmer(_Texts):
    """Keeps a JSON text with its long strings cut."""

    def __init__(self) -> None:
        super().__init__()
        self._is_inside = False
        self._is_cut = False

    def feed(self, chunk: bytes) -> None:
        """Copy it, but for what is too long."""
        data, self._rest = self._rest + chunk, b""
        at = 0
        while at < len(data):
            at = self._content(data, at) if self._is_inside else self._structure(data, at)

    def _structure(self, data: bytes, at: int) -> int:
        quote = data.find(b'"', at)
        end = len(data) if quote < 0 else quote + 1
        self._keep(data[at:end])
        if quote >= 0:
            self._is_inside, self._is_cut = True, False
            self._begin()
        return end

    def _content(self, data: bytes, at: int) -> int:
        end = _end_of_content(data, at)
        self._text(data[at:end])
        if end == len(data):
            return end
        if data[end : end + 1] == b'"':
            self._keep(b'"')
            self._is_inside = False
            return end + 1
        if len(data) - end < _LONGEST_ESCAPE:
            self._rest = data[end:]
            return len(data)
        self._text(data[end : end + 1])  # no JSON: whoever reads it will say so
        return end + 1

    def _text(self, part: bytes) -> None:
        if len(part) <= self._room:
            self._keep(part)
            self._room -= len(part)
        elif not self._is_cut:
            self._keep(part[: _end_of_content(part[: self._room], 0)])
            self._to_a_whole_character()
            self._room, self._is_cut = 0, True

    def _to_a_whole_character(self) -> None:
        if (cut := _MAY_BE_CUT.search(self.kept[-4:])) is not None:
            del self.kept[len(self.kept) - len(cut[0]) :]
        if _HALF.fullmatch(self.kept[-_LONGEST_ESCAPE:]):
            first = len(self.kept) - _LONGEST_ESCAPE
            escapes = first
            while escapes and self.kept[escapes - 1 : escapes] == b"\\":
                escapes -= 1
            if (first - escapes) % 2 == 0:  # else the backslash is itself what is escaped
                del self.kept[first:]


def _end_of_content(data: bytes, at: int) -> int:
    found = _INSIDE.match(data, at)
    return found.end() if found else at


_LONGEST_LINE = 8_000
"""Bytes; whatever is longer delimits nothing and names no kind of part."""
_MOST_NAMES = 50
_DELIMITING = re.compile(rb"^--([^\r\n]{1,200})\r?\n", re.MULTILINE)
_NAME = re.compile(rb"boundary\s*=\s*(?:\"([^\"\r\n]{1,200})\"|([^\s;\"]{1,200}))", re.IGNORECASE)
_KIND = re.compile(rb"^content-type:\s*([a-z]+)/([a-z0-9.-]+)", re.IGNORECASE | re.MULTILINE)
_ATTACHED = re.compile(rb"^content-disposition:\s*attachment", re.IGNORECASE | re.MULTILINE)
_EMPTY = (b"\r\n", b"\n")


class MailTrimmer(_Texts):
    """Keeps a mail (RFC 5322) with its attachments cut: what its author wrote may stand behind them."""

    def __init__(self) -> None:
        super().__init__()
        self._names: set[bytes] = set()
        """Boundaries that were announced."""
        self._head: bytearray | None = bytearray()
        """Headers up to here; None: we are behind them."""
        self._is_within_a_line = False

    def feed(self, chunk: bytes) -> None:
        """Copy it, but for what is attached."""
        data = self._rest + chunk
        whole = data.rfind(b"\n") + 1
        self._lines(data[:whole])
        self._rest = data[whole:]
        if len(self._rest) > _LONGEST_LINE:
            self._content(self._rest)
            self._rest, self._is_within_a_line = b"", True

    def _lines(self, data: bytes) -> None:
        at = 0
        if self._is_within_a_line and data:
            at = data.index(b"\n") + 1
            self._content(data[:at])
            self._is_within_a_line = False
        while at < len(data):
            at = self._body(data, at) if self._head is None else self._header(data, at)

    def _header(self, data: bytes, at: int) -> int:
        end = data.index(b"\n", at) + 1
        line = data[at:end]
        self._content(line)
        if line in _EMPTY:
            self._behind(bytes(self._head or b""))
        elif self._head is not None and len(line) <= _LONGEST_LINE and len(self._head) < _LONGEST_TEXT:
            self._head += line
        return end

    def _behind(self, head: bytes) -> None:
        """What follows these headers is worth reading, or not."""
        found = _KIND.search(head)
        kind, of = (found[1].lower(), found[2].lower()) if found else (b"text", b"plain")
        for quoted, bare in _NAME.findall(head):
            if len(self._names) < _MOST_NAMES:
                self._names.add(quoted or bare)
        is_read = kind in (b"text", b"message") and not _ATTACHED.search(head)
        self._room = self._room if is_read else min(self._room, _LITTLE)
        self._head = bytearray() if (kind, of) == (b"message", b"rfc822") and is_read else None

    def _body(self, data: bytes, at: int) -> int:
        for found in _DELIMITING.finditer(data, at):
            name = found[1].rstrip()
            is_last = name not in self._names and name.endswith(b"--")
            if (name[:-2] if is_last else name) in self._names:
                self._content(data[at : found.start()])
                self._begin()
                # A delimiter begins a line, also behind what was cut within one.
                self._content(found[0] if self.kept.endswith(b"\n") else b"\r\n" + found[0])
                self._head = None if is_last else bytearray()
                return found.end()
        self._content(data[at:])
        return len(data)

    def _content(self, part: bytes) -> None:
        self._keep(part[: self._room])
        self._room = max(self._room - len(part), 0)

    def _keep(self, part: bytes) -> None:
        self.kept += part[: max(_LONGEST_TEXT - len(self.kept), 0)]


_HEAD_ENDS = b"\r\n\r\n"


class FormTrimmer(_Texts):
    """Keeps a form (multipart/form-data) with its long fields and files cut."""

    def __init__(self, boundary: bytes, *, mail: str | None = None) -> None:
        """`mail`: the field that holds a whole mail, whose attachments are cut within it."""
        super().__init__()
        self._delimiter = b"\r\n--" + boundary
        self._mail_field = None if mail is None else f'name="{mail}"'.encode()
        self._head: bytearray | None = bytearray()
        """Of the field that we are in, up to here; None: we are behind it."""
        self._mail: MailTrimmer | None = None

    def feed(self, chunk: bytes) -> None:
        """Copy it, but for what is too long."""
        data = self._rest + chunk
        at = 0
        while (found := data.find(self._delimiter, at)) >= 0:
            self._content(data[at:found])
            self._leave()
            self._keep(self._delimiter)
            self._begin()
            at = found + len(self._delimiter)
        # What may be the beginning of a delimiter waits for the rest of it.
        begun = data.rfind(b"\r", max(at, len(data) - len(self._delimiter)))
        end = len(data) if begun < 0 else begun
        self._content(data[at:end])
        self._rest = data[end:]

    def end(self) -> None:
        """Keep what waited for more."""
        self._content(self._rest)
        self._rest = b""
        self._leave()

    def _leave(self) -> None:
        """The field is over."""
        if self._mail is not None:
            self._mail.end()
            self._keep(bytes(self._mail.kept))
        self._mail, self._head = None, bytearray()

    def _content(self, part: bytes) -> None:
        if self._head is not None and self._mail_field is not None:
            part = self._field_head(part)
        if self._mail is not None:
            self._mail.feed(part)
            return
        self._keep(part[: self._room])
        self._room = max(self._room - len(part), 0)

    def _field_head(self, part: bytes) -> bytes:
        """Keep a field's own headers; answers what stands behind them."""
        assert self._head is not None and self._mail_field is not None  # noqa: S101, PT018 - as the caller has seen
        before = len(self._head)
        self._head += part[: _LITTLE + len(_HEAD_ENDS)]
        ends = self._head.find(_HEAD_ENDS)
        if ends < 0 and len(self._head) <= _LITTLE:
            self._keep(part)
            return b""
        taken = (ends + len(_HEAD_ENDS) if ends >= 0 else _LITTLE) - before
        if ends >= 0 and self._mail_field in self._head[:ends]:
            self._mail = MailTrimmer()
        self._head = None
        self._keep(part[:taken])
        return part[taken:]
