"""Where the tags of an HTML text stand, and what their attributes say: by HTML's own rules of tokenization.

The standard library's parser tells no place of an attribute, and reads comments, scripts and references differently
from one patch release to the next. Rules: https://html.spec.whatwg.org/multipage/parsing.html#tokenization.
"""

import re
from collections.abc import Iterator
from html.entities import html5
from typing import NamedTuple

_SPACES = re.compile(r"[ \t\n\f\r]*")
_BETWEEN = re.compile(r"[ \t\n\f\r/]*")
_TAG_NAME = re.compile(r"[A-Za-z][^ \t\n\f\r/>]*")
_NAME = re.compile(r"[^ \t\n\f\r/>][^ \t\n\f\r/>=]*")
"""Of an attribute; one may begin with `=`."""
_UNQUOTED = re.compile(r"[^ \t\n\f\r>]+")
_COMMENT_END = re.compile(r"--!?>")
_ABRUPT = re.compile(r"-?>")
_SCRIPT_MARK = re.compile(r"<!(?=--)|-->|</?script(?=[ \t\n\f\r/>])", re.IGNORECASE)
_TEXT_ONLY = frozenset({"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "plaintext"})
"""Elements without tags inside. `noscript` is none of them, since mail programs run no scripts."""

_REFERENCE = re.compile(r"&(?:#([xX][0-9a-fA-F]+|[0-9]+);?|([A-Za-z][A-Za-z0-9]*;?))")
_REPLACEMENT = "\ufffd"
_LARGEST_DIGITS = 7
"""Of a code point that there is, hexadecimal or decimal, without leading zeros."""
_LONGEST_NAME = max(map(len, html5))


class Attribute(NamedTuple):
    """An attribute of a start tag; the value is as it is meant, with references decoded."""

    name: str
    """In lower case."""
    value: str
    start: int
    """Where what is written of the value begins and ends, with its quotes."""
    end: int
    quote: str
    """`"`, `'`, or nothing."""


class Tag(NamedTuple):
    """A start or end tag."""

    start: int
    name: str
    """In lower case."""
    closes: bool
    attributes: tuple[Attribute, ...]


def tags_of(html: str) -> Iterator[Tag]:
    """Every tag that a browser sees, in order and in linear time; what begins and does not end is none."""
    position = 0
    while (start := html.find("<", position)) >= 0:
        after = html[start + 1 : start + 2]
        closes = after == "/"
        name = _TAG_NAME.match(html, start + 1 + closes)
        if name is None:
            position = _behind_comment(html, start) if after and after in "!?/" else start + 1
        else:
            attributes: list[Attribute] = []
            position = _behind_attributes(html, name.end(), attributes)
        if position < 0:
            return
        if name is not None:
            tag = Tag(start, name[0].lower(), closes, tuple(attributes))
            yield tag
            if not closes and tag.name in _TEXT_ONLY:
                position = _end_of_text(html, position, tag.name)
                if position < 0:
                    return


def decoded(value: str) -> str:
    """An attribute's value without character references.

    A name without its semicolon, in front of `=` or another letter or digit, is none: `?a=1&copy=2` is a query.
    """
    return _REFERENCE.sub(_meant, value)


def _behind_comment(html: str, start: int) -> int:
    """Behind a comment, or what is read as one; -1: it never ends."""
    if not html.startswith("<!--", start):
        return html.find(">", start) + 1 or -1
    end = _ABRUPT.match(html, start + 4) or _COMMENT_END.search(html, start + 4)
    return end.end() if end else -1


def _behind_attributes(html: str, position: int, found: list[Attribute]) -> int:
    """Behind the tag's `>`; -1: it never ends."""
    while True:
        position = _at(_BETWEEN, html, position)
        name = _NAME.match(html, position)
        if name is None:
            return position + 1 if position < len(html) else -1
        position = name.end()
        equals = _at(_SPACES, html, position)
        if html[equals : equals + 1] != "=":
            found.append(Attribute(name[0].lower(), "", position, position, ""))
            continue
        start = _at(_SPACES, html, equals + 1)
        quote = html[start : start + 1]
        if quote and quote in "\"'":
            position = html.find(quote, start + 1) + 1
            if position == 0:
                return -1
            written = html[start + 1 : position - 1]
        else:
            quote = ""
            position = _at(_UNQUOTED, html, start)
            written = html[start:position]
        found.append(Attribute(name[0].lower(), decoded(written), start, position, quote))


def _at(pattern: re.Pattern[str], html: str, position: int) -> int:
    """Behind what the pattern matches here, if it does."""
    match = pattern.match(html, position)
    return match.end() if match else position


def _end_of_text(html: str, position: int, name: str) -> int:
    """Where the end tag of an element begins that holds text alone; -1: it never ends."""
    if name == "plaintext":
        return -1
    if name == "script":
        return _end_of_script(html, position)
    end = re.compile(rf"</{name}(?=[ \t\n\f\r/>])", re.IGNORECASE).search(html, position)
    return end.start() if end else -1


def _end_of_script(html: str, position: int) -> int:
    """A script within a comment within a script has an end of its own."""
    is_comment = is_inner = False
    for mark in _SCRIPT_MARK.finditer(html, position):
        match mark[0].lower():
            case "<!":
                is_comment = True
            case "-->":
                is_comment = is_inner = False
            case "<script":
                is_inner = is_comment
            case _ if not is_inner:
                return mark.start()
            case _:
                is_inner = False
    return -1


def _meant(reference: re.Match[str]) -> str:
    number, name = reference.groups()
    if number is not None:
        return _character(number)
    if name in html5:
        known = name
    else:
        shorter = (name[:end] for end in range(min(len(name), _LONGEST_NAME), 1, -1))
        known = next((start for start in shorter if start in html5), "")
    rest = name[len(known) :]
    follows = rest or reference.string[reference.end() : reference.end() + 1]
    if not known or (not known.endswith(";") and (follows == "=" or (follows.isascii() and follows[:1].isalnum()))):
        return reference[0]
    return html5[known] + rest


def _character(number: str) -> str:
    """What a numeric reference stands for; 128 to 159 are those of Windows, as far as it has some."""
    digits, base = (number[1:], 16) if number[0] in "xX" else (number, 10)
    digits = digits.lstrip("0")
    code = int(digits or "0", base) if len(digits) <= _LARGEST_DIGITS else -1
    if not 0 < code < 0x110000 or 0xD800 <= code < 0xE000:
        return _REPLACEMENT
    if 0x80 <= code < 0xA0:
        return bytes([code]).decode("cp1252", "replace").replace(_REPLACEMENT, chr(code))
    return chr(code)
