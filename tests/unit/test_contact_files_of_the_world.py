"""Files as spreadsheets and other systems write them: what must come out of each, by labelled rows."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from content.addresses import assigned_phone
from content.countries import region_of
from domain.contact import Contact
from domain.csv_cells import shielded, unshielded
from domain.errors import TouchlineError
from scheduling.zone_names import zone_meant
from starter.contacts.csv_file import ContactFile, Notice, Reading, RejectedLine
from starter.contacts.dates import NoDate, in_iso, looks_like_a_date
from starter.contacts.fields import cell_of, words_of


class Read(NamedTuple):
    contacts: list[Contact]
    rejected: list[RejectedLine]
    notices: tuple[Notice, ...]
    taken: dict[str, str | None]


def read(folder: Path, content: str | bytes, **how: Any) -> Read:
    path = folder / "file.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with ContactFile(path, Reading(**{"default_region": "US", **how})) as file:
        records = list(file)
        taken = {column.header: column.taken_for for column in file.columns}
        return Read(
            [one for one in records if isinstance(one, Contact)],
            [one for one in records if isinstance(one, RejectedLine)],
            file.notices,
            taken,
        )


EXPORTS: dict[str, tuple[str | bytes, dict[str, Any]]] = {
    "HubSpot": (
        "Record ID,First Name,Last Name,Email,Phone Number,Company name,Country/Region,Time Zone\n"
        "51,Ada,Lovelace,ada@example.com,(212) 555-0100,Acme,United States,America/New_York\n",
        {},
    ),
    "Salesforce": (
        '"Contact ID","First Name","Last Name","Account Name","Phone","Email","Mailing Country"\n'
        '"003","Ada","Lovelace","Acme","+1 212 555 0100","ada@example.com","USA"\n',
        {},
    ),
    "Salesforce API": (
        "Id,FirstName,LastName,Email,MobilePhone,Company\n003,Ada,Lovelace,ada@example.com,2125550100,Acme\n",
        {},
    ),
    "GoHighLevel": (
        "Contact Id,First Name,Last Name,Phone,Email,Business Name,Created,Tags\n"
        'g1,Ada,Lovelace,+12125550100,ada@example.com,Acme,2026-01-02,"vip, new"\n',
        {},
    ),
    "Mailchimp": (
        "Email Address,First Name,Last Name,Phone Number,Company,TAGS\n"
        'ada@example.com,Ada,Lovelace,212-555-0100,Acme,"""vip"",""new"""\n',
        {"key": "email"},
    ),
    "Google Contacts": (
        "First Name,Middle Name,Last Name,Organization Name,Labels,E-mail 1 - Label,E-mail 1 - Value,"
        "Phone 1 - Label,Phone 1 - Value\n"
        "Ada,,Lovelace,Acme,vip ::: new,* Home,ada@example.com,Mobile,+1 212-555-0100\n",
        {"key": "email"},
    ),
    "Outlook": (
        "First Name,Last Name,Company,E-mail Address,Mobile Phone,Home Phone,Categories\n"
        "Ada,Lovelace,Acme,ada@example.com,(212) 555-0100,(212) 555-0199,vip;new\n",
        {"key": "email"},
    ),
    "Excel, German": (
        "Kundennummer;Vorname;Nachname;E-Mail-Adresse;Mobilnummer;Firma\r\n"
        "7;Ada;Lovelace;ada@example.com;+1 212 555 0100;Acme\r\n".encode("cp1252"),
        {"encoding": "windows-1252"},
    ),
    "Excel, French, sep=": (
        "\ufeffsep=;\r\nid;Prénom;Nom de famille;Adresse e-mail;Téléphone portable;Société\r\n"
        "7;Ada;Lovelace;ada@example.com;+1 212 555 0100;Acme\r\n",
        {},
    ),
    "Excel, Spanish, Unicode text": (
        "id\tNombre completo\tCorreo electrónico\tTeléfono\tEmpresa\r\n"
        "7\tAda Lovelace\tada@example.com\t+1 212 555 0100\tAcme\r\n".encode("utf-16"),
        {},
    ),
    "Excel, pipe": (
        '"sep=|"\nExternal ID|Full Name|Mail|Cell|Organisation\n7|Ada Lovelace|ada@example.com|="12125550100"|Acme\n',
        {},
    ),
    "Windows-1252, Italian": (
        "id;Nome completo;Posta elettronica;Cellulare;Azienda;Città\n"
        "7;Ada Lovelace;ada@example.com;'+12125550100;Acme;Forlì\n".encode("cp1252"),
        {"encoding": "cp1252"},
    ),
}


def test_well_known_exports_come_in_whole(tmp_path: Path) -> None:
    """The same person out of every one of them: name, email, phone and company."""
    found = {}
    for name, (content, how) in EXPORTS.items():
        result = read(tmp_path, content, **how)
        assert not result.rejected, (name, result.rejected)
        [contact] = result.contacts
        found[name] = (contact.name, contact.email, contact.phone, contact.company)
    assert found == dict.fromkeys(EXPORTS, ("Ada Lovelace", "ada@example.com", "+12125550100", "Acme"))
    for name in ("GoHighLevel", "Mailchimp", "Google Contacts", "Outlook"):
        content, how = EXPORTS[name]
        assert read(tmp_path, content, **how).contacts[0].tags == ("vip", "new"), name


BAD = [
    ("B," + "x" * 2_000_000 + ",b@x.com", "longer than"),
    ('B,"' + "x" * 200_000 + '",b@x.com', "a cell has more than"),
    ('B,"open,b@x.com', "quotes do not match"),
    ('B,"shut" late,b@x.com', "quotes do not match"),
    ("B,a\0b,b@x.com", "control character"),
    (b"B,Zo\xeb,b@x.com", "not UTF-8"),
    ("B,Bob,b@x.com,more,cells", "columns where the header has"),
    ("B,Bob", "columns where the header has"),
    ("B,Bob,1.23E+10", "email"),
    ("4.9E+11,Bob,b@x.com", "rounded"),
    ('B,"a\nb",b@x.com', "line break"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD)
def test_a_bad_line_costs_itself_alone(tmp_path: Path, bad: str | bytes, reason: str) -> None:
    """Whatever it is, the lines before and behind it are taken, and it is named with its number."""
    line = bad.encode() if isinstance(bad, str) else bad
    result = read(tmp_path, b"external_id,name,email\nA,Ann,a@x.com\n" + line + b"\nC,Cy,c@x.com\n")
    assert [contact.external_id for contact in result.contacts] == ["A", "C"]
    [rejected] = [one for one in result.rejected if one.line == 3]
    assert reason in rejected.reasons[0]
    assert len(rejected.external_id) <= 200


ZONES = {
    "EST": "America/New_York",
    "EDT": "America/New_York",
    "CST": "America/Chicago",
    "mst": "America/Denver",
    "PST8PDT": "America/Los_Angeles",
    "Eastern Standard Time": "America/New_York",
    "W. Europe Standard Time": "Europe/Berlin",
    "GMT Standard Time": "Europe/London",
    "Tokyo Standard Time": "Asia/Tokyo",
    "AUS Eastern Standard Time": "Australia/Sydney",
    "(GMT-05:00) Eastern Time (US & Canada)": "America/New_York",
    "(UTC-08:00) Pacific Time (US & Canada)": "America/Los_Angeles",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
    "america/new_york": "America/New_York",
    "America/Los Angeles": "America/Los_Angeles",
    "CEST": "Europe/Berlin",
    "AEST": "Australia/Sydney",
    "UTC": "UTC",
    "Europe/Paris": "Europe/Paris",
    "Mars/Olympus": None,
    "IST": None,
    "UTC-5": None,
    "+02:00": None,
    "soon": None,
}


def test_zones_have_a_summer_time_whatever_they_are_called() -> None:
    """Names of IANA, Windows and Rails, and abbreviations that one country has; others are no guess."""
    assert {name: zone_meant(name) for name in ZONES} == ZONES


def test_a_zone_that_was_read_otherwise_is_told(tmp_path: Path) -> None:
    """Once, with the first line and how many."""
    result = read(tmp_path, "external_id,email,timezone\nA,a@x.com,EST\nB,b@x.com,UTC\nC,c@x.com,EST\n")
    assert [contact.timezone for contact in result.contacts] == ["America/New_York", "UTC", "America/New_York"]
    assert result.notices == (Notice(text="timezone: `EST` was read as America/New_York", line=2, count=2),)


COUNTRIES = {
    "US": "US",
    "usa": "US",
    "U.S.A.": "US",
    "United States": "US",
    "DEU": "DE",
    "Deutschland": "DE",
    "Allemagne": "DE",
    "UK": "GB",
    "England": "GB",
    "España": "ES",
    "Brasil": "BR",
    "México": "MX",
    "Schweiz": "CH",
    "Nederland": "NL",
    "Utopia": None,
    "n/a": None,
}


def test_countries_are_known_by_code_and_name() -> None:
    """Codes of two or three letters, names in many languages."""
    assert {name: region_of(name) for name in COUNTRIES} == COUNTRIES


def test_the_country_decides_about_a_national_number(tmp_path: Path) -> None:
    """Without one the tenant's region does, which is told; a leading zero that was lost changes nothing."""
    result = read(
        tmp_path,
        "external_id,phone,country\nA,0170 1234567,Germany\nB,1701234567,DE\nC,020 7946 0000,UK\n"
        "D,(212) 555-0100,\nE,+33 1 99 00 12 34,\nF,212 555 0101,Utopia\n",
    )
    assert [contact.phone for contact in result.contacts] == [
        *("+491701234567", "+491701234567", "+442079460000", "+12125550100", "+33199001234", "+12125550101"),
    ]
    told = {notice.text: (notice.line, notice.count) for notice in result.notices}
    assert told == {
        "phone: it has no country code and the contact no country; read as US": (5, 2),
        "country: `Utopia` is no country that is known": (7, 1),
    }
    assert result.contacts[0].attributes == {"country": "Germany"}


