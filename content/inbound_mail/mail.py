"""A raw email as headers and parts, in time linear in its size whatever its sender intended."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from email.utils import parsedate_to_datetime
from itertools import islice

from domain.errors import Malformed

_LONGEST_MAIL = 1_000_000
"""Bytes that are read; what matters stands before the attachments."""
_MOST_CONTAINERS = 40
_MOST_DELIMITERS = 1_000
_MOST_HEADERS = 500
_LONGEST_HEADER = 8_000
_LONGEST_PARAMETERS = 1_000
_LONGEST_DECODED = 1_000
_LONGEST_BODY = 200_000

_CONTAINER = re.compile(rb"content-type:\s*(?:multipart|message)/", re.IGNORECASE)
_DELIMITER = re.compile(rb"^--", re.MULTILINE)
_EMPTY_LINE = re.compile(rb"^\r?$", re.MULTILINE)
_ADDRESS = re.compile(r"[^\s<>@,;:\"()\[\]\\]{1,64}@[^\s<>@,;:\"()\[\]\\']{1,255}")
_IN_BRACKETS = re.compile(r"<\s*([^\s<>@]{1,64}@[^\s<>@]{1,255})\s*>")
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
# Decoding these is quadratic, and no mail program writes them.
_NO_CHARSETS = frozenset({"punycode", "idna"})


class _Bounded(Compat32):
    """The lenient old policy (the new one parses every header at once, some in quadratic time), with short headers."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """Name and value as they came, as much as is worth reading."""
        name, value = super().header_source_parse(sourcelines)
        # The standard library takes quadratic time over parameters.
        longest = _LONGEST_PARAMETERS if name.lower().startswith("content-") else _LONGEST_HEADER
        return name, value[:longest]


_PARSER = BytesParser(policy=_Bounded())


class Headers:
    """The headers of one part, found by name in small letters; values are single lines without control characters."""

    def __init__(self, part: "Message[str, str]") -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in islice(part.raw_items(), _MOST_HEADERS):
            self._values.setdefault(name.lower(), []).append(value)

    def all(self, *names: str) -> list[str]:
        """Every value of these headers, in the order of the names."""
        return [_plain(value) for name in names for value in self._values.get(name, ())]

    def get(self, name: str) -> str:
        """The first value, empty when there is none."""
        return next(iter(self.all(name)), "")

    def has(self, name: str) -> bool:
        """Whether there is such a header, be it empty."""
        return name in self._values

    def decoded(self, name: str) -> str:
        """The first value with its encoded words (RFC 2047) read."""
        value = self.get(name)[:_LONGEST_DECODED]
        try:
            return clean(" ".join(str(make_header(decode_header(value))).split()))
        except (ValueError, LookupError, MessageError):
            return value

    def addresses(self, *names: str) -> list[str]:
        """The addresses in these headers, without names."""
        return [address for value in self.all(*names) for address in addresses_in(value)]

    def date(self) -> datetime | None:
        """The Date header, in its writer's offset; one without an offset is taken for UTC."""
        try:
            read = parsedate_to_datetime(self.get("date")[:100])
            aware = read if read.tzinfo else read.replace(tzinfo=UTC)
            aware.astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        return aware


@dataclass(frozen=True)
class Part:
    """One leaf or report of a message."""

    type: str
    message: "Message[str, str]"
    headers: Headers
    attached: bool

    @property
    def text(self) -> str:
        """The decoded content, lines ending in `\\n`."""
        try:
            content = self.message.get_payload(decode=True)
        except (ValueError, LookupError, TypeError, AssertionError):
            content = None
        if not isinstance(content, bytes):
            return ""
        return clean(_text_of(content[: _LONGEST_BODY * 2], self._charset()))[:_LONGEST_BODY]

    @property
    def inner(self) -> list["Message[str, str]"]:
        """What a message/* part holds: one message, or the groups of a delivery status."""
        payload = self.message.get_payload()
        return [held for held in payload if isinstance(held, Message)] if isinstance(payload, list) else []

    def _charset(self) -> str:
        try:
            return self.message.get_content_charset("utf-8")
        except (ValueError, LookupError, TypeError):
            return "utf-8"


