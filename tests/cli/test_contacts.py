"""`contacts`: in, out and forgotten."""

import asyncio
import json
import signal
import sys
from pathlib import Path

import asyncpg

from settings import Settings
from tests.cli.conftest import CASES, Cli
from tests.support.helpers import assert_eventually


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
    """One error with its fix, nothing imported."""
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


async def test_an_import_that_is_interrupted_says_what_is_in(cli: Cli, services: Settings, tmp_path: Path) -> None:
    """Status 130, and the line at which to go on: everything before it is in."""
    file = tmp_path / "many.csv"
    file.write_text("external_id,email\n" + "".join(f"M{n},m{n}@example.com\n" for n in range(10_000)))
    last = tmp_path / "last.csv"
    last.write_text("external_id,email\nM9999,m9999@example.com\n")
    assert (await cli("contacts", "import", last)).code == 0
    database = await asyncpg.connect(services.database_url)
    try:
        async with database.transaction():
            # Somebody changes the last contact of the file: the import cannot come to its end.
            await database.execute("SELECT FROM contacts FOR UPDATE")
            started = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "cli", "contacts", "import", str(file), "--json"),
                stdout=asyncio.subprocess.PIPE,
            )

            async def some_are_in() -> None:
                assert await database.fetchval("SELECT count(*) FROM contacts") > 1

            await assert_eventually(some_are_in, timeout_s=120)
            started.send_signal(signal.SIGINT)
            out, _ = await started.communicate()
        document = json.loads(out)
        assert started.returncode == 130
        assert document["imported"] == document["next_line"] - 2
        before = [f"M{n}" for n in range(document["imported"])]
        known = await database.fetchval("SELECT count(*) FROM contacts WHERE external_id = ANY($1)", before)
        assert known == document["imported"] < 10_000
    finally:
        await database.close()


async def test_what_columns_are_taken_for_is_shown_before_and_after(
    cli: Cli, services: Settings, tmp_path: Path
) -> None:
    """A dry run lists all of them and writes nothing; the import lists those that the file calls otherwise."""
    file = tmp_path / "export.csv"
    file.write_text("id,First Name,E-mail Address,plan,timezone\n1,Ada,ada@example.com,gold,EST\n")
    would = await cli("contacts", "import", file, "--dry-run")
    assert would.code == 0
    assert would.out.splitlines() == [
        "id: external_id",
        "First Name: attributes.first_name, and a part of the name",
        "E-mail Address: email",
        "plan: attributes.plan",
        "timezone: timezone",
        f"{file}:2: timezone: `EST` was read as America/New_York",
        "1 of 1 contacts would be imported (1 new, 0 updated), 0 rejected",
    ]
    did = await cli("contacts", "import", file)
    assert did.out.splitlines()[:3] == would.out.splitlines()[:3]
    assert did.out.splitlines()[-1] == "1 of 1 contacts imported (1 new, 0 updated), 0 rejected"
