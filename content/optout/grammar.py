"""Phrase rules: a notation that reads like the phrases, compiled to bounded patterns and found by their first word.

A rule is a line of elements. `stop|quit` is one word or the other; `do_not` is two words in one element; `[with]` may
be absent; `CAPITALS` is a named set of words; `*` is any one word and `..` up to three. `^` is where a sentence begins,
`$` where it ends, `/` where it ends or a word follows that begins a new one (people leave out the full stop).
`.` is a break between sentences that the rule reaches across.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

Kind = TypeVar("Kind")

_MARKS = {"^": r"(?<=\. )", "$": r"(?=\. )", "*": r"[^ .]+ ", "..": r"(?:[^ .]+ ){0,3}?", ".": r"\. "}


class Found(NamedTuple, Generic[Kind]):
    """A rule's kind, the words that it matched, and their places among all."""

    kind: Kind
    words: str
    begin: int
    end: int


class Language(NamedTuple):
    """What the rules of one language refer to."""

    words: Mapping[str, str]
    """Named sets, each written like an element: `texts|emails`."""
    openers: str
    """Words that begin a new sentence where `/` stands."""


class Grammar(Generic[Kind]):
    """Rules in their order: at each word the first that fits is taken, and reading goes on behind it."""

    def __init__(self) -> None:
        self._by_word: dict[str, list[tuple[Kind, re.Pattern[str]]]] = defaultdict(list)

    def add(self, language: Language, blocks: Iterable[tuple[Kind, str]]) -> None:
        """Add the rules of a language. A rule begins with a word, not with a choice that may be absent."""
        for kind, block in blocks:
            for line in block.split("\n"):
                if elements := line.split():
                    self._add(language, kind, elements)

    def find(self, words: Sequence[str]) -> list[Found[Kind]]:
        """Every phrase in a text, in its order; time grows with the text's length and no faster."""
        text = " ".join(words).replace("?", ".") + " "
        found: list[Found[Kind]] = []
        at = end = 0
        for number, word in enumerate(words):
            if at >= end:
                for kind, pattern in self._by_word.get(word, ()):
                    if match := pattern.match(text, at):
                        found.append(Found(kind, match[0].strip(" ."), number, number + len(match[0].split())))
                        end = match.end()
                        break
            at += len(word) + 1
        return found

    def _add(self, language: Language, kind: Kind, elements: list[str]) -> None:
        pattern = re.compile("".join(_pattern(element, language) for element in elements))
        first = elements[1] if elements[0] == "^" else elements[0]
        for word in dict.fromkeys(choice.split()[0] for choice in _choices(first, language)):
            self._by_word[word].append((kind, pattern))


def _pattern(element: str, language: Language) -> str:
    if element in _MARKS:
        return _MARKS[element]
    if element == "/":
        return f"(?=(?:{'|'.join(_choices(language.openers, language))}|[.]) )"
    if element.startswith("["):
        return f"(?:{_pattern(element[1:-1], language)})?"
    return f"(?:{'|'.join(_choices(element, language))}) "


def _choices(element: str, language: Language) -> list[str]:
    """The alternatives of an element, named sets spelled out, longer ones first so that none hides another."""
    spelled: set[str] = set()
    for choice in choices(element):
        spelled.update(_choices(language.words[choice], language) if choice.isupper() else [choice])
    return sorted(spelled, key=lambda choice: (-len(choice), choice))


def choices(element: str) -> list[str]:
    """`stop|do_not` as the words that it stands for."""
    return [choice.replace("_", " ") for choice in element.split("|")]