@pytest.mark.parametrize(
    "number", ["+11234567890", "+12120550100", "+4930", "+10000000000", "+521234567890", "+49999999999"]
)
def test_a_number_of_no_plan_is_refused(number: str) -> None:
    """It has a possible length, or not even that."""
    with pytest.raises(ValueError, match=r"plan|length|area code"):
        assigned_phone(number, "US")


@pytest.mark.parametrize(
    "number",
    ["+12125550100", "+19995550199", "+15005550006", "+447700900123", "+441632960123", "+61491570156", "+33199001234"],
)
def test_numbers_that_are_kept_for_fiction_may_be_used(number: str) -> None:
    """In tests, examples and films, though no plan gives them to anybody."""
    assert assigned_phone(number, "US") == number


@pytest.mark.parametrize("number", ["1.23E+10", "4,91702E+12", "1.2125550100e10"])
def test_a_rounded_number_is_refused_with_the_mend(number: str) -> None:
    """The digits are gone."""
    with pytest.raises(ValueError, match="format the column as text"):
        assigned_phone(number, "US")


DATES: dict[tuple[str, str], str | None] = {
    ("12/24/2026", "mdy"): "2026-12-24",
    ("24.12.2026", "dmy"): "2026-12-24",
    ("24/12/2026", "dmy"): "2026-12-24",
    ("24-12-2026", "dmy"): "2026-12-24",
    ("2026/12/24", "ymd"): "2026-12-24",
    ("2026.12.24", "dmy"): "2026-12-24",
    ("1/2/2026", "mdy"): "2026-01-02",
    ("1/2/2026", "dmy"): "2026-02-01",
    ("12/24/26", "mdy"): "2026-12-24",
    ("12/24/1999 3:05 PM", "mdy"): "1999-12-24T15:05:00",
    ("24.12.2026 09:30", "dmy"): "2026-12-24T09:30:00",
    ("12/24/2026 12:00 AM", "mdy"): "2026-12-24T00:00:00",
    ("24/12/2026", "mdy"): None,
    ("29.02.2027", "dmy"): None,
    ("12/24/2026", "dmy"): None,
}


