"""Header fields of an email, written by us (RFC 5322, 2047): what stands in one is shown as it was meant.

No value reaches a header parser. The standard library's decodes what it is given, so that `=?utf-8?q?=0ABcc:_…?=` as
somebody's name became a line break and a header of theirs (CVE-2024-6923), and elsewhere at least another name. What
was written is compared with what was meant before it leaves (`prove`).
"""

import re
import string
from base64 import b64encode
from collections.abc import Iterable, Sequence
from email.message import EmailMessage
from typing import NamedTuple

import idna

from domain.errors import ContentError

_LINE = 76
"""Characters of a line that holds an encoded-word (RFC 2047 §2); no other line has more, unless one token has."""
_WORD = 75
"""Characters of one encoded-word, its frame included (RFC 2047 §2)."""
_LONGEST_LINE = 998
"""Bytes of a line without its CRLF (RFC 5322 §2.1.1)."""
_LONGEST_ADDRESS = 254
"""Characters of an address that fits into an SMTP command (RFC 5321 §4.5.3.1.3, without the angle brackets)."""
_FRAME = len("=?utf-8?q??=")
_ENCODED = "=?"
"""How an encoded-word begins; mail programs also decode it where RFC 2047 says that it must not be."""

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_PART = r"[^\s<>@\"(),:;\\\x00-\x1f\x7f]+"
_MAILBOX = re.compile(rf"(?P<name>[^<>]*)<(?P<spec>{_PART}@{_PART})>|(?P<bare>{_PART}@{_PART})")
_ADDRESS = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*@(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9.]{{7,15}}\])")
_QUOTED_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_ATOMS = re.compile(rf"{_ATEXT}(?: {_ATEXT})*")
_TOKEN = re.compile(r"[!-~]+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_BROKEN = re.compile(rb"\r(?!\n)|(?<!\r)\n|\0")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Unicode's categories Cc, Zl and Zp."""
_SAFE = frozenset(string.ascii_letters + string.digits + " ")
"""What the q encoding leaves one character long, also within a name (RFC 2047 §5)."""
_QUOTED = {byte: f"={byte:02X}" for byte in range(0x100) if chr(byte) not in _SAFE} | {0x20: "_"}


class Mailbox(NamedTuple):
    """Somebody's address, and the name that is shown with it."""

    display_name: str
    """One line, empty for none."""
    addr_spec: str
    """`local@domain` in ASCII."""


class Field(NamedTuple):
    """One header field as it is written: lines of ASCII, without their line ends."""

    name: str
    lines: tuple[str, ...]


def text_field(name: str, text: str) -> Field:
    """Words for a reader, in any script: as they are, or as encoded-words where a mail program could misread them."""
    line = single_line(text)
    pieces = line.split(" ")
    room = _LINE - len(f"{name}: ")
    if _is_plain(line) and len(pieces[0]) <= room and all(len(piece) < _LINE for piece in pieces):
        return _folded(name, pieces)
    return _folded(name, _encoded_words(line, room))


def mailbox_field(name: str, mailbox: Mailbox) -> Field:
    """One address, with the name that is shown instead."""
    shown, address = mailbox.display_name, f"<{mailbox.addr_spec}>"
    if not shown:
        return _folded(name, [mailbox.addr_spec])
    if _ATOMS.fullmatch(shown) and _is_plain(shown):
        pieces = shown.split(" ")
    elif _is_plain(shown) and not {'"', "\\"} & set(shown):
        pieces = f'"{shown}"'.split(" ")
    else:
        pieces = []
    room = _LINE - len(f"{name}: ")
    if not pieces or len(pieces[0]) > room or any(len(piece) >= _LINE for piece in pieces):
        pieces = _encoded_words(shown, room)
    return _folded(name, [*pieces, address])


def token_field(name: str, tokens: Sequence[str]) -> Field:
    """Ids, URIs and values for machines: each whole and on a line of its own, since no program decodes them.

    Raises ContentError for one that is not printable ASCII, or that a mail program might decode after all.
    """
    for token in tokens:
        if not _TOKEN.fullmatch(token) or _ENCODED in token:
            raise ContentError(f"{single_line(token)!r} cannot stand in the header {name}")
    first, *more = tokens
    return Field(name, (f"{name}: {first}", *(f" {token}" for token in more)))


def mail(fields: Sequence[Field], entity: EmailMessage) -> bytes:
    """The fields above `entity`, which holds the body and whose own headers hold no value from outside.

    Lines end in CRLF. Raises ContentError when the bytes say anything else than the fields.
    """
    block = "".join(f"{line}\r\n" for field in fields for line in field.lines)
    written = block.encode() + entity.as_bytes()
    prove(written, [*(field.name for field in fields), *entity.keys()])
    return written


def prove(written: bytes, names: Sequence[str]) -> None:
    """Raises ContentError unless the header block has exactly the fields of these names, and no line is broken."""
    block, end, _ = written.partition(b"\r\n\r\n")
    lines = block.split(b"\r\n")
    found = [line.partition(b":")[0].decode("latin-1") for line in lines if line[:1] not in (b" ", b"\t")]
    if not end or found != list(names) or lines[0][:1] in (b" ", b"\t") or not all(line.strip() for line in lines):
        raise ContentError("the header block says something else than what was set")
    if not block.isascii() or _BROKEN.search(written) or max(map(len, written.split(b"\r\n"))) > _LONGEST_LINE:
        raise ContentError(f"a line is broken, not ASCII, or longer than {_LONGEST_LINE} bytes")


def address(value: str) -> Mailbox:
    """Read `Name <address>` or a bare address; the domain may be internationalised.

    Raises ContentError for anything else: an address is refused, never fixed into another one.
    """
    match = _MAILBOX.fullmatch(value.strip())
    try:
        if match is None:
            raise ValueError("no mailbox")
        local, _, domain = (match["spec"] or match["bare"]).rpartition("@")
        if not domain.isascii():
            domain = idna.encode(domain, uts46=True).decode("ascii")
        spec = f"{local}@{domain}"
        if not _ADDRESS.fullmatch(spec) or _ENCODED in spec or len(spec) > _LONGEST_ADDRESS:
            raise ValueError("no address")
    except ValueError as error:
        raise ContentError(
            f"{single_line(value)!r} is not an email address that can be written to",
            hint="write it as name@example.com, with plain ASCII before the @",
        ) from error
    return Mailbox(single_line(_unquoted((match["name"] or "").strip())), spec)


def single_line(value: str) -> str:
    """One line without control characters: what a header value may be."""
    return " ".join(_CONTROL.sub(" ", encodable(value)).split())


def encodable(value: str) -> str:
    """Half a surrogate pair has no UTF-8 form: the replacement character stands for it."""
    return _SURROGATE.sub("\ufffd", value)


def _unquoted(name: str) -> str:
    """What a quoted-string says; anything else says itself, such as words of which some are quoted."""
    if not _QUOTED_STRING.fullmatch(name):
        return name
    return re.sub(r"\\(.)", r"\1", name[1:-1], flags=re.DOTALL)


def _is_plain(line: str) -> bool:
    """Whether every mail program shows these characters as they are."""
    return line.isascii() and _ENCODED not in line


def _folded(name: str, pieces: Iterable[str]) -> Field:
    """The pieces with a blank between two, broken where a line would be too long."""
    lines, line = [], f"{name}:"
    for piece in pieces:
        if len(line) + 1 + len(piece) > _LINE and line != f"{name}:":
            lines.append(line)
            line = ""
        line = f"{line} {piece}"
    return Field(name, (*lines, line))


def _encoded_words(line: str, room: int) -> list[str]:
    """Encoded-words of whole characters, in whichever encoding is the shorter; the first has `room`."""
    if len(_q(line)) <= len(_b(line)):
        kind, encode = "q", _q
        sizes = [1 if char in _SAFE else 3 * len(char.encode()) for char in line]
    else:
        kind, encode = "b", _b
        sizes = [len(char.encode()) for char in line]
    words, begin, taken = [], 0, 0
    most = _most(kind, room)
    for i, size in enumerate(sizes):
        if taken + size > most:
            words.append(line[begin:i])
            begin, taken, most = i, 0, _most(kind, _WORD)
        taken += size
    return [f"=?utf-8?{kind}?{encode(word)}?=" for word in (*words, line[begin:])]


def _most(kind: str, room: int) -> int:
    """How much fits into an encoded-word: characters of q, bytes of b."""
    inside = min(room, _WORD) - _FRAME
    return inside if kind == "q" else inside // 4 * 3


def _q(text: str) -> str:
    return text.encode().decode("latin-1").translate(_QUOTED)


def _b(text: str) -> str:
    return b64encode(text.encode()).decode("ascii")
