"""Importing contacts into a real database."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from temporalio.client import Client

from domain.contact import Contact
from providers.registry import Registry
from starter.contacts import imports as importing
from starter.contacts.csv_file import Reading
from starter.contacts.imports import ImportBroke, ImportReport, import_csv
from starter.engine import Engine
from starter.runs import Runs
from store.contacts import contacts as stored
from store.pool import Database

US = Reading(default_region="US")
CASES = Path(__file__).parent.parent / "cases"


async def rows(database: Database, tenant_id: UUID) -> dict[str, dict[str, Any]]:
    async with database.transaction(tenant_id) as tx:
        return {row["external_id"]: dict(row) for row in await tx.fetch("SELECT * FROM contacts")}


async def engine_on(database: Database, tenant_id: UUID) -> Engine:
    """Where Temporal does not answer."""
    nowhere = await Client.connect("127.0.0.1:1", lazy=True)
    return Engine(database, Runs(nowhere, "none", search_attributes=False), Registry({}), tenant_id)


async def import_text(database: Database, tenant_id: UUID, tmp_path: Path, text: str) -> ImportReport:
    path = tmp_path / "contacts.csv"
    path.write_text(text)
    return await import_csv(await engine_on(database, tenant_id), path, Reading(default_region="US"))


async def test_a_clean_file_goes_in_whole_and_again_changes_nothing(database: Database, tenant_id: UUID) -> None:
    """1,000 of 1,000 are created; the second import updates the same 1,000, which keep their ids."""
    report = await import_csv(
        await engine_on(database, tenant_id), CASES / "contacts.csv", Reading(default_region="US")
    )
    assert (report.read, report.created, report.updated, report.rejected) == (1000, 1000, 0, ())
    before = await rows(database, tenant_id)
    again = await import_csv(await engine_on(database, tenant_id), CASES / "contacts.csv", US)
    assert (again.read, again.created, again.updated, again.imported) == (1000, 0, 1000, 1000)
    after = await rows(database, tenant_id)
    for row in (*before.values(), *after.values()):
        row.pop("updated_at")
    assert before == after


async def test_of_a_bad_file_exactly_the_good_lines_go_in(database: Database, tenant_id: UUID) -> None:
    """Three contacts, six rejected lines, and values stored as they were written."""
    report = await import_csv(
        await engine_on(database, tenant_id), CASES / "contacts-bad.csv", Reading(default_region="US")
    )
    assert (report.read, report.created, report.rejected_count) == (9, 3, 6)
    assert [r.external_id for r in report.rejected] == ["B1", "B2", "B3", "B4", "B5", "B7"]
    by_id = await rows(database, tenant_id)
    assert by_id.keys() == {"B5", "B6", "B8"}
    assert by_id["B5"]["name"] == "Twice"
    assert by_id["B6"]["name"] == '=HYPERLINK("http://x")'
    assert by_id["B8"]["zones"] == ["Europe/Paris"]


async def test_every_column_arrives(database: Database, tenant_id: UUID, tmp_path: Path) -> None:
    """What the file says is what the row holds, attributes as a JSON object of strings."""
    await import_text(
        database,
        tenant_id,
        tmp_path,
        "external_id,name,email,phone,company,timezone,tags,triggers,Status,Plan\n"
        'A,"Zoë, 王 🙂",A@X.com,(208) 555-0100,Acme,,a;b,go,customer,"say ""hi"""\n',
    )
    row = (await rows(database, tenant_id))["A"]
    assert (row["name"], row["email"], row["phone"]) == ("Zoë, 王 🙂", "a@x.com", "+12085550100")
    assert (row["company"], row["timezone"], row["status"]) == ("Acme", None, "customer")
    assert row["zones"] == ["America/Boise", "America/Los_Angeles"]
    assert (row["tags"], row["triggers"], row["attributes"]) == (["a", "b"], ["go"], {"plan": 'say "hi"'})


async def test_an_empty_cell_leaves_what_is_stored(database: Database, tenant_id: UUID, tmp_path: Path) -> None:
    """A second file with fewer columns and empty cells overwrites only what it says."""
    await import_text(
        database,
        tenant_id,
        tmp_path,
        "external_id,name,email,phone,tags,status,plan,city\nA,Ann,a@x.com,2125550100,vip,lead,gold,Rome\n",
    )
    report = await import_text(
        database, tenant_id, tmp_path, "external_id,email,name,status,plan\nA,new@x.com,,,silver\n"
    )
    assert (report.created, report.updated) == (0, 1)
    row = (await rows(database, tenant_id))["A"]
    assert (row["name"], row["email"], row["phone"], row["tags"]) == ("Ann", "new@x.com", "+12125550100", ["vip"])
    assert (row["status"], row["attributes"]) == ("lead", {"plan": "silver", "city": "Rome"})
    assert row["zones"] == ["America/New_York"]


@pytest.mark.parametrize(
    ("first", "second", "zones"),
    [
        ("2125550100,", ",Europe/Paris", ["Europe/Paris"]),
        ("2125550100,Europe/Paris", "8085550100,", ["Europe/Paris"]),
        ("2125550100,", "8085550100,", ["Pacific/Honolulu"]),
        ("2125550100,", ",", ["America/New_York"]),
        (",", "8085550100,", ["Pacific/Honolulu"]),
        (",Europe/Paris", "8085550100,Asia/Tokyo", ["Asia/Tokyo"]),
    ],
)
async def test_zones_follow_what_holds_after_an_update(
    database: Database, tenant_id: UUID, tmp_path: Path, first: str, second: str, zones: list[str]
) -> None:
    """A stored zone beats a new number, a new number beats an old one, and silence changes nothing."""
    for cells in (first, second):
        await import_text(database, tenant_id, tmp_path, f"external_id,email,phone,timezone\nA,a@x.com,{cells}\n")
    assert (await rows(database, tenant_id))["A"]["zones"] == zones


