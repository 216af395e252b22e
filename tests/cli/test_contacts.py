"""`contacts`: in, out and forgotten."""

from pathlib import Path

from settings import Settings
from tests.cli.conftest import CASES, Cli


async def test_a_clean_file_goes_in_whole(cli: Cli, services: Settings) -> None:
    """Status 0 and exact numbers; a second import updates the same contacts."""
    document = (await cli("contacts", "import", CASES / "contacts.csv", "--json")).document
    assert (document["imported"], document["created"], document["rejected"]) == (1000, 1000, [])
    again = await cli("contacts", "import", CASES / "contacts.csv")
    assert again.code == 0
    assert again.out == "1000 of 1000 contacts imported (0 new, 1000 updated), 0 rejected\n"


async def test_rejected_lines_are_named_and_change_the_exit_status(cli: Cli, services: Settings) -> None:
    """Each with file, line, id and reason; the good lines are in all the same."""
    said = await cli("contacts", "import", CASES / "contacts-bad.csv")
    assert said.code == 1
    assert f"{CASES / 'contacts-bad.csv'}:3: B2: email: " in said.out
    document = (await cli("contacts", "import", CASES / "contacts-bad.csv", "--json")).document
    assert (document["imported"], document["rejected_count"]) == (3, 6)
    assert document["rejected"][0]["line"] == 2


async def test_what_is_no_csv_of_contacts_is_refused(cli: Cli, services: Settings, tmp_path: Path) -> None:
    """One error with its mend, nothing imported."""
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    said = await cli("contacts", "import", tmp_path / "x.csv", "--json")
    assert said.code == 1
    assert "external_id" in said.document["error"]
    assert (await cli("contacts", "import", tmp_path / "missing.csv")).code == 1


async def test_what_was_imported_comes_out_and_goes_in_again(cli: Cli, services: Settings, tmp_path: Path) -> None:
    """The same contacts; a file that exists is not overwritten."""
    await cli("contacts", "import", CASES / "contacts.csv")
    out = tmp_path / "all.csv"
    assert (await cli("contacts", "export", out, "--json")).document["exported"] == 1000
    again = (await cli("contacts", "import", out, "--json")).document
    assert (again["created"], again["updated"], again["rejected"]) == (0, 1000, [])
    before = out.read_bytes()
    refused = await cli("contacts", "export", out)
    assert (refused.code, out.read_bytes()) == (1, before)


async def test_a_contact_is_erased(cli: Cli, services: Settings, tmp_path: Path) -> None:
    """It is in no export any more, and nobody can be erased twice."""
    (tmp_path / "one.csv").write_text("external_id,email\nC-1,a@x.org\n")
    await cli("contacts", "import", tmp_path / "one.csv")
    assert (await cli("contacts", "erase", "C-1")).code == 0
    assert (await cli("contacts", "export", tmp_path / "out.csv", "--json")).document["exported"] == 0
    assert (await cli("contacts", "erase", "C-1")).code == 1
