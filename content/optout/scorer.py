"""How much a message sounds like an opt-out: a linear model whose weights are a text file (see `training`).

It looks at the letters of words (so a slip, or a form that nobody listed, still counts), at words, and at the concepts
that they stand for, which are shared by all languages. Its score is a log-odds times 100.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from content.optout.concepts import concepts_of
from content.optout.normalize import BREAKS

WEIGHTS = "weights.txt"
BIAS = "bias"

_LONGEST_WINDOW = 30
"""Words that are judged together: a wish among more than these is found by itself."""
_STEP = 15
_LEAST_OF_A_CLAUSE = 3
"""Words: fewer say too little by themselves."""
_LONGEST_WORD = 24
_MOST_WORDS = 2_000
"""Whoever asks for no more messages says so before that; rules read on."""
_GRAMS = (3, 4, 5)
_REASONS = 4


class Score(NamedTuple):
    """The highest score of a part of the message."""

    points: int
    part: tuple[str, ...]

    def because(self) -> str:
        """The words of the part without which the score would fall the most, in their order."""
        words = [word for word in self.part if word not in BREAKS]
        if len(words) <= _REASONS:
            return " ".join(words)
        left = {
            at: _points([*self.part[:at], *self.part[at + 1 :]])
            for at, word in enumerate(self.part)
            if word not in BREAKS
        }
        most = sorted(sorted(left, key=lambda at: (left[at], at))[:_REASONS])
        return " ".join(self.part[at] for at in most)


def score(words: Sequence[str]) -> Score:
    """Judge a message by its most suspicious part, each among its neighbours.

    Its words come with `.` where a sentence may end and `?` behind a question.
    Time grows with its length and no faster.
    """
    return _highest(windows(words))


def score_of_a_clause(words: Sequence[str]) -> Score:
    """Judge it by its most suspicious clause alone: a wish at the end of a kind letter."""
    return _highest(_clauses(words[:_MOST_WORDS]))


def _highest(parts: Iterable[tuple[str, ...]]) -> Score:
    judged = [(_points(part), part) for part in parts]
    return Score(*max(judged, default=(_weights().get(BIAS, 0), ()), key=lambda one: one[0]))


def windows(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The parts that are judged by themselves: the whole where it is short, and each run of words of some length."""
    told = list(_without_gaps(words[:_MOST_WORDS]))
    if len(told) <= _LONGEST_WINDOW:
        if told:
            yield tuple(told)
        return
    for at in range(0, len(told) - _STEP, _STEP):
        yield tuple(told[at : at + _LONGEST_WINDOW])


def features(words: Sequence[str]) -> set[str]:
    """What the model looks at: `word`, `two words`, `~letters`, `CONCEPTS` in their order, and those of questions."""
    found: set[str] = set()
    spoken = [word[:_LONGEST_WORD] for word in words]
    for first, second in zip(["^", *spoken], [*spoken, "$"], strict=True):
        found.add(f"{first} {second}")
    for word in spoken:
        if word == ".":
            continue
        found.add(word)
        if word == "?":
            continue
        framed = f"_{word}_"
        for size in _GRAMS:
            found.update("~" + framed[at : at + size] for at in range(len(framed) - size + 1))
    for sentence, end in _sentences(spoken):
        meant = ["^", *concepts_of(sentence), "$"]
        if end == "?":
            found.update(f"{concept}?" for concept in meant[1:-1])
            found.add(f"{meant[-2]}>?")
        for at, concept in enumerate(meant[1:-1], 1):
            found.add(concept + "!")
            found.add(f"{meant[at - 1]}>{concept}")
            if at >= 2:
                found.add(f"{meant[at - 2]}>{meant[at - 1]}>{concept}")
            found.update(f"{before}..{concept}" for before in meant[max(1, at - 5) : at - 1])
        found.add(f"{meant[-2]}>$")
        if len(meant) > 2:
            found.add(f"{meant[-3]}>{meant[-2]}>$")
        if len(meant) <= 5:
            found.add(">".join(meant))
    return found


def _clauses(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for sentence, end in _sentences(words):
        for at in range(0, len(sentence), _LONGEST_WINDOW):
            if len(clause := sentence[at : at + _LONGEST_WINDOW]) >= _LEAST_OF_A_CLAUSE:
                yield (*clause, end) if end == "?" else tuple(clause)


def _without_gaps(words: Sequence[str]) -> Iterator[str]:
    """One `.` or `?` between two sentences, no `.` around them."""
    gap = False
    begun = False
    for word in words:
        if word == ".":
            gap = begun
            continue
        if word == "?":
            if begun:
                yield word
            gap = begun = False
            continue
        if gap:
            yield "."
        yield word
        gap, begun = False, True


def _sentences(words: Sequence[str]) -> Iterator[tuple[list[str], str]]:
    """Each sentence with its end."""
    sentence: list[str] = []
    for word in words:
        if word in BREAKS:
            yield sentence, word
            sentence = []
        else:
            sentence.append(word)
    yield sentence, "."


def _points(window: Sequence[str]) -> int:
    weights = _weights()
    return weights.get(BIAS, 0) + sum(weights.get(feature, 0) for feature in features(window))


@cache
def _weights() -> dict[str, int]:
    lines = files(__package__).joinpath(WEIGHTS).read_text("utf-8").splitlines()
    cells = (line.rsplit("\t", 1) for line in lines if line and not line.startswith("#"))
    return {feature: int(points) for feature, points in cells}
