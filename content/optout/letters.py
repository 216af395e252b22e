"""Letters as a reader sees them: small, without accents, look-alikes of other alphabets as what they look like."""

import unicodedata

from content.optout.look_alikes import as_latin


def plain(text: str) -> str:
    """Small letters without accents; full-width, ornamental and look-alike ones as what they look like."""
    if text.isascii():
        return text.lower()
    return _bare(as_latin(_bare(text)).casefold())


def _bare(text: str) -> str:
    """Without what is written onto letters, and without what nobody sees."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if unicodedata.category(char) not in {"Mn", "Me", "Cf"})
