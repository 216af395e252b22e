"""Is this reply an opt-out? The words that always count; wording that a reader must understand is not judged here."""

import unicodedata

_WORDS = frozenset(
    {
        # FCC, 47 CFR 64.1200(a)(10), in force since 2025-04-11: words that count per se.
        "stop",
        "quit",
        "end",
        "revoke",
        "opt out",
        "cancel",
        "unsubscribe",
        # Twilio's own keywords beyond those.
        "stopall",
        "optout",
    }
)
_POLITE = frozenset({"please", "pls", "plz", "thanks", "thx", "ty", "thank", "you"})


def opt_out_word(text: str) -> str | None:
    """The opt-out word that is the whole message, in lower case; None when it says anything else.

    Case, punctuation, quotes, emoji, spacing and words of courtesy at either end do not count.
    """
    words = _words(text)
    while words and words[0] in _POLITE:
        words.pop(0)
    while words and words[-1] in _POLITE:
        words.pop()
    said = " ".join(words)
    return said if said in _WORDS else None


def _words(text: str) -> list[str]:
    """Letters and digits; marks and invisible characters vanish, everything else separates."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(_plain(char) for char in folded).split()


def _plain(char: str) -> str:
    category = unicodedata.category(char)
    if category[0] in "LN":
        return char
    return "" if category[0] == "M" or category == "Cf" else " "
