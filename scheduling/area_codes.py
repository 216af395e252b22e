"""Which state or province an area code of the North American plan belongs to, as a table that ships with us.

phonenumbers knows the same, in a package of geography that takes 100 MB in every process; `python -m
scheduling.area_codes` makes the table from it, and a test says when it has drifted.
"""

import sys
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_TABLE = "area_codes.txt"

_STATES = """
AL Alabama;AK Alaska;AZ Arizona;AR Arkansas;CA California;CO Colorado;CT Connecticut;DE Delaware;DC Washington D.C.;
FL Florida;GA Georgia;HI Hawaii;ID Idaho;IL Illinois;IN Indiana;IA Iowa;KS Kansas;KY Kentucky;LA Louisiana;ME Maine;
MD Maryland;MA Massachusetts;MI Michigan;MN Minnesota;MS Mississippi;MO Missouri;MT Montana;NE Nebraska;NV Nevada;
NH New Hampshire;NJ New Jersey;NM New Mexico;NY New York;NC North Carolina;ND North Dakota;OH Ohio;OK Oklahoma;
OR Oregon;PA Pennsylvania;RI Rhode Island;SC South Carolina;SD South Dakota;TN Tennessee;TX Texas;UT Utah;VT Vermont;
VA Virginia;WA Washington;WV West Virginia;WI Wisconsin;WY Wyoming
"""
_PROVINCES = """
AB Alberta;BC British Columbia;MB Manitoba;NB New Brunswick;NL Newfoundland and Labrador;NS Nova Scotia;
NT Northwest Territories;NU Nunavut;ON Ontario;PE Prince Edward Island;QC Quebec;SK Saskatchewan;YT Yukon
"""


@cache
def subdivisions(country: str) -> Mapping[str, str]:
    """ISO 3166-2 codes (`US-TX`) by lower-case name and by bare code, of US or CA; empty for another country."""
    listed = {"US": _STATES, "CA": _PROVINCES}.get(country, "")
    pairs = [entry.split(" ", 1) for entry in listed.replace("\n", "").split(";") if entry]
    return {spelled.lower(): f"{country}-{code}" for code, name in pairs for spelled in (code, name)}


@cache
def regions_by_area_code() -> Mapping[str, tuple[str, ...]]:
    """ISO 3166-2 codes by area code (three digits); more than one where provinces share it."""
    lines = files(__package__).joinpath(_TABLE).read_text("utf-8").splitlines()
    found: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        region, _, codes = line.partition(" ")
        for code in codes.split():
            found[code].append(region)
    return {code: tuple(regions) for code, regions in found.items()}


def table() -> str:
    """The table's text, made from phonenumbers' geography: a line for each region, with its area codes."""
    from phonenumbers.geodata import GEOCODE_DATA  # 100 MB, for whoever makes the table alone

    names = {**subdivisions("CA"), **subdivisions("US"), "washington state": "US-WA", "british colombia": "CA-BC"}
    codes: dict[str, set[str]] = defaultdict(set)
    for code in {prefix[1:4] for prefix in GEOCODE_DATA if prefix.startswith("1") and len(prefix) >= 4}:
        whole = GEOCODE_DATA.get(f"1{code}", {}).get("en")
        places = (
            [whole]
            if whole
            else [described["en"] for prefix, described in GEOCODE_DATA.items() if prefix.startswith(f"1{code}")]
        )
        for place in places:
            for name in place.rsplit(", ", 1)[-1].split("/"):
                if region := names.get(name.lower()):
                    codes[region].add(code)
    return "".join(f"{region} {' '.join(sorted(codes[region]))}\n" for region in sorted(codes))


if __name__ == "__main__":
    sys.stdout.write(table())
