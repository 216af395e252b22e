"""What the model is made from: templates, one file per language, spelled out here; whole replies; single messages."""

import hashlib
import random
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import NamedTuple

LANGUAGES = ("dutch", "english", "french", "german", "italian", "portuguese", "spanish")
_OF_A_TEMPLATE = 20
"""Messages made of one line."""
_OF_A_REPLY = 12
"""Messages made of one whole reply."""
_OF_A_MESSAGE = 12
"""Messages made of one single message."""
_SET_APART = 0.4
"""How many stand beside other sentences."""
_IN_A_LETTER = 0.4
"""How many of these stand among several."""
_LONGEST_LETTER = 24
"""Words that stand around a wish at most: the scorer judges so many at once that it still is among them."""
_MISSPELT = 0.2
_NAMED = re.compile(r"\{(\w+)\}")
_CHOICE = re.compile(r"\(([^()]*)\)")
_TOLD = {"en": "english", "es": "spanish"}
"""Languages of the single messages."""
_LABELS = {"optout": True, "other": False}
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Labelled(NamedTuple):
    """A message and whether it is an opt-out."""

    text: str
    opt_out: bool


class _Templates(NamedTuple):
    sets: Mapping[str, str]
    lines: Mapping[str, list[str]]


def digest() -> str:
    """Names the phrases and how they are spelled out: other phrases make another model."""
    sizes = (_OF_A_TEMPLATE, _OF_A_REPLY, _OF_A_MESSAGE, _LONGEST_LETTER)
    told = hashlib.sha256(f"{sizes} {_SET_APART} {_IN_A_LETTER} {_MISSPELT}".encode())
    for language in LANGUAGES:
        told.update((_source("phrases", language) + _source("replies", language)).encode())
    for tag in _TOLD:
        for label in ("opt_out", "not_opt_out"):
            told.update("\n".join(messages(label, tag)).encode())
    return told.hexdigest()[:16]


def labelled() -> Iterator[Labelled]:
    """Every message, the same ones in each run."""
    for language in LANGUAGES:
        templates = _read("phrases", language)
        for told, most in ((templates, _OF_A_TEMPLATE), (_read("replies", language), _OF_A_REPLY)):
            for label, opt_out in _LABELS.items():
                for line in told.lines[label]:
                    yield from _made(line, opt_out, most, templates)
    for tag, language in _TOLD.items():
        templates = _read("phrases", language)
        for label in ("opt_out", "not_opt_out"):
            for text in messages(label, tag):
                yield Labelled(text, label == "opt_out")
                yield from _made(text, label == "opt_out", _OF_A_MESSAGE, templates)


def messages(label: str, tag: str) -> list[str]:
    """The single messages that are `opt_out` or `not_opt_out`, in one language (`en`, `es`)."""
    lines = files(__package__).joinpath("told", f"{label}.{tag}.txt").read_text("utf-8").splitlines()
    return [line.replace("\\n", "\n") for line in lines if line and not line.startswith("#")]


def replies(language: str, label: str) -> list[str]:
    """The whole replies that are an `optout` or an `other`, in one language, each in one of its ways."""
    told = _read("replies", language)
    return [_spelled_out(line, told, random.Random(line)) for line in told.lines[label]]  # noqa: S311


def _source(kind: str, language: str) -> str:
    return files(__package__).joinpath(kind, f"{language}.txt").read_text("utf-8")


def _read(kind: str, language: str) -> _Templates:
    sets: dict[str, str] = {}
    lines: dict[str, list[str]] = {}
    label = ""
    for line in _source(kind, language).splitlines():
        if line.startswith("@"):
            name, _, choices = line[1:].partition(":")
            sets[name] = choices.strip()
        elif line.startswith("="):
            label = line[1:].strip()
        elif line and not line.startswith("#"):
            lines.setdefault(label, []).append(line)
    return _Templates(sets, lines)


def _made(line: str, opt_out: bool, most: int, templates: _Templates) -> Iterator[Labelled]:
    """What a template says in some of its ways; a message without choices in several spellings and surroundings."""
    chance = random.Random(line)  # noqa: S311 (the same phrases in each run, nothing secret)
    made: set[str] = set()
    for _ in range(most):
        text = _spelled_out(line, templates, chance)
        if chance.random() < _MISSPELT:
            text = _misspelt(text, chance)
        if chance.random() < _SET_APART:
            text = _among_others(text, templates, chance)
            while chance.random() < _IN_A_LETTER and len(text.split()) < _LONGEST_LETTER:
                text = _among_others(text, templates, chance)
        if text not in made:
            made.add(text)
            yield Labelled(text, opt_out)


def _spelled_out(line: str, templates: _Templates, chance: random.Random) -> str:
    text = line
    while match := _CHOICE.search(text) or _NAMED.search(text):
        choices = match[1] if match[0].startswith("(") else templates.sets[match[1]]
        text = f"{text[: match.start()]}{chance.choice(choices.split('|'))}{text[match.end() :]}"
    return " ".join(text.split()).replace("\\n", "\n")


def _among_others(text: str, templates: _Templates, chance: random.Random) -> str:
    """Beside a greeting, a closing or another sentence that is no opt-out."""
    beside = _spelled_out(chance.choice(templates.lines[chance.choice(["open", "close", "other"])]), templates, chance)
    mark = chance.choice([". ", ", ", ".\n", "! ", " "])
    return f"{beside}{mark}{text}" if chance.random() < 0.5 else f"{text}{mark}{beside}"


def _misspelt(text: str, chance: random.Random) -> str:
    """One letter is lost, doubled, swapped with the next, or another one."""
    at = chance.randrange(len(text))
    kind = chance.randrange(4)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at] + text[at:]
    if kind == 2:
        return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]
    return text[:at] + chance.choice(_LETTERS) + text[at + 1 :]
