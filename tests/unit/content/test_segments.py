"""Sizes on the wire, as 3GPP TS 23.038 counts them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.segments import segments


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count"),
    [
        ("", "gsm-7", 0, 1),
        ("a" * 160, "gsm-7", 160, 1),
        ("a" * 161, "gsm-7", 161, 2),
        ("a" * 306, "gsm-7", 306, 2),
        ("a" * 307, "gsm-7", 307, 3),
        ("€" * 80, "gsm-7", 160, 1),
        ("€" * 81, "gsm-7", 162, 2),
        ("a" * 159 + "€", "gsm-7", 161, 2),
        ("à la carte\r\n", "gsm-7", 12, 1),
        ("ы" * 70, "ucs-2", 70, 1),
        ("ы" * 71, "ucs-2", 71, 2),
        ("ы" * 134, "ucs-2", 134, 2),
        ("ы" * 135, "ucs-2", 135, 3),
        ("👋" * 35, "ucs-2", 70, 1),
        ("a" * 160 + "’", "ucs-2", 161, 3),
    ],
)
def test_lengths_at_the_limits(text: str, encoding: str, units: int, count: int) -> None:
    """160 or 70 fit alone, 153 or 67 each when joined; escapes and surrogate pairs count twice."""
    assert segments(text) == (encoding, units, count)


def test_an_escaped_character_is_not_torn() -> None:
    """Where an escape would straddle two segments, the first is left one septet short."""
    assert segments("a" * 152 + "€" + "a" * 152).parts == 3
    assert segments("a" * 153 + "€" + "a" * 151).parts == 2


def test_a_surrogate_pair_is_not_torn() -> None:
    """Where an emoji would straddle two segments, the first is left one unit short."""
    assert segments("ы" * 66 + "👋" + "ы" * 66).parts == 3


@given(st.text(max_size=400), st.text(max_size=50))
def test_more_text_never_takes_fewer_segments(text: str, more: str) -> None:
    """Counting is monotonic."""
    assert segments(text + more).parts >= segments(text).parts
