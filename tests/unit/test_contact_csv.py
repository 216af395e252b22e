"""Reading contacts from CSV: what is taken, what is rejected and why."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from content.liquid import problems, render
from domain.contact import Contact, column_name
from domain.errors import TouchlineError
from starter.contacts.csv_file import ContactFile, Reading, RejectedLine
from tests.support.machine import assert_takes_at_most

Reader = Callable[..., "Read"]
CASES = Path(__file__).parent.parent / "cases"


class Read:
    """What came out of a file."""

    def __init__(self, path: Path, region: str = "US", **how: Any) -> None:
        with ContactFile(path, Reading(default_region=region, **how)) as file:
            records = list(file)
            self.notices = {notice.text: notice.count for notice in file.notices}
            self.columns = file.columns
        self.contacts = [r for r in records if isinstance(r, Contact)]
        self.rejected = [r for r in records if isinstance(r, RejectedLine)]

    @property
    def taken(self) -> list[str]:
        return [c.external_id for c in self.contacts]


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    def _read(content: str | bytes, region: str = "US", **how: Any) -> Read:
        path = tmp_path / "contacts.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return Read(path, region, **how)

    return _read


def test_every_line_of_a_clean_file_is_taken() -> None:
    """A thousand good lines are a thousand contacts, each with an address and a known zone."""
    result = Read(CASES / "contacts.csv")
    assert len(result.contacts) == 1000
    assert result.rejected == []
    assert all(c.zones and (c.email or c.phone) for c in result.contacts)
    first = result.contacts[0]
    assert (first.external_id, first.name, first.email) == ("C00001", "Radia Haddad", "radia.haddad.1@example.com")
    assert (first.phone, first.company, first.timezone) == ("+12125550100", "Hooli", "America/New_York")
    assert (first.zones, first.tags, first.triggers) == (("America/New_York",), (), ("cold_start",))


def test_a_bad_file_loses_exactly_its_bad_lines() -> None:
    """Each rejected record names the line where it begins and why; the good ones around it are taken."""
    result = Read(CASES / "contacts-bad.csv")
    assert result.taken == ["B5", "B6", "B8"]
    assert [(r.line, r.external_id) for r in result.rejected] == [
        (2, "B1"),
        (3, "B2"),
        (4, "B3"),
        (5, "B4"),
        (7, "B5"),
        (9, "B7"),
    ]
    assert [r.reasons for r in result.rejected] == [
        ("neither email nor phone: the contact cannot be reached",),
        ("email: an email address must have an @-sign",),
        ("phone: it is too short",),
        ("timezone: it is no IANA name such as America/New_York",),
        ("external_id: line 6 has the same",),
        ("name: it has a line break",),
    ]


def test_a_formula_is_stored_as_it_is_written() -> None:
    """Neutralising a formula is for whoever exports it: the import keeps what the tenant wrote."""
    formula = next(c for c in Read(CASES / "contacts-bad.csv").contacts if c.external_id == "B6")
    assert (formula.name, formula.company) == ('=HYPERLINK("http://x")', "@SUM(A1)")


def test_any_script_is_kept() -> None:
    """Names in any writing arrive unchanged."""
    name = next(c for c in Read(CASES / "contacts-bad.csv").contacts if c.external_id == "B8").name
    assert name == "Émile Zoë 王"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_delimiter_line_ends_and_bom_make_no_difference(read: Reader, delimiter: str, newline: str, bom: str) -> None:
    """Comma, semicolon or tab; any line ends; with BOM or without; blank lines are nothing."""
    rows = [
        ["External ID", " EMAIL", "Time Zone", "Tags"],
        ["A", "a@x.com", "UTC", '"x;y"'],
        [],
        ["B", "b@x.com", "", ""],
    ]
    result = read(bom + newline.join(delimiter.join(row) for row in rows))
    assert result.taken == ["A", "B"]
    assert result.contacts[0].tags == ("x", "y")
    assert result.contacts[0].timezone == "UTC"
    assert result.rejected == []


def test_further_columns_become_attributes(read: Reader) -> None:
    """Names go to lower case with underscores, values stay text of any number of lines, empty ones are absent."""
    result = read('external_id,email,Plan Name,Seats,Note\nA,a@x.com,Gold,7,"one\r\ntwo"\nB,b@x.com,,,\n')
    assert result.contacts[0].attributes == {"plan_name": "Gold", "seats": "7", "note": "one\ntwo"}
    assert result.contacts[1].attributes == {}


def test_a_status_is_the_contacts_own_and_an_attribute_may_be_called_so(read: Reader) -> None:
    """`status` is what conditions read and sequences set; `attributes.` before any name makes it an attribute's."""
    result = read(
        "external_id,email,Status,attributes.Status,Attributes.Plan\nA,a@x.com,customer,open,pro\nB,b@x.com,,,\n"
    )
    assert [contact.status for contact in result.contacts] == ["customer", None]
    assert [contact.attributes for contact in result.contacts] == [{"status": "open", "plan": "pro"}, {}]
    two_lines = read('external_id,email,status,attributes.status\nA,a@x.com,"a\nb","a\nb"\n')
    assert [line.reasons for line in two_lines.rejected] == [("status: it has a line break",)]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("attributes.E-Mail", "an attribute email"),
        ("attributes.", "has no name"),
        ("plan,attributes.plan", "names plan twice"),
    ],
)
def test_a_header_that_names_no_attribute_is_refused(read: Reader, column: str, said: str) -> None:
    """What the engine knows has its own column, and nothing is there twice under two names."""
    with pytest.raises(TouchlineError, match=said):
        read(f"external_id,email,{column}\n")


