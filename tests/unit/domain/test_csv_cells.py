"""Cells that a spreadsheet must not take for formulas."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.csv_cells import cell, shielded, unshielded


@given(st.text(alphabet="'=+-@\t\r\n ab1", max_size=6))
def test_what_was_shielded_comes_back(text: str) -> None:
    """Whatever the text, apostrophes of its own included, and nothing that goes out begins like a formula."""
    assert unshielded(shielded(text)) == text
    assert not shielded(text).lstrip().startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize("text", ["=1+1", "+1212", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "'=1"])
def test_what_could_be_a_formula_is_shielded(text: str) -> None:
    """Each beginning that OWASP names."""
    assert shielded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Ada", "'quoted'", "a=b", "1-2"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    """Both ways."""
    assert (shielded(text), unshielded(text)) == (text, text)


def test_lists_and_objects_are_json() -> None:
    """A program reads them back."""
    assert cell({"code": None, "to": ["Zoë"]}) == '{"code": null, "to": ["Zoë"]}'
