"""What the fields of a contact may hold, whether a file or a program brings them."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from content.addresses import assigned_phone, normal_email
from content.countries import region_of
from scheduling.zone_names import zone_meant

LONGEST = {
    "external_id": 200,
    "name": 200,
    "email": 254,
    "phone": 64,
    "company": 200,
    "timezone": 64,
    "tags": 2000,
    "triggers": 2000,
    "status": 200,
    "assigned_to": 200,
}
"""Characters; of tags and triggers, those of all together with a separator between them."""
LONGEST_ATTRIBUTE = 10_000
SEPARATOR = ";"
"""Between the tags, and between the triggers, of one cell."""

_NOT_UTF8 = re.compile("[\ud800-\udfff]")
"""Halves of surrogate pairs: what the decoder leaves in the place of bytes that are not UTF-8."""
_LINE_BREAK = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")  # what str.splitlines, and so a mail header, breaks at
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f]")


def ill_formed(values: Mapping[str, str], attributes: Mapping[str, str]) -> list[str]:
    """Why some of these values cannot be stored.

    What the engine knows fits on one line, since it may come to stand in a message's header; an attribute may
    have several, as text from a spreadsheet has.
    """
    reasons = []
    known = [(name, value, LONGEST.get(name, LONGEST_ATTRIBUTE), False) for name, value in values.items()]
    further = [(name, value, LONGEST_ATTRIBUTE, True) for name, value in attributes.items()]
    for name, value, longest, may_break in (*known, *further):
        if len(value) > longest:
            reasons.append(f"{name}: {len(value)} characters, more than {longest}")
        if _NOT_UTF8.search(value):
            reasons.append(f"{name}: it is not UTF-8; save the file as CSV UTF-8, or name its encoding")
        if _LINE_BREAK.search(value) and not may_break:
            reasons.append(f"{name}: it has a line break")
        if _CONTROL.search(value):
            reasons.append(f"{name}: it has a control character")
    return reasons


def words_of(cell: str) -> tuple[str, ...]:
    """The tags, or triggers, of one cell, each once, in their order.

    Between them stand semicolons; where there is none, commas or the `:::` of Google's contacts. What stands in quotes
    is one of them, whatever signs it has.
    """
    for sign in (SEPARATOR, ":::", ","):
        parts = _parts(cell, sign)
        if len(parts) > 1 or sign == ",":
            break
    return tuple(dict.fromkeys(word for part in parts if (word := _unquoted(part.strip()))))


def cell_of(words: Sequence[str]) -> str:
    """The cell that `words_of` reads as these words."""
    return SEPARATOR.join(
        '"' + word.replace('"', '""') + '"' if any(sign in word for sign in (",", ":::", '"')) else word
        for word in words
    )


def _parts(cell: str, sign: str) -> list[str]:
    quoted = rf'\s*"(?:[^"]|"")*"\s*(?={sign}|\Z)'
    return re.findall(rf"(?:\A|{sign})({quoted}|(?:(?!{sign}).)*)", cell, re.DOTALL)


def _unquoted(word: str) -> str:
    quoted = re.fullmatch(r'"((?:[^"]|"")*)"', word, re.DOTALL)
    return quoted[1].replace('""', '"').strip() if quoted else word


def is_one_line(text: str) -> bool:
    """Whether it is text that can be stored and shown on one line."""
    return not any(pattern.search(text) for pattern in (_NOT_UTF8, _LINE_BREAK, _CONTROL))


def showable(text: str) -> str:
    """The text on one line, with a sign in the place of whatever cannot be shown."""
    return _CONTROL.sub(" ", _LINE_BREAK.sub(" ", _NOT_UTF8.sub("\ufffd", text)))


class Reached(NamedTuple):
    """Where and when a contact is reached, in the spellings that are stored."""

    email: str | None
    phone: str | None
    timezone: str | None
    wrong: list[str]
    """What cannot be stored, and why."""


def reached(email: str | None, phone: str | None, timezone: str | None, region: str) -> Reached:
    """Each in its one spelling; a time zone by its IANA name, whichever of its usual names was written."""
    wrong = []
    normal: dict[str, str | None] = {"email": None, "phone": None}
    for name, written in (("email", email), ("phone", phone)):
        if written:
            try:
                normal[name] = normal_email(written) if name == "email" else assigned_phone(written, region)
            except ValueError as error:
                wrong.append(f"{name}: {error}")
    zone = zone_meant(timezone) if timezone else None
    if timezone and zone is None:
        wrong.append("timezone: it is no IANA name such as America/New_York")
    return Reached(normal["email"], normal["phone"], zone, wrong)


def region_for(country: str | None, default: str) -> str:
    """By whose plan a phone number without a country code is read: the contact's own country's, where it is known."""
    return (region_of(country) if country else None) or default