@pytest.mark.parametrize("header", ["Two Words", "two_words", " TWO  words "])
@pytest.mark.parametrize("field", ["attributes.two_words", "attributes.Two_Words", "attributes['Two Words']"])
def test_a_text_finds_a_column_however_either_is_written(read: Reader, header: str, field: str) -> None:
    """A template may write the name as the file does, or as the import does."""
    contact = read(f"external_id,email,{header}\nA,a@x.com,found\n").contacts[0]
    template = f"{{{{ {field} }}}}"
    assert problems(template) == ()
    assert render(template, contact) == "found"


@given(st.text())
@example("H\u0331")
def test_the_name_of_a_column_is_its_own_name(written: str) -> None:
    """The name that an import gives to a column leads back to it."""
    assert column_name(column_name(written)) == column_name(written)


def test_accents_typed_in_two_ways_are_one_name() -> None:
    """A file from one system and a text from another may compose `ö` differently."""
    assert column_name("Gro\u0308ße") == column_name("GRÖßE") == "größe"


def test_tags_and_triggers_are_split_at_semicolons(read: Reader) -> None:
    """Each word once, in the order written, without the spaces around it."""
    result = read("external_id,email,tags,triggers\nA,a@x.com, vip; trial ;;vip,cold_start;warm_start\n")
    assert result.contacts[0].tags == ("vip", "trial")
    assert result.contacts[0].triggers == ("cold_start", "warm_start")


def test_zones_are_the_stored_one_or_those_of_the_number(read: Reader) -> None:
    """A stored zone stands alone; a number may be in several; an email address says nothing."""
    result = read(
        "external_id,email,phone,timezone\n"
        "A,,2085550100,Europe/Paris\nB,,(208) 555-0100,\nC,c@x.com,,\nD,,8005550100,\n"
    )
    assert [c.zones for c in result.contacts] == [("Europe/Paris",), ("America/Boise", "America/Los_Angeles"), (), ()]
    assert result.contacts[1].phone == "+12085550100"
    assert result.contacts[1].timezone is None


def test_numbers_are_read_as_the_default_region_dials_them(read: Reader) -> None:
    """A national number gets the region's country code."""
    assert read("external_id,phone\nA,0170 1234567\n", region="DE").contacts[0].phone == "+491701234567"


def test_a_record_over_several_lines_does_not_shift_the_numbers_after_it(read: Reader) -> None:
    """Line numbers are those of the file, which an editor shows."""
    result = read('external_id,email,note\nA,a@x.com,"1\n2\n3"\n\nB,bad,\n')
    assert [(r.line, r.external_id) for r in result.rejected] == [(6, "B")]


