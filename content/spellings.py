"""Numbers that one phone answers to in two spellings: networks and WhatsApp name it differently from how it was given.

`address_spellings` in the database is the same table, for addresses that are columns; a test holds the two together.
"""

import re
from collections.abc import Iterable

_RULES = (
    # Mexico: until 2019 a mobile number had a 1 behind the country code, and WhatsApp still has it.
    (r"^\+52([2-9][0-9]{9})$", r"+521\1"),
    (r"^\+521([2-9][0-9]{9})$", r"+52\1"),
    # Argentina: a 9 says that it is a mobile phone that is called from abroad; the ten digits are one subscriber's.
    (r"^\+54([1-8][0-9]{9})$", r"+549\1"),
    (r"^\+549([1-8][0-9]{9})$", r"+54\1"),
    # Brazil: mobile numbers got a ninth digit until 2016. Landlines begin with 2 to 5, so they have one spelling.
    (r"^\+55([1-9]{2})([6-9][0-9]{7})$", r"+55\g<1>9\2"),
    (r"^\+55([1-9]{2})9([6-9][0-9]{7})$", r"+55\1\2"),
    # Benin: since 30 November 2024 each number begins with 01.
    (r"^\+229([2-9][0-9]{7})$", r"+22901\1"),
    (r"^\+22901([2-9][0-9]{7})$", r"+229\1"),
    # Ivory Coast: since 31 January 2021 a mobile number begins with its network's two digits, which its old second
    # digit names.
    (r"^\+225([04-9][0-3][0-9]{6})$", r"+22501\1"),
    (r"^\+225([04-9][4-6][0-9]{6})$", r"+22505\1"),
    (r"^\+225([04-9][7-9][0-9]{6})$", r"+22507\1"),
    (r"^\+225(?:01([04-9][0-3][0-9]{6})|05([04-9][4-6][0-9]{6})|07([04-9][7-9][0-9]{6}))$", r"+225\1\2\3"),
)
_COMPILED = tuple((re.compile(pattern, re.ASCII), other) for pattern, other in _RULES)


def spellings(address: str) -> tuple[str, ...]:
    """An address, and the other way in which the same phone is written, if there is one.

    E.164 in and out; an email address, or whatever else is no such number, has one spelling.
    """
    for pattern, other in _COMPILED:
        found = pattern.match(address)
        if found:
            return address, found.expand(other)
    return (address,)


def all_spellings(addresses: Iterable[str]) -> list[str]:
    """Every spelling of each, once, in order: what rows of whatever spelling are found by."""
    return sorted({spelling for address in addresses for spelling in spellings(address)})


def identity(address: str) -> str:
    """What is the same for every spelling of a phone, to be compared and never to be written to."""
    return max(spellings(address), key=lambda spelling: (len(spelling), spelling))