async def test_another_tenants_contact_of_the_same_id_is_another_contact(
    database: Database, database_url: str, tenant_id: UUID, tmp_path: Path
) -> None:
    """External ids belong to their tenant: neither import touches the other's row."""
    other = uuid4()
    owner = await asyncpg.connect(database_url)
    await owner.execute("INSERT INTO tenants (id, name) VALUES ($1, 'Other')", other)
    await owner.close()
    for tenant, name in ((tenant_id, "Ours"), (other, "Theirs")):
        report = await import_text(database, tenant, tmp_path, f"external_id,name,email\nA,{name},a@x.com\n")
        assert report.created == 1
    assert (await rows(database, tenant_id))["A"]["name"] == "Ours"
    assert (await rows(database, other))["A"]["name"] == "Theirs"


async def test_batches_report_progress_and_add_up(
    database: Database, tenant_id: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before each batch bytes and what is in are told, never less than before; at last all of it."""
    monkeypatch.setattr(importing, "_BATCH", 100)
    path = CASES / "contacts.csv"
    told: list[tuple[int, int, ImportReport]] = []
    report = await import_csv(
        await engine_on(database, tenant_id),
        path,
        Reading(default_region="US"),
        on_progress=lambda *progress: told.append(progress),
    )
    size = path.stat().st_size
    assert report.created == 1000
    assert [report.imported for _, _, report in told] == list(range(0, 1001, 100))
    assert [read for read, _, _ in told] == sorted(read for read, _, _ in told)
    assert told[-1] == (size, size, report)


async def test_a_report_names_so_many_rejected_lines_and_counts_all(
    database: Database, tenant_id: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of faults does not fill the memory."""
    monkeypatch.setattr(importing, "REJECTED_KEPT", 3)
    monkeypatch.setattr(importing, "_BATCH", 2)
    lines = "".join(f"A{n},bad\n" for n in range(7))
    report = await import_text(database, tenant_id, tmp_path, f"external_id,email\n{lines}Z,z@x.com\n")
    assert (report.read, report.created, report.rejected_count) == (8, 1, 7)
    assert [r.line for r in report.rejected] == [2, 3, 4]


async def test_an_upsert_that_fails_leaves_nothing_behind(database: Database, tenant_id: UUID) -> None:
    """A batch goes in whole or not at all, and the connection serves the next one."""
    good = Contact(id=uuid4(), external_id="A", email="a@x.com")
    unreachable = Contact(id=uuid4(), external_id="B")
    with pytest.raises(asyncpg.CheckViolationError):
        async with database.transaction(tenant_id) as tx:
            await stored.upsert(tx, [good, unreachable])
    assert await rows(database, tenant_id) == {}
    async with database.transaction(tenant_id) as tx:
        assert (await stored.upsert(tx, [good])).created == 1


async def test_an_import_that_loses_the_database_says_what_is_in(
    database: Database, tenant_id: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And where to go on: what lies before that line is in, and nothing behind it."""
    monkeypatch.setattr(importing, "_BATCH", 100)
    upsert, calls = stored.upsert, 0

    async def broken(tx: asyncpg.Connection, good: Sequence[Contact]) -> stored.Merged:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        return await upsert(tx, good)

    monkeypatch.setattr(stored, "upsert", broken)
    with pytest.raises(ImportBroke, match="300 contacts are in, up to line 302") as broke:
        await import_csv(await engine_on(database, tenant_id), CASES / "contacts.csv", US)
    report = broke.value.report
    assert (report.read, report.created, report.next_line) == (300, 300, 302)
    lines = (CASES / "contacts.csv").read_text().splitlines()
    assert (await rows(database, tenant_id)).keys() == {line.partition(",")[0] for line in lines[1:301]}


async def test_a_dry_run_writes_nothing_and_says_the_same(database: Database, tenant_id: UUID, tmp_path: Path) -> None:
    """What would be new, what changed, what rejected, and who shares an address: as the import then says."""
    await import_text(database, tenant_id, tmp_path, "external_id,email\nOLD,old@x.com\n")
    path = tmp_path / "more.csv"
    path.write_text(
        "external_id,E-Mail,Mobile\nOLD,old@x.com,\nA,a@x.com,2125550101\nB,A@x.com,\nC,old@x.com,\n"
        "D,,(212) 555-0101\nE,nobody,\n"
    )
    reading = Reading(default_region="US")
    would = await import_csv(await engine_on(database, tenant_id), path, reading, dry_run=True)
    assert (await rows(database, tenant_id)).keys() == {"OLD"}
    did = await import_csv(await engine_on(database, tenant_id), path, reading)
    assert would == did.model_copy(update={"dry_run": True})
    assert (did.created, did.updated, did.rejected_count) == (4, 1, 1)
    assert [(one.line, one.external_id, one.address, one.other) for one in did.shared] == [
        (4, "B", "email", "A"),
        (5, "C", "email", "OLD"),
        (6, "D", "phone", "A"),
    ]
    assert did.shared_count == 3
    assert {column.header: column.taken_for for column in did.columns}["Mobile"] == "phone"
    again = await import_csv(await engine_on(database, tenant_id), path, reading)
    assert again.shared_count == 3