def test_all_reasons_of_a_line_are_given_together(read: Reader) -> None:
    """Mending a line takes one round."""
    (line,) = read("external_id,email,phone,timezone\n,bad,12,Mars/Olympus\n").rejected
    assert [reason.split(":")[0] for reason in line.reasons] == ["external_id", "email", "phone", "timezone"]


def test_an_id_repeats_only_what_was_taken(read: Reader) -> None:
    """After a rejected line its id is still free."""
    result = read("external_id,email\nA,bad\nA,a@x.com\nA,b@x.com\n")
    assert result.taken == ["A"]
    assert [(r.line, r.reasons) for r in result.rejected][1] == (4, ("external_id: line 3 has the same",))


@pytest.mark.parametrize("row", ["A,a@x.com", "A,a@x.com,Acme,more", "A"])
def test_a_line_with_too_many_or_too_few_columns_is_rejected(read: Reader, row: str) -> None:
    """Which value belongs to which column would be a guess."""
    result = read(f"external_id,email,company\n{row}\nB,b@x.com,Acme\n")
    assert result.taken == ["B"]
    assert "where the header has 3" in result.rejected[0].reasons[0]


@pytest.mark.parametrize("column", ["external_id", "name", "email", "phone", "company", "timezone", "tags", "triggers"])
@pytest.mark.parametrize("bad", ["\n", "\r\n", "\r", "\x00", "\x0b", "\x1b", "\x7f", "\x85", "\u2028", "\u2029"])
def test_no_known_column_takes_a_line_break_or_a_control_character(read: Reader, column: str, bad: str) -> None:
    """Any of them may come to stand in a message's header."""
    good = {"external_id": "A", "email": "a@x.com", "phone": "+12125550100", "timezone": "UTC"}
    header = ("external_id", "name", "email", "phone", "company", "timezone", "tags", "triggers")
    cells = [good.get(name, "x") + (f"{bad}Bcc: all@x.com" if name == column else "") for name in header]
    result = read(",".join(header) + "\n" + ",".join(f'"{cell}"' for cell in cells) + "\nB,,b@x.com,,,,,\n")
    assert result.taken == ["B"]
    (rejected,) = result.rejected
    assert rejected.reasons[0].startswith(f"{column}: it has a ")
    assert rejected.external_id.isprintable()


def test_an_attribute_takes_lines_but_no_control_characters(read: Reader) -> None:
    """Text from a spreadsheet has lines and tabs; nothing that people write has a NUL."""
    result = read('external_id,email,note\nA,a@x.com,"a\tb\nc"\nB,b@x.com,"a\x00b"\n')
    assert result.taken == ["A"]
    assert result.rejected[0].reasons == ("note: it has a control character",)


@pytest.mark.parametrize(("column", "length"), [("name", 201), ("external_id", 201), ("tags", 2001), ("note", 10_001)])
def test_an_over_long_value_is_rejected(read: Reader, column: str, length: int) -> None:
    """One character over the limit, and not one less."""
    for extra, taken in ((0, True), (-1, True), (1, False)):
        values = {"external_id": "A", "email": "a@x.com", "name": "", "tags": "", "note": ""}
        values[column] = "x" * (length - 1 + extra)
        result = read(",".join(values) + "\n" + ",".join(values.values()) + "\n")
        assert bool(result.contacts) is taken
    assert result.rejected[0].reasons == (f"{column}: {length} characters, more than {length - 1}",)
    assert len(result.rejected[0].external_id) <= 200


def test_a_quote_left_open_costs_its_own_line_only(read: Reader) -> None:
    """The lines that the open quote swallowed are read again, whether a later quote or the file's end shows it."""
    result = read('external_id,name,email\nA,"Ann,a@x.com\nB,"Bob",b@x.com\nC,"Cy,c@x.com\nD,Di,d@x.com\n')
    assert result.taken == ["B", "D"]
    assert [(r.line, r.external_id) for r in result.rejected] == [(2, "A"), (4, "C")]
    assert all("quotes do not match" in r.reasons[0] for r in result.rejected)


