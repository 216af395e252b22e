"""Countries as people write them: a code of two or three letters, or a name in any language that a table has."""

from functools import cache

from holidays.registry import COUNTRIES
from phonenumbers import SUPPORTED_REGIONS

_AS_PEOPLE_SAY = {
    "uk": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "united states of america": "US",
    "america": "US",
    "vereinigte staaten": "US",
    "ee.uu.": "US",
    "eeuu": "US",
    "korea": "KR",
    "south korea": "KR",
    "holland": "NL",
    "the netherlands": "NL",
    "czechia": "CZ",
    "russia": "RU",
    "turkey": "TR",
    "türkiye": "TR",
    "uae": "AE",
}


def region_of(written: str) -> str | None:
    """The ISO 3166 alpha-2 code of a country that has a telephone numbering plan; None for any other text."""
    text = " ".join(written.split())
    if text.upper() in SUPPORTED_REGIONS:
        return text.upper()
    return _known().get(text.lower()) or _known().get(text.lower().replace(".", ""))


@cache
def _known() -> dict[str, str]:
    """By the name in lower case; a name that two countries have is none."""
    # 100 MB and a third of a second for each program that never reads a country's name: its package loads every place.
    from phonenumbers.geodata.locale import LOCALE_DATA

    found: dict[str, set[str]] = {}
    for region, names in LOCALE_DATA.items():
        for name in names.values():
            if region in SUPPORTED_REGIONS and not name.startswith("*"):
                found.setdefault(name.lower(), set()).add(region)
    for _, alpha_2, alpha_3, *_ in COUNTRIES.values():
        if alpha_2 in SUPPORTED_REGIONS:
            found.setdefault(alpha_3.lower(), set()).add(alpha_2)
    return {name: regions.pop() for name, regions in found.items() if len(regions) == 1} | _AS_PEOPLE_SAY
