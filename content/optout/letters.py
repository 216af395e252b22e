"""Letters as a reader sees them: small, without accents, look-alikes of other alphabets as what they look like."""

import re
import unicodedata

_LOOK_ALIKES = str.maketrans("авеіјкмнорсѕтухԁԛԝһӏαβεικνορτυχωаеоσς", "abeijkmhopcstyxdqwhlabeiknoptuxwaeocc")
"""Cyrillic and Greek letters, small, that look like Latin ones (Unicode TR39, confusables)."""
_FOREIGN = re.compile(r"[\u0370-\u052f]")
_LETTERS = re.compile(r"[^\W\d_]+")


def plain(text: str) -> str:
    """Small letters without accents; full-width, ornamental and look-alike ones as what they look like."""
    if text.isascii():
        return text.lower()
    # Twice, because folding may open what can be decomposed.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(char for char in folded if unicodedata.category(char) not in {"Mn", "Me", "Cf"})
    return _LETTERS.sub(_as_seen, bare) if _FOREIGN.search(bare) else bare


def _as_seen(match: re.Match[str]) -> str:
    """A word whose letters all look Latin is read as Latin; one of another alphabet stays."""
    seen = match[0].translate(_LOOK_ALIKES)
    return seen if seen.isascii() else match[0]