def test_a_quote_left_open_in_a_long_file_is_found_in_bounded_memory(read: Reader) -> None:
    """The field limit ends the search, and everything after the line is still taken."""
    rows = "".join(f"D{n},Di,d{n}@x.com\n" for n in range(20_000))
    result = read('external_id,name,email\nA,"Ann,a@x.com\n' + rows)
    assert len(result.contacts) == 20_000
    assert [(r.line, r.external_id) for r in result.rejected] == [(2, "A")]


def test_a_quote_inside_a_value_is_text(read: Reader) -> None:
    """Only a quote at the start of a value quotes it."""
    assert read('external_id,name,email\nA,Ann "Bo" Lee,a@x.com\n').contacts[0].name == 'Ann "Bo" Lee'


def test_a_line_that_is_not_utf8_is_rejected_and_the_others_go_in(read: Reader) -> None:
    """A file in an old Windows encoding loses only the lines that show it, with the fix in the reason."""
    result = read("external_id,name,email\nA,Zoë,a@x.com\nB,Bob,b@x.com\n".encode("cp1252"))
    assert result.taken == ["B"]
    assert result.rejected[0].reasons == ("name: it is not UTF-8; save the file as CSV UTF-8, or name its encoding",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "names no column external_id"),
        ("A,Ann,a@x.com\n", "names no column external_id"),
        ("external_id,email,Email\nA,a@x.com,b@x.com\n", "names email twice"),
        ("external_id,email,plan name,Plan Name\n", "names plan_name twice"),
        ("external_id,email," + "x" * 65 + "\n", "column 3 cannot be used"),
        (b"external_id,email,gr\xf6sse\n", "column 3 cannot be used"),
        ("external_id,email\n".encode("utf-16-le"), "UTF-16"),
        ("external_id,email" + "," * 1_100_000, "the header has over"),
        ("external_id" + "".join(f",c{n}" for n in range(100_000)) + "\n", "names 100,001 columns, at most 500"),
    ],
)
def test_a_file_that_is_no_csv_of_contacts_is_refused_with_the_mend(
    read: Reader, content: str | bytes, message: str
) -> None:
    """The message names the place, the hint the fix."""
    with pytest.raises(TouchlineError, match=message) as raised:
        read(content)
    assert raised.value.hint


@pytest.mark.parametrize("key", ["email", "phone"])
def test_a_file_without_the_column_that_contacts_are_known_by_is_refused(read: Reader, key: str) -> None:
    """The other key's column, or an external_id, is no substitute."""
    other = {"email": "phone", "phone": "email"}[key]
    with pytest.raises(TouchlineError, match=f"names no column {key}"):
        read(f"external_id,{other}\nA,?\n", key=key)


def test_a_header_is_judged_in_linear_time(read: Reader) -> None:
    """As many columns as a line has room for are refused at once, and as many as are allowed are read."""
    many = "external_id,email" + "".join(f",c{number}" for number in range(498))
    assert read(f"{many}\nA,a@x.com{',' * 498}\n").taken == ["A"]

    def refused() -> None:
        with pytest.raises(TouchlineError):
            read("external_id" + ",a" * 500_000)

    assert_takes_at_most(1, refused)


def test_a_missing_file_and_an_unknown_region_are_refused(tmp_path: Path) -> None:
    """Both before anything is read."""
    with pytest.raises(TouchlineError, match="cannot be read"):
        ContactFile(tmp_path / "nowhere.csv", Reading(default_region="US"))
    with pytest.raises(TouchlineError, match="no country 'XX'"):
        ContactFile(CASES / "contacts.csv", Reading(default_region="XX"))


def test_progress_is_told_in_bytes() -> None:
    """From the start of the file to its size."""
    with ContactFile(CASES / "contacts.csv", Reading(default_region="US")) as file:
        assert file.read_bytes < file.total_bytes == (CASES / "contacts.csv").stat().st_size
        assert sum(1 for _ in file) == 1000
        assert file.read_bytes == file.total_bytes
