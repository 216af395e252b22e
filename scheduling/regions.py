"""Where somebody is in law: ISO 3166 regions that a contact's own data and phone number name."""

from functools import lru_cache

import phonenumbers

from scheduling.area_codes import regions_by_area_code, subdivisions

_UNITED_STATES = frozenset({"AS", "GU", "MP", "PR", "VI"})
"""Territories with a country code of their own, to which federal law reaches (47 U.S.C. 153(58))."""


@lru_cache(maxsize=16_384)
def regions_of_phone(e164: str) -> tuple[str, ...]:
    """The regions that a number in E.164 names: its country, and in the US and Canada the states of its area code.

    A toll-free or personal number names no state, a satellite's no country.
    """
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return ()
    code = number.country_code or 0
    if code == 1 and (states := regions_by_area_code().get(e164[2:5])):
        return (states[0][:2], *states)
    # A number that no plan has assigned yet still belongs to the country of its code.
    country = phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(code)
    return _country(country) if country in phonenumbers.SUPPORTED_REGIONS else ()


def _country(code: str) -> tuple[str, ...]:
    return ("US", code) if code in _UNITED_STATES else (code,)


def stored_regions(country: str | None, state: str | None) -> tuple[str, ...]:
    """The regions that a contact's own data name: an ISO 3166 country code, and a state or province as people write it.

    Without a country, a state that only one country has names it too.
    """
    countries = (country,) if country else ("US", "CA")
    found = [region for one in countries if state and (region := subdivisions(one).get(_bare(state, one))) is not None]
    if len(found) == 1:
        return (found[0][:2], found[0])
    return _country(country) if country else ()


def _bare(state: str, country: str) -> str:
    """`Texas`, `tx`, `US-TX` and `Washington, D.C.` in the spelling of the table."""
    text = " ".join(state.lower().replace(",", " ").split())
    return text.removeprefix(f"{country.lower()}-")
