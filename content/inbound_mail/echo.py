"""What stands word for word in what we wrote is not the contact's, however their mail program quotes it."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

_WORD = re.compile(r"\w+")
_RUN = 4
"""Words: a run of so many that stands in our text is ours, wherever lines are broken."""
_LEAST_LETTERS = 40
"""Of quoted lines in a row: nobody types so much of our text by themselves. "Please stop", which a message of ours may
tell people to answer, is shorter, and so always the contact's."""
_LONGEST = 100_000
"""Characters that are compared of a message of ours."""


def without_echo(text: str, ours: Iterable[str]) -> str:
    """The lines of a text without those in a row that one of our messages has too.

    Where the whole text would be gone it stays: whoever writes to us says something. Time is linear in the texts.
    """
    written = {run for message in ours for run in _runs(_words(message[:_LONGEST]))}
    lines = text.split("\n")
    said = [_words(line) for line in lines]
    echoed = _echoed(said, written)
    kept: list[str] = []
    for is_echo, row in groupby(range(len(lines)), key=echoed.__getitem__):
        numbers = list(row)
        if not is_echo or sum(len(word) for number in numbers for word in said[number]) < _LEAST_LETTERS:
            kept.extend(lines[number] for number in numbers)
    own = "\n".join(kept).strip()
    return own if own else text


def _echoed(said: list[list[str]], written: set[tuple[str, ...]]) -> list[bool]:
    """Of each line whether all of its words stand in a run of ours; an empty one is as the line above it."""
    stream = [word for line in said for word in line]
    covered = [False] * len(stream)
    for at, run in enumerate(_runs(stream)):
        if run in written:
            covered[at : at + _RUN] = [True] * _RUN
    found: list[bool] = []
    at = 0
    for line in said:
        found.append(all(covered[at : at + len(line)]) if line else bool(found) and found[-1])
        at += len(line)
    return found


def _runs(words: list[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(words[at:] for at in range(_RUN)), strict=False)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