def test_dates_are_read_in_the_declared_order_or_refused() -> None:
    """Each by its order; what it makes no date of is no date."""
    found: dict[tuple[str, str], str | None] = {}
    for text, order in DATES:
        assert looks_like_a_date(text)
        try:
            found[text, order] = in_iso(text, order)  # type: ignore[arg-type]
        except NoDate:
            found[text, order] = None
    assert found == DATES


@pytest.mark.parametrize(
    "text", ["2026-12-24", "2026-12-24T10:00", "1.2.3", "192.168.0.1", "12-34-56", "7/8", "gold", ""]
)
def test_what_is_no_unreadable_date_is_let_alone(text: str) -> None:
    """ISO dates, versions, addresses and fractions."""
    assert not looks_like_a_date(text)


@pytest.mark.parametrize("text", ["24 Dec 2026", "December 24, 2026", "24. Dezember 2026", "24 de diciembre de 2026"])
def test_a_date_in_words_is_told(text: str) -> None:
    """No order reads it, and nothing else does."""
    assert looks_like_a_date(text)


def test_a_date_that_nothing_can_read_is_told_at_the_import(tmp_path: Path) -> None:
    """Undeclared it stays and is told; declared it is read, or its line is refused."""
    file = (
        "external_id,phone,renewal\n"
        "US,+12125550101,12/24/2026\nDE,+12125550102,24.12.2026\nISO,+12125550103,2026-12-24\n"
    )
    plain = read(tmp_path, file + "LEAP,+12125550104,2027-02-29\n")
    assert [contact.attributes["renewal"] for contact in plain.contacts][:2] == ["12/24/2026", "24.12.2026"]
    assert [(notice.line, notice.count) for notice in plain.notices] == [(2, 2), (5, 1)]
    declared = read(tmp_path, file, dates="mdy")
    assert [contact.attributes["renewal"] for contact in declared.contacts] == ["2026-12-24", "2026-12-24"]
    assert [(line.line, line.external_id) for line in declared.rejected] == [(3, "DE")]