@dataclass(frozen=True)
class Mail:
    """A parsed message."""

    headers: Headers
    type: str
    report: str
    """`report-type` of a multipart/report."""
    parts: tuple[Part, ...]
    """Everything but containers, in order; a message inside the message is one part."""

    def of_type(self, *types: str) -> list[Part]:
        """The parts of these types."""
        return [part for part in self.parts if part.type in types]

    def texts(self, kind: str, most: int, *, attached: bool = False) -> Iterator[str]:
        """The contents of this type, up to so many characters of all together; attachments only if asked for."""
        for part in self.of_type(kind):
            if attached or not part.attached:
                text = part.text[:most]
                yield text
                most -= len(text) + 1
                if most <= 0:
                    return


def parse(raw: bytes) -> Mail:
    """Parse a message; raises Malformed when there is none."""
    if not raw.strip(b"\r\n\t \0"):
        raise Malformed("the message is empty", hint="post the raw message, headers first (message/rfc822)")
    try:
        message = _PARSER.parsebytes(_readable(raw))
        parts = tuple(_parts(message))
    except RecursionError:
        raise Malformed("the message's parts are nested too deeply") from None
    report = str(_parameter(message, "report-type")).lower()
    return Mail(Headers(message), message.get_content_type(), report, parts)


def headers_in(text: str) -> Headers:
    """The headers, or fields like headers, that a text consists of."""
    return Headers(_PARSER.parsebytes(text.strip().encode("utf-8", "replace"), headersonly=True))


def addresses_in(value: str) -> list[str]:
    """The addresses in a header's value; those in angle brackets where there are any (a name may look like one)."""
    found = _IN_BRACKETS.findall(value) or _ADDRESS.findall(value)
    return [address.strip("'.") for address in found]


def clean(text: str) -> str:
    """Without what no database stores: NUL and other control characters, halves of surrogate pairs."""
    return _UNSTORABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _readable(raw: bytes) -> bytes:
    """As much of the message as is read: parsing takes time for each container at each line, and for each part."""
    raw = raw.lstrip(b"\r\n\0")[:_LONGEST_MAIL]
    limits = [(_CONTAINER, _MOST_CONTAINERS), (_DELIMITER, _MOST_DELIMITERS)]
    if b"delivery-status" in raw.lower():
        # There each empty line begins a part.
        limits.append((_EMPTY_LINE, _MOST_DELIMITERS))
    for pattern, most in limits:
        for number, match in enumerate(pattern.finditer(raw)):
            if number == most:
                raw = raw[: match.start()]
                break
    return raw


def _parts(message: "Message[str, str]") -> Iterator[Part]:
    """Leaves and message/* parts, from the first to the last."""
    stack = [message]
    while stack:
        part = stack.pop()
        kind = part.get_content_type()
        if not kind.startswith("multipart/"):
            headers = Headers(part)
            attached = headers.get("content-disposition").lower().startswith("attachment")
            yield Part(kind, part, headers, attached)
        # What is inside an attached message is not what this message's author wrote.
        elif part.is_multipart():
            stack.extend(reversed(part.get_payload()))  # type: ignore[arg-type]


def _parameter(message: "Message[str, str]", name: str) -> str:
    try:
        return str(message.get_param(name) or "")
    except (ValueError, LookupError, TypeError):
        return ""


def _text_of(content: bytes, charset: str) -> str:
    if charset.lower() in _NO_CHARSETS:
        charset = "utf-8"
    try:
        return content.decode(charset, "replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def _plain(value: str) -> str:
    """One line; bytes beyond ASCII are UTF-8 (RFC 6532)."""
    if not value.isascii():
        value = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return clean(" ".join(value.split()))
