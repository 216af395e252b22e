"""How a message is read before it is judged: one spelling, no ornaments, `.` where a sentence may end."""

import re
import unicodedata

from content.optout import english, spanish
from content.optout.grammar import choices
from content.optout.look_alikes import as_latin

_LANGUAGES = (english, spanish)
_FILLERS = frozenset(filler for language in _LANGUAGES for filler in choices(language.FILLERS))
_FILLER_PHRASE = re.compile(rf"\b(?:{'|'.join(sorted((f for f in _FILLERS if ' ' in f), key=len, reverse=True))})\b")
_SPELLINGS: dict[str, str] = {
    wrong: right.replace("_", " ")
    for language in _LANGUAGES
    for right, misspelt in language.SPELLINGS.items()
    for wrong in choices(misspelt)
}

_TAPBACK = re.compile(
    r"\s*(?:liked|loved|disliked|laughed at|emphasi[sz]ed|questioned|reacted\b[^\"“”]{0,20}\bto"
    r"|(?:le |me )?(?:gust[oó]|encant[oó])|reaccion[oó]\b[^\"“”]{0,20}\ba)\s+[\"“«]",
    re.IGNORECASE,
)
"""A phone's "Liked “…”": the words are ours, not the contact's."""
_WRAPPED = 50
"""A line of an email at least this long was broken by the mail program, not by its writer."""
_APOSTROPHE = re.compile(r"(?<=\w)['’‘`´ʼ](?=\w)")
_MASKED = re.compile(r"\bf[*#@_.-]{1,3}(?:c?k)")
_SPACED = re.compile(r"\b[a-z](?:[ .*_-]{1,2}[a-z]\b){3,}")
_DRAWN_OUT = re.compile(r"([a-z])\1{2,}")
_PIECE = re.compile(r"[^\W_]+|[^\w\s\"'“”«»‘’*/&_-]|(?<=\s)[-–—]+(?=\s)")
_UNSUBSCRIBE = re.compile(r"u[ns]{1,2}(?:ub|bu|u|b)?s?[uc]{0,2}(?:ri|ir|i|r)(?:be?|eb)(d|ing)?")
"""`unsubcribe`, `unsuscribe`, `unsubscirbe`, … but not `subscribe`."""
_LAUGHTER = re.compile(r"lo+l|lmf?ao|rofl|a?(?:ha){2,}h?|j?a?(?:ja|je|ji){2,}j?|[😂🤣😆😹]")


def pieces(text: str) -> list[str]:
    """Words in one spelling, and `.` for each break between sentences or clauses."""
    if _TAPBACK.match(text):
        return []
    plain = _plain(_unwrapped(text))
    if plain.strip() and not plain.strip(" .🛑\n"):
        return ["stop"] if "🛑" in plain else []
    plain = _MASKED.sub("fuck", _APOSTROPHE.sub("", plain)).replace("#", " number ")
    plain = _DRAWN_OUT.sub(r"\1", _SPACED.sub(_joined, plain))
    return [_spelled(piece) for piece in _PIECE.findall(plain)]


def sentences(found: list[str]) -> list[str]:
    """The same without words that change nothing (courtesy, curses, emphasis) and without repetitions."""
    kept = ["."]
    for word in _FILLER_PHRASE.sub("", " ".join(found)).split():
        if word not in _FILLERS and word != kept[-1]:
            kept.append(word)
    return kept if kept[-1] == "." else [*kept, "."]


def _unwrapped(text: str) -> str:
    """One line, without the lines that quote an earlier message."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(">")]
    return "".join(line + (" " if len(line) > _WRAPPED else " . ") for line in lines)


def _plain(text: str) -> str:
    """Small letters without accents; full-width, ornamental and look-alike ones as what they look like."""
    if text.isascii():
        return text.lower()
    return _bare(as_latin(_bare(text)).casefold())


def _bare(text: str) -> str:
    """Without what is written onto letters, and without what nobody sees."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if unicodedata.category(char) not in {"Mn", "Me", "Cf"})


def _joined(match: re.Match[str]) -> str:
    """`s t o p` is one word; other single letters stay apart."""
    word = re.sub(r"[ .*_-]", "", match[0])
    return word if word in {"stop", "quit", "unsubscribe", "cancel", "alto", "baja"} else match[0]


def _spelled(piece: str) -> str:
    if not piece[0].isalnum():
        return "lol" if _LAUGHTER.fullmatch(piece) else "."
    if piece in _SPELLINGS:
        return _SPELLINGS[piece]
    if misspelt := _UNSUBSCRIBE.fullmatch(piece):
        return {"d": "unsubscribed", "ing": "unsubscribing"}.get(misspelt[1], "unsubscribe")
    return "lol" if _LAUGHTER.fullmatch(piece) else piece
