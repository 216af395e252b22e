"""How a message is read before it is judged: one spelling, no ornaments, `.` where a sentence may end."""

import re

from content.optout import dutch, english, french, german, italian, portuguese, spanish
from content.optout.grammar import choices
from content.optout.letters import plain

BREAKS = (".", "?")
"""Where a sentence may end."""
LANGUAGES = (english, spanish, french, german, portuguese, italian, dutch)
_FILLERS = frozenset(filler for language in LANGUAGES for filler in choices(language.FILLERS))
_FILLER_PHRASE = re.compile(rf"\b(?:{'|'.join(sorted((f for f in _FILLERS if ' ' in f), key=len, reverse=True))})\b")
_SPELLINGS: dict[str, str] = {
    wrong: right.replace("_", " ")
    for language in LANGUAGES
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
_ELIDED = re.compile(r"\b([cdjlmnst]|qu|jusqu|puisqu|lorsqu|un|quest|anch|[a-z]{1,4}ll)['’‘`´ʼ](?=[aeiouyh])")
"""French and Italian: `m'écrire`, `dell'elenco`."""
_MASKED = re.compile(r"\bf[*#@_.-]{1,3}(?:c?k)")
_SPACED = re.compile(r"\b[a-z](?:[ .*_-]{1,2}[a-z]\b){3,}")
_DRAWN_OUT = re.compile(r"([a-z])\1{2,}")
_PIECE = re.compile(r"[^\W_]+|[^\w\s\"'“”«»‘’*/&_-]|(?<=\s)[-–—]+(?=\s)")
_UNSUBSCRIBE = re.compile(r"u[ns]{1,2}(?:ub|bu|u|b)?s?[uc]{0,2}(?:ri|ir|i|r)(?:be?|eb)(d|ing)?")
"""`unsubcribe`, `unsuscribe`, `unsubscirbe`, … but not `subscribe`."""
_KKK = re.compile(r"\b(?:k{3,}|(?:rs){2,})\b")
"""Laughter in Brazil."""
_LAUGHTER = re.compile(r"lo+l|lmf?ao|rofl|a?(?:ha){2,}h?|j?a?(?:ja|je|ji){2,}j?|[😂🤣😆😹]")


def pieces(text: str) -> list[str]:
    """Words in one spelling, and `.` for each break between sentences or clauses, `?` behind a question."""
    if _TAPBACK.match(text):
        return []
    read = plain(_unwrapped(text))
    if read.strip() and not read.strip(" .🛑\n"):
        return ["stop"] if "🛑" in read else []
    read = _APOSTROPHE.sub("", _ELIDED.sub(r"\1 ", read))
    read = _MASKED.sub("fuck", read).replace("#", " number ")
    read = _KKK.sub("lol", read)
    read = _DRAWN_OUT.sub(r"\1", _SPACED.sub(_joined, read))
    return [_spelled(piece) for piece in _PIECE.findall(read)]


def sentences(found: list[str]) -> list[str]:
    """Sentences without words that change nothing (courtesy, curses, emphasis) and without repetitions."""
    kept = ["."]
    for word in _FILLER_PHRASE.sub("", " ".join(found)).split():
        if word not in _FILLERS and word != kept[-1]:
            kept.append(word)
    return kept if kept[-1] in BREAKS else [*kept, "."]


def _unwrapped(text: str) -> str:
    """One line, without the lines that quote an earlier message."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(">")]
    return "".join(line + (" " if len(line) > _WRAPPED else " . ") for line in lines)


def _joined(match: re.Match[str]) -> str:
    """`s t o p` is one word; other single letters stay apart."""
    word = re.sub(r"[ .*_-]", "", match[0])
    return word if word in {"stop", "quit", "unsubscribe", "cancel", "alto", "baja"} else match[0]


def _spelled(piece: str) -> str:
    if not piece[0].isalnum():
        return "lol" if _LAUGHTER.fullmatch(piece) else "?" if piece == "?" else "."
    if piece in _SPELLINGS:
        return _SPELLINGS[piece]
    if misspelt := _UNSUBSCRIBE.fullmatch(piece):
        return {"d": "unsubscribed", "ing": "unsubscribing"}.get(misspelt[1], "unsubscribe")
    return "lol" if _LAUGHTER.fullmatch(piece) else piece
