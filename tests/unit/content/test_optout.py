"""Words that always count as an opt-out, and nothing beyond them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.optout import opt_out_word


@pytest.mark.parametrize(
    "word", ["stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe", "stopall", "optout"]
)
@pytest.mark.parametrize(
    "form", ["{}", " {}\n", "{}.", "“{}”", "'{}'!!", "please {}", "{} please", "{}, thank you", "🛑{}🛑", "*{}*"]
)
def test_a_word_alone_counts_in_any_dress(word: str, form: str) -> None:
    """Case, punctuation, quotes, emoji and courtesy do not hide an opt-out."""
    for text in (word, word.upper(), word.title()):
        assert opt_out_word(form.format(text)) == word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("OPT-OUT", "opt out"),
        ("opt  out", "opt out"),
        ("ＳＴＯＰ", "stop"),
        ("st\u200bop", "stop"),
        ("\u202eSTOP\u202c", "stop"),
        ("STOP\ufe0f", "stop"),
        ("QUİT", "quit"),
        ("Stop pls thx", "stop"),
    ],
)
def test_disguised_letters_are_read_as_a_person_reads_them(text: str, word: str) -> None:
    """Full-width letters, invisible characters and hyphens do not hide an opt-out."""
    assert opt_out_word(text) == word


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "👍",
        "thanks",
        "thank you please",
        "don't stop",
        "Can you stop by tomorrow?",
        "non-stop",
        "stopped",
        "the end",
        "Unsubscribe my colleague, not me",
        "cancel my order",
        "start",
        "optoutt",
        "стоп",
    ],
)
def test_other_messages_are_not_judged_by_words_alone(text: str) -> None:
    """A word inside a sentence is not the whole message."""
    assert opt_out_word(text) is None


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    """Whatever arrives is answered, and the answer is a word that stands in it or None."""
    assert opt_out_word(text) in {
        None,
        "stop",
        "quit",
        "end",
        "revoke",
        "opt out",
        "cancel",
        "unsubscribe",
        "stopall",
        "optout",
    }
