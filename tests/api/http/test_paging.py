"""Cursors lead back to their place, and whatever else is given as one is refused."""

import base64
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.paging import Key, cursor, place
from api.http.problems import Refusal

_KEYS: dict[type[Key], st.SearchStrategy[Key]] = {
    str: st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40),
    int: st.integers(-(2**31), 2**31 - 1),
    datetime: st.datetimes(timezones=st.just(UTC)),
    UUID: st.uuids(),
}


def _of(kind: type[Key]) -> st.SearchStrategy[tuple[type[Key], Key]]:
    return st.tuples(st.just(kind), _KEYS[kind])


def _written(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@given(st.lists(st.sampled_from([*_KEYS]).flatmap(_of), min_size=1, max_size=3))
def test_a_cursor_leads_back_to_its_place(keys: list[tuple[type[Key], Key]]) -> None:
    """Whatever a list is sorted by comes back as it was, to the microsecond."""
    assert place("people", cursor("people", *(value for _, value in keys)), *(kind for kind, _ in keys)) == tuple(
        v for _, v in keys
    )


def test_without_a_cursor_the_list_begins() -> None:
    """The first part needs none."""
    assert place("people", None, UUID) is None


@pytest.mark.parametrize(
    ("after", "kinds"),
    [
        ("", (UUID,)),
        ("%%%", (UUID,)),
        ("bm90IGpzb24", (UUID,)),
        (cursor("people", 7), (UUID,)),
        (cursor("people", "7"), (int,)),
        (cursor("people", "a\0b"), (str,)),
        (_written('["people","\\ud800"]'), (str,)),
        (cursor("people", 2**31), (int,)),
        (cursor("people", 2**62), (datetime,)),
        (cursor("people", 2**99), (datetime,)),
        (cursor("people", UUID(int=7)), (UUID, UUID)),
        (cursor("letters", UUID(int=7)), (UUID,)),
        (cursor("letters", datetime(2026, 1, 1, tzinfo=UTC), UUID(int=7)), (datetime, UUID)),
        (_written('["00000000000000000000000000000007"]'), (UUID,)),
        ("W1tb" * 20_000, (UUID,)),
    ],
)
def test_what_is_no_cursor_of_the_list_is_refused(after: str, kinds: tuple[type[Key], ...]) -> None:
    """A cursor of another list, a cut one or one made up is 422, never a fault."""
    with pytest.raises(Refusal, match="no cursor"):
        place("people", after, *kinds)
