"""Numbers that one phone answers to in two spellings."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType

from content.spellings import all_spellings, identity, spellings

PAIRS = (
    ("+525512345678", "+5215512345678"),
    ("+541123456789", "+5491123456789"),
    ("+542966123456", "+5492966123456"),
    ("+558488123477", "+5584988123477"),
    ("+551176543210", "+5511976543210"),
    ("+22997123456", "+2290197123456"),
    ("+22507123456", "+2250707123456"),
    ("+22544123456", "+2250544123456"),
    ("+22501123456", "+2250101123456"),
)
ALONE = (
    "+551134567890",  # a landline of São Paulo
    "+5511934567890",  # a mobile number whose eight digits would be somebody's landline
    "+390612345678",
    "+39612345678",
    "+12125550144",
    "+2252720123456",  # a landline of the Ivory Coast
    "+2250544123",
    "+5255123456",
    "ann@acme.example",
    "40404",
    "",
)


def example_of(region: str, kind: int) -> str:
    """A number of that kind, in E.164."""
    example = phonenumbers.example_number_for_type(region, kind)
    assert example is not None
    return phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)


@pytest.mark.parametrize("pair", PAIRS)
def test_two_spellings_of_a_phone_name_each_other(pair: tuple[str, str]) -> None:
    """Either is found by either, and both are the same one to whoever compares."""
    one, other = pair
    assert (spellings(one), spellings(other)) == ((one, other), (other, one))
    assert identity(one) == identity(other)
    assert all_spellings([one]) == sorted(pair)


@pytest.mark.parametrize("address", ALONE)
def test_whatever_else_has_one_spelling(address: str) -> None:
    """Landlines, other countries, Italy's zero, and what is no number."""
    assert spellings(address) == (address,)
    assert identity(address) == address


@given(st.from_regex(r"\+(52|54|55|229|225|39|1)[0-9]{7,11}", fullmatch=True))
def test_spellings_are_mutual(address: str) -> None:
    """Whatever the number: each of its spellings has the same ones, so nobody is two people."""
    found = set(spellings(address))
    assert all(set(spellings(one)) == found for one in found)
    assert len({identity(one) for one in found}) == 1


@pytest.mark.parametrize("region", ["MX", "AR", "BR", "BJ"])
def test_the_mobile_numbers_of_these_countries_have_another_spelling(region: str) -> None:
    """As the numbering plan's own example of a mobile number shows."""
    assert len(spellings(example_of(region, PhoneNumberType.MOBILE))) == 2


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS - {"MX", "AR", "BR", "BJ", "CI"}))
def test_no_two_numbers_of_a_plan_are_taken_for_one(region: str) -> None:
    """Elsewhere the examples of every kind of number have one spelling."""
    for kind in PhoneNumberType.values():
        if (example := phonenumbers.example_number_for_type(region, kind)) is not None:
            written = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
            assert spellings(written) == (written,)


@pytest.mark.parametrize("region", ["MX", "BR", "BJ", "CI"])
def test_the_landlines_of_these_countries_are_not_taken_for_mobile_phones(region: str) -> None:
    """The other spelling of a valid number is no valid number; in Argentina both are one subscriber's."""
    for kind in (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE):
        others = [phonenumbers.parse(one) for one in spellings(example_of(region, kind))[1:]]
        assert not any(phonenumbers.is_valid_number(one) for one in others)