TAGS = {
    "vip; new": ("vip", "new"),
    "vip, new": ("vip", "new"),
    '"vip","new"': ("vip", "new"),
    '"Austin, TX";vip': ("Austin, TX", "vip"),
    '"Austin, TX"': ("Austin, TX",),
    "Austin, TX;vip": ("Austin, TX", "vip"),
    "* myContacts ::: Friends": ("* myContacts", "Friends"),
    '5" pipe': ('5" pipe',),
    '"say ""hi"""': ('say "hi"',),
    " ; ,": (",",),
    "": (),
}


def test_tags_are_told_apart() -> None:
    """By semicolons, else commas or Google's colons; quotes hold one together."""
    assert {cell: words_of(cell) for cell in TAGS} == TAGS


@pytest.mark.parametrize(
    "tags", [("Austin, TX",), ("a", 'b"c'), ("a,b", "c"), ('"', "x"), ("a ::: b",), ("plain", "two")]
)
def test_tags_come_back_from_a_file_as_they_went_out(tags: tuple[str, ...]) -> None:
    """Whatever signs they have."""
    assert words_of(cell_of(tags)) == tags


@pytest.mark.parametrize("text", ["'0123", "0123", "''0123", "'0170 123-45", "'tis", "'90s kid"])
def test_an_apostrophe_before_digits_goes_out_and_comes_back(text: str) -> None:
    """A spreadsheet's own is taken away once; one that belongs to the text is kept."""
    assert unshielded(shielded(text)) == text


def test_a_spreadsheets_apostrophe_is_no_part_of_the_value(tmp_path: Path) -> None:
    """Of an id, a number and an attribute."""
    [contact] = read(tmp_path, "external_id,phone,zip\n'007,'2125550100,'01234\n").contacts
    assert (contact.external_id, contact.phone, contact.attributes) == ("007", "+12125550100", {"zip": "01234"})


@pytest.mark.parametrize(
    ("content", "how", "said"),
    [
        ("external_id,email\n".encode("utf-16-le"), {}, "UTF-16"),
        ("external_id,email\n", {"encoding": "klingon"}, "no encoding"),
        ("external_id,email\n", {"encoding": "rot13"}, "no encoding"),
        ("email,name\n", {}, "no column external_id"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_mend(
    tmp_path: Path, content: str | bytes, how: dict[str, Any], said: str
) -> None:
    """Before anything is taken."""
    with pytest.raises(TouchlineError, match=said) as refused:
        read(tmp_path, content, **how)
    assert refused.value.hint


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "windows-1252", "iso-8859-1", "mac-roman"])
def test_declared_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    """Or those that a mark tells."""
    content = "external_id,name,email,größe\nA,Zoë,a@x.com,é\n".encode(encoding)
    [contact] = read(tmp_path, content, encoding=encoding).contacts
    assert (contact.name, contact.attributes) == ("Zoë", {"größe": "é"})


def test_what_columns_are_taken_for_is_told(tmp_path: Path) -> None:
    """Our own names first; what another column has already stays an attribute."""
    result = read(
        tmp_path, "external_id,id,Mobile Phone,phone,E-Mail,mail,,First Name\nA,1,2,2125550100,a@x.com,b,,Ann\n"
    )
    assert result.taken == {
        "external_id": "external_id",
        "id": "attributes.id",
        "Mobile Phone": "attributes.mobile_phone",
        "phone": "phone",
        "E-Mail": "email",
        "mail": "attributes.mail",
        "": None,
        "First Name": "attributes.first_name",
    }
    assert result.contacts[0].name == "Ann"
