"""How the wording of automatic replies is written down, and the spelling in which it is looked for."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Wording:
    """One language's phrases, as regular expressions over `folded` text, one to a line or separated by ` | `.

    They begin where a word begins; those that must also end where one ends say so with `\\b`.
    """

    subject: str
    """How the subject of an automatic reply begins."""
    declared: str
    """It says so itself."""
    being: str
    away: str
    """Together: its writer is away, now or from now on; never what is past."""
    usual: str
    """What such letters go on to say."""
    personal: str
    """What only somebody says who has read our message. Whole words."""
    until: str
    """Before the last day of an absence. Whole words, as the ones below."""
    back: str
    """Near the first day back."""
    not_yet: str
    """Makes that day one of return: "not back until Monday"."""
    weekdays: str
    """Monday to Sunday."""
    tomorrow: str

    @cached_property
    def is_subject(self) -> re.Pattern[str]:
        """Matches the beginning of a subject, behind a tag like `[EXTERNAL]`."""
        return re.compile(rf"(?:\[[^\]]{{0,30}}\]|[^\w\[])*{phrases(self.subject)}")

    @cached_property
    def is_declared(self) -> re.Pattern[str]:
        """Finds a declaration."""
        return re.compile(rf"\b{phrases(self.declared)}")

    @cached_property
    def is_absent(self) -> re.Pattern[str]:
        """Finds an absence: "I am … away", with a few words in between, or "away" as the first word of all."""
        words = r"(?:\S*[^\s.!?;¶]\s|[\d.]+\s){0,9}?"
        return re.compile(rf"(?:\b{phrases(self.being)}\s{words}|^\W*){phrases(self.away)}")

    @cached_property
    def is_usual(self) -> re.Pattern[str]:
        """Finds each usual turn."""
        return re.compile(rf"\b{phrases(self.usual)}")

    @cached_property
    def is_personal(self) -> re.Pattern[str]:
        """Finds each personal turn."""
        return re.compile(rf"\b{phrases(self.personal)}(?!\w)")

    @cached_property
    def says_back(self) -> re.Pattern[str]:
        """Finds a return."""
        return re.compile(rf"\b{phrases(self.back)}\b")

    @cached_property
    def says_until(self) -> re.Pattern[str]:
        """Finds an end."""
        return re.compile(rf"\b{phrases(self.until)}\b")

    @cached_property
    def says_not_yet(self) -> re.Pattern[str]:
        """Finds a negation."""
        return re.compile(rf"\b{phrases(self.not_yet)}\b")


def phrases(block: str) -> str:
    """The phrases of a block as one group."""
    listed = [phrase.strip() for line in block.splitlines() for phrase in line.split(" | ") if phrase.strip()]
    return f"(?:{'|'.join(listed)})"


_PLAIN = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "–": "-", "—": "-"})


def folded(text: str) -> str:
    """Small letters without accents, plain apostrophes and dashes; lines joined, paragraphs kept apart by `¶`."""
    paragraphs = re.sub(r"[^\S\n]*\n(?:[^\S\n]*\n)+", " ¶ ", text.translate(_PLAIN))
    plain = unicodedata.normalize("NFKD", " ".join(paragraphs.split()).casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))
