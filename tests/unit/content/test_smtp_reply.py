"""What mail servers say: of each labelled reply, whether it suppresses the address, passes, or speaks of us."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from content.smtp_reply import Meaning, judge

_REPLIES = Path(__file__).parent / "smtp_replies"


class Reply(NamedTuple):
    """One row."""

    meaning: Meaning
    status: str
    words: str


def replies(name: str) -> list[Reply]:
    """The labelled rows of a file."""
    lines = (_REPLIES / f"{name}.txt").read_text("utf-8").splitlines()
    rows = [line.split("|", 2) for line in lines if line and not line.startswith("#")]
    return [Reply(Meaning[meaning.strip().upper()], status.strip(), words.strip()) for meaning, status, words in rows]


def _wrong(rows: list[Reply]) -> list[tuple[str, str, str]]:
    judged = [(reply, judge(reply.words, reply.status).meaning) for reply in rows]
    return [
        (reply.meaning.name, meaning.name, reply.words) for reply, meaning in judged if meaning is not reply.meaning
    ]


def test_the_rows_cover_every_meaning() -> None:
    """Figures over fewer rows would mean little."""
    counted = Counter(reply.meaning for reply in replies("replies") + replies("held_out"))
    assert min(counted[m] for m in (Meaning.GONE, Meaning.LATER, Meaning.SENDER)) >= 30
    assert set(counted) == set(Meaning)


@pytest.mark.parametrize("reply", replies("replies"), ids=lambda reply: reply.words[:60])
def test_a_known_reply_is_understood(reply: Reply) -> None:
    """By its words, and by its code where they say nothing."""
    assert judge(reply.words, reply.status).meaning is reply.meaning


def test_replies_that_the_rules_were_not_made_for_are_understood_nearly_as_well() -> None:
    """A list of phrases that only knows its own examples fails here."""
    rows = replies("held_out")
    wrong = _wrong(rows)
    assert len(wrong) <= 0.1 * len(rows), wrong


def test_what_is_not_said_of_the_mailbox_bars_nobody() -> None:
    """Whatever else a reply is taken for: only one that says that the mailbox is dead counts as that."""
    wrong = _wrong(replies("replies") + replies("held_out"))
    assert [row for row in wrong if row[1] == Meaning.GONE.name] == []


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        ("550 5.7.1 IP address blacklisted by recipient", "5.1.1", "5.7.1"),
        ("452 try later", "5.1.1", "4.1.1"),
        ("552 5.2.2 over quota", "5.0.0", "5.2.2"),
        ("550 no such user", "", "5.0.0"),
        ("550-5.2.1 receiving mail at a rate that 550-5.2.1 prevents more", "5.2.1", "5.2.1"),
        ("host mx.example.com [192.0.2.15]: 550 no", "5.1.2", "5.1.2"),
        ("", "", ""),
    ],
)
def test_the_code_in_the_words_counts(words: str, status: str, code: str) -> None:
    """The receiver said it; the stated one is what somebody on the way made of it."""
    assert judge(words, status).code == code


def test_names_say_nothing() -> None:
    """A host or an address may be called anything."""
    assert (
        judge("host mx.spf.example.com said: 550 <dmarc@reputation.example.com>: user unknown").meaning is Meaning.GONE
    )
