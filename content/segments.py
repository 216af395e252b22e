"""How many SMS segments a text takes (3GPP TS 23.038): GSM-7 where every character fits, else UCS-2."""

from typing import Literal, NamedTuple

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = frozenset("\f^{}\\[~]|€")
_LIMITS = {"gsm-7": (160, 153), "ucs-2": (70, 67)}
"""Units that fit a lone segment, and each of several: joining takes six octets of header."""


class Segments(NamedTuple):
    """The size of a text on the wire: `units` are septets (GSM-7) or 16-bit code units (UCS-2)."""

    encoding: Literal["gsm-7", "ucs-2"]
    units: int
    parts: int


def segments(text: str) -> Segments:
    """Measure a text; an empty one takes one segment."""
    encoding: Literal["gsm-7", "ucs-2"]
    if _BASIC.union(_ESCAPED).issuperset(text):
        encoding, sizes = "gsm-7", [2 if char in _ESCAPED else 1 for char in text]
    else:
        encoding, sizes = "ucs-2", [2 if ord(char) > 0xFFFF else 1 for char in text]
    alone, joined = _LIMITS[encoding]
    units = sum(sizes)
    return Segments(encoding, units, 1 if units <= alone else _parts(sizes, joined))


def _parts(sizes: list[int], limit: int) -> int:
    """Fill segments in order: an escape or a surrogate pair is never torn over two of them."""
    count, used = 1, 0
    for size in sizes:
        if used + size > limit:
            count, used = count + 1, 0
        used += size
    return count
