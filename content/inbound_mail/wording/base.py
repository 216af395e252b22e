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
    months: str = ""
    """The names of January to December, `|` between several forms; empty: `dateparser` knows them."""
    until_behind: str = ""
    """Right behind the last day of an absence, in languages that say it there."""
    spaced: bool = True
    """Whether words stand apart: Chinese and Japanese ones do not."""

    @property
    def edge(self) -> str:
        """Where a word begins or ends."""
        return r"\b" if self.spaced else ""

    @cached_property
    def is_subject(self) -> re.Pattern[str]:
        """Matches the beginning of a subject, behind a tag like `[EXTERNAL]`."""
        return re.compile(rf"(?:\[[^\]]{{0,30}}\]|[^\w\[])*{phrases(self.subject)}")

    @cached_property
    def is_declared(self) -> re.Pattern[str]:
        """Finds a declaration."""
        return re.compile(rf"{self.edge}{phrases(self.declared)}")

    @cached_property
    def is_absent(self) -> re.Pattern[str]:
        """Finds an absence: "I am … away", with a few words in between, or "away" as the first word of all."""
        words = r"\s(?:\S*[^\s.!?;¶]\s|[\d.]+\s){0,9}?" if self.spaced else ""
        return re.compile(rf"(?:{self.edge}{phrases(self.being)}{words}|^\W*){phrases(self.away)}")

    @cached_property
    def is_usual(self) -> re.Pattern[str]:
        """Finds each usual turn."""
        return re.compile(rf"{self.edge}{phrases(self.usual)}")

    @cached_property
    def is_personal(self) -> re.Pattern[str]:
        """Finds each personal turn."""
        ends = r"(?!\w)" if self.spaced else ""
        return re.compile(rf"{self.edge}{phrases(self.personal)}{ends}")

    @cached_property
    def says_back(self) -> re.Pattern[str]:
        """Finds a return."""
        return re.compile(rf"{self.edge}{phrases(self.back)}{self.edge}")

    @cached_property
    def says_until(self) -> re.Pattern[str]:
        """Finds an end."""
        return re.compile(rf"{self.edge}{phrases(self.until)}{self.edge}")

    @cached_property
    def ends_behind(self) -> re.Pattern[str]:
        """Matches what stands right behind the last day of an absence."""
        return re.compile(phrases(self.until_behind))

    @cached_property
    def says_not_yet(self) -> re.Pattern[str]:
        """Finds a negation."""
        return re.compile(rf"{self.edge}{phrases(self.not_yet)}{self.edge}")


def phrases(block: str) -> str:
    """The phrases of a block as one group, in the spelling of `folded`; it matches nothing when the block is empty.

    A backslash at the end of a line carries a phrase on to the next one.
    """
    plain = re.sub(r"\\\n\s*", "", _unaccented(block))
    listed = [phrase.strip() for line in plain.splitlines() for phrase in line.split(" | ") if phrase.strip()]
    if not listed:
        return "(?!)"
    return f"(?:{'|'.join(listed)})"


_PLAIN = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "–": "-", "—": "-"})


def folded(text: str) -> str:
    """Small letters without accents, plain apostrophes and dashes; lines joined, paragraphs kept apart by `¶`."""
    paragraphs = re.sub(r"[^\S\n]*\n(?:[^\S\n]*\n)+", " ¶ ", text.translate(_PLAIN))
    return _unaccented(" ".join(paragraphs.split()).casefold())


def _unaccented(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    return "".join(char for char in plain if not unicodedata.combining(char))
