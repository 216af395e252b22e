"""Where an author's words end and the signature begins."""

import re

from content.optout import OptOutKind, judge

_DELIMITER = re.compile(r"--|_{5,}|-{10,}")
_SENT_FROM = re.compile(
    r"(?:sent|get|gesendet|von meinem|diese nachricht wurde|enviado|envoyé|télécharge|obtener|obter|inviato)\b"
    r".{0,60}\b(?:iphone|ipad|android|outlook|yahoo|proton|samsung|galaxy|handy|mobile|móvil|celular|gmx|web\.de|aol)"
    r"\b.{0,60}",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:(?:(?:with )?(?:best|kind|warm|kindest|many)\s)?(?:regards|wishes)|(?:all the )?best|cheers"
    r"|sincerely(?: yours)?|yours(?: truly| sincerely| faithfully)?"
    r"|(?:many )?thanks(?: again| and regards)?|thank you|thx"
    r"|(?:mit )?(?:freundlich|best|herzlich|lieb|schön|viel)\w*\s(?:grüßen?|grüssen?|gruß|gruss|dank)"
    r"|mfg|lg|vg|danke|gruß|gruss|grüße"
    r"|(?:(?:un |cordial |atento )*saludos?)(?: cordiales)?|atentamente|(?:muchas )?gracias|cordialmente"
    r"|(?:bien )?cordialement|(?:sincères |meilleures )?salutations|merci(?: beaucoup)?|bien à vous|bonne journée"
    r"|atenciosamente|abraços?|(?:muito )?obrigad[oa]|(?:melhores )?cumprimentos)\s?[,.!]*",
    re.IGNORECASE,
)
_CONFIDENTIAL = re.compile(r"confidential|vertraulich|confidencial|confidentiel|intended recipient", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d_a-zà-ÿ][\w.'’-]*(?:\s[\w.'’&,-]+){0,4}")
_SENTENCE = re.compile(r".*[?!]|(?:\S+\s+){6,}\S+[.]")
_MOST_LINES = 12
_LONGEST_CLOSING = 40
_LONGEST_LINE = 1_000
"""Characters; what is longer names nobody's post or telephone number."""
_LOWEST = 50
"""A closing formula stands among this many last lines."""


def without_signature(lines: list[str]) -> list[str]:
    """Up to the delimiter (`-- `, RFC 3676 4.3), or to a closing formula that only a name and its particulars follow.

    Doubt leaves the lines in: better a telephone number too many than a "please stop" too few.
    """
    # Nothing is signed before it was said: what stands below a divider at the top is the message.
    begins = next((number for number, line in enumerate(lines) if line and not _DELIMITER.fullmatch(line)), 0)
    end = next((n for n in range(begins, len(lines)) if _DELIMITER.fullmatch(lines[n])), len(lines))
    lines = [line for line in lines[begins:end] if not _SENT_FROM.fullmatch(line)]
    first = next((number for number, line in enumerate(lines) if line), 0)
    for number in range(max(first + 1, len(lines) - _LOWEST), len(lines)):
        closes = len(lines[number]) <= _LONGEST_CLOSING and _CLOSING.fullmatch(lines[number])
        if closes and _particulars([line for line in lines[number + 1 :] if line]):
            return lines[:number]
    return lines


def above_signature(text: str) -> str | None:
    """What stands above a closing formula with a name below it; None where there is none, or nothing above.

    Looser than `without_signature`: whatever follows the name.
    """
    lines = [line.strip() for line in text.split("\n")]
    first = next((number for number, line in enumerate(lines) if line), 0)
    for number in range(first + 1, len(lines) - 1):
        if len(lines[number]) <= _LONGEST_CLOSING and _CLOSING.fullmatch(lines[number]):
            below = next(line for line in [*lines[number + 1 :], ""] if line or number == len(lines) - 1)
            if below and len(below) <= _LONGEST_CLOSING and _NAME.fullmatch(below):
                return "\n".join(lines[:number])
    return None


def _particulars(tail: list[str]) -> bool:
    """Whether these lines are a name, a post, a telephone number … and no further words to us."""
    for number, line in enumerate(tail):
        if len(line) > 100 and _CONFIDENTIAL.search(line):
            tail = tail[:number]
            break
    if not tail:
        return True
    if len(tail) > _MOST_LINES or any(len(line) > _LONGEST_LINE for line in tail):
        return False
    if not _NAME.fullmatch(tail[0]) or any(_SENTENCE.fullmatch(line) for line in tail):
        return False
    return judge("\n".join(tail)).kind is OptOutKind.NONE
