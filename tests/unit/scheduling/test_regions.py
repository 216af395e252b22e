"""Where somebody is in law: by phone number, and by what is stored."""

from importlib.resources import files

import pytest

from scheduling.area_codes import regions_by_area_code, subdivisions, table
from scheduling.regions import regions_of_phone, stored_regions


def test_the_table_of_area_codes_is_what_phonenumbers_knows() -> None:
    """Regenerate it after an update: `python -m scheduling.area_codes > scheduling/area_codes.txt`."""
    assert files("scheduling").joinpath("area_codes.txt").read_text("utf-8") == table()


def test_every_state_and_province_has_an_area_code() -> None:
    """Fifty states, the District of Columbia and thirteen provinces and territories."""
    named = {region for regions in regions_by_area_code().values() for region in regions}
    assert named == {*subdivisions("US").values(), *subdivisions("CA").values()}
    assert len(named) == 51 + 13


@pytest.mark.parametrize(
    ("number", "regions"),
    [
        ("+12145550100", ("US", "US-TX")),
        ("+13055550100", ("US", "US-FL")),
        ("+14055550100", ("US", "US-OK")),
        ("+14105550100", ("US", "US-MD")),
        ("+15035550100", ("US", "US-OR")),
        ("+18605550100", ("US", "US-CT")),
        ("+12065550100", ("US", "US-WA")),
        ("+14015550100", ("US", "US-RI")),
        ("+15045550100", ("US", "US-LA")),
        ("+12155550100", ("US", "US-PA")),
        ("+18005550100", ("US",)),
        ("+14165550100", ("CA", "CA-ON")),
        ("+19025550100", ("CA", "CA-NS", "CA-PE")),
        ("+17875550100", ("US", "PR")),
        ("+442079460000", ("GB",)),
        ("+33612345678", ("FR",)),
        ("+77011234567", ("KZ",)),
        ("+881612345678", ()),
        ("nonsense", ()),
    ],
)
def test_a_number_names_its_country_and_state(number: str, regions: tuple[str, ...]) -> None:
    """Toll-free numbers name no state, satellites no country, shared area codes both provinces."""
    assert regions_of_phone(number) == regions


@pytest.mark.parametrize(
    ("country", "state", "regions"),
    [
        ("US", "Texas", ("US", "US-TX")),
        ("US", " tx ", ("US", "US-TX")),
        ("US", "US-TX", ("US", "US-TX")),
        (None, "Ontario", ("CA", "CA-ON")),
        ("US", "Washington, D.C.", ("US", "US-DC")),
        ("US", "Bavaria", ("US",)),
        ("DE", "Bayern", ("DE",)),
        (None, "nowhere", ()),
        (None, None, ()),
        ("PR", None, ("US", "PR")),
    ],
)
def test_what_is_stored_names_regions(country: str | None, state: str | None, regions: tuple[str, ...]) -> None:
    """States as people write them; one that no list has says nothing beyond the country."""
    assert stored_regions(country, state) == regions
