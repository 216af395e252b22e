"""Addresses in their one spelling."""

import pytest

from content.addresses import is_region, normal_email, normal_phone


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        (" Ann.Lee+News@Example.COM ", "ann.lee+news@example.com"),
        ("a@müller.example", "a@xn--mller-kva.example"),
        ("a@mail.test", "a@mail.test"),
        ("o'brien@x.org", "o'brien@x.org"),
    ],
)
def test_an_email_address_has_one_spelling(text: str, stored: str) -> None:
    """Lower case, no spaces around, the domain in ASCII; and normalising again changes nothing."""
    assert normal_email(text) == stored
    assert normal_email(stored) == stored


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not-an-email",
        "a@b",
        "a@@b.com",
        "a b@c.com",
        "a@b..com",
        "Ann <ann@b.com>",
        "a@b.com,c@d.com",
        "a@b.com\nBcc: all@b.com",
        "é@b.com",
        "a" * 65 + "@b.com",
        "a@" + "b" * 250 + ".com",
    ],
)
def test_what_is_no_email_address_is_refused_with_a_reason(text: str) -> None:
    """Names, lists, line breaks and over-long addresses are refused in plain words."""
    with pytest.raises(ValueError, match=r"^[a-z].{10,}[^.]$"):
        normal_email(text)


@pytest.mark.parametrize(
    ("text", "region", "stored"),
    [
        ("(212) 555-0100", "US", "+12125550100"),
        ("1-212-555-0100", "US", "+12125550100"),
        ("+1 212 555 0100", "DE", "+12125550100"),
        ("0170 1234567", "DE", "+491701234567"),
        ("011 44 20 7946 0000", "US", "+442079460000"),
        ("+52 1 55 1234 5678", "US", "+5215512345678"),
        ("+54 11 15 2345-6789", "US", "+5491123456789"),
        ("011 15 2345-6789", "AR", "+5491123456789"),
        ("+39 06 1234 5678", "US", "+390612345678"),
    ],
)
def test_a_phone_number_has_one_spelling(text: str, region: str, stored: str) -> None:
    """E.164, with the region's country code where the number has none; and normalising again changes nothing."""
    assert normal_phone(text, region) == stored
    assert normal_phone(stored, "GB") == stored


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a phone number"),
        ("call me", "not a phone number"),
        ("12-34", "too short"),
        ("+1 212 555 0100 9999", "too long"),
        ("+52 2 55 1234 5678", "too long"),
        ("+52 1 155 123 4567 8", "too long"),
        ("5" * 300, "too long"),
        ("555-0100", "area code"),
        ("+999 123 456 789", "country code"),
        ("212 555 0100 ext. 7", "extension"),
    ],
)
def test_what_is_no_phone_number_is_refused_with_a_reason(text: str, reason: str) -> None:
    """The reason says what is missing or too much."""
    with pytest.raises(ValueError, match=reason):
        normal_phone(text, "US")


def test_regions_are_country_codes() -> None:
    """ISO 3166 alpha-2, in capitals."""
    assert is_region("US")
    assert is_region("DE")
    assert not is_region("us")
    assert not is_region("XX")
