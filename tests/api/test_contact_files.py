"""Contacts in and out as CSV files."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from api.http import csv_stream, middleware
from api.http.middleware import MAX_BODY
from tests.api.conftest import Api

SCOPE = {"type": "http", "asgi": {"spec_version": "2.4"}}
HEADER = "external_id,name,email,phone,company,timezone,tags,triggers,status,plan,city"
AWKWARD = [
    ["A", "Zoë, 王 🙂", "a@x.com", "(208) 555-0100", "Acme", "", "a;b", "go", "lead", 'say "hi"', ""],
    ["B", "=1+1", "b@x.com", "", "@corp", "Europe/Paris", "+1;-2", "", "=won", "two\nlines", "'quoted"],
    ["'=C", "Ada", "", "+12125550100", "", "", "", "", "", "'=already", " -x"],
]


def file_of(rows: list[list[str]]) -> bytes:
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(HEADER.split(","))
    writer.writerows(rows)
    return written.getvalue().encode()


async def sent(api: Api, content: Any, **headers: str) -> Any:
    key = await api.key("write")
    return await api.http.post(
        "/contacts/import", content=content, headers={"Content-Type": "text/csv", **key, **headers}
    )


async def exported(api: Api) -> bytes:
    answer = await api.http.get("/contacts/export", headers=await api.key("read"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    return answer.content


async def stored(api: Api) -> list[dict[str, Any]]:
    found = await api.rig.rows(
        "SELECT id, external_id, name, email, phone, company, timezone, zones, tags, triggers, status, attributes"
        " FROM contacts"
    )
    return sorted(found, key=lambda row: str(row["external_id"]))


async def test_good_lines_go_in_and_the_others_are_named(api: Api) -> None:
    """The report of the command line, with the line and the reasons."""
    answer = await sent(api, file_of([*AWKWARD, ["D", "", "nobody", "", "", "", "", "", "", "", ""]]))
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert (report["read"], report["created"], report["updated"], report["rejected_count"]) == (4, 3, 0, 1)
    [rejected] = report["rejected"]
    assert (rejected["line"], rejected["external_id"]) == (6, "D")
    assert rejected["reasons"][0].startswith("email:")
    assert [row["name"] for row in await stored(api)] == ["Ada", "Zoë, 王 🙂", "=1+1"]


async def test_a_dry_run_says_what_columns_are_taken_for(api: Api) -> None:
    """By the declared encoding and order of dates; and nothing is written."""
    file = "id;Vorname;Nachname;E-Mail-Adresse;renewal\n7;Zoë;Lee;z@x.com;24.12.2026\n".encode("cp1252")
    key = {"Content-Type": "text/csv", **(await api.key("write"))}
    query = {"dry_run": "true", "encoding": "windows-1252", "dates": "dmy"}
    answer = await api.http.post("/contacts/import", content=file, headers=key, params=query)
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert (report["dry_run"], report["created"], report["encoding"], report["delimiter"]) == (True, 1, "cp1252", ";")
    assert [column["taken_for"] for column in report["columns"]] == [
        *("external_id", "attributes.vorname", "attributes.nachname", "email", "attributes.renewal")
    ]
    assert [column["also"] for column in report["columns"]][:3] == [None, "first_name", "last_name"]
    assert report["notices"] == [{"text": "renewal: dates were read as day, month, year", "line": 2, "count": 1}]
    assert await stored(api) == []
    for name, value in (("encoding", "klingon"), ("dates", "ydm"), ("key", "name")):
        refused = await api.http.post("/contacts/import", content=file, headers=key, params={**query, name: value})
        assert refused.status_code in {400, 422}, (name, refused.text)


async def test_an_import_of_the_export_changes_nothing(api: Api) -> None:
    """Whatever the texts look like to a spreadsheet; and the file is the same again."""
    await sent(api, file_of(AWKWARD))
    before, file = await stored(api), await exported(api)
    report = (await sent(api, file)).json()
    assert (report["created"], report["updated"], report["rejected"]) == (0, 3, [])
    assert await stored(api) == before
    assert await exported(api) == file
    await api.rig.execute("DELETE FROM contact_tags")
    await api.rig.execute("UPDATE contacts SET external_id = 'was ' || external_id")
    await sent(api, file)
    anew = [row for row in await stored(api) if not str(row["external_id"]).startswith("was ")]
    assert [{**row, "id": None} for row in anew] == [{**row, "id": None} for row in before]


async def test_a_status_comes_in_and_goes_out(api: Api) -> None:
    """As PATCH sets it; an attribute that is called so too is told from it, on the way out and in."""
    file = b"external_id,email,status,attributes.status\nA,a@x.com,customer,open\nB,b@x.com,,closed\n"
    assert (await sent(api, file)).json()["created"] == 2
    path, key = "/contacts/B", await api.key("read", "write")
    assert (await api.http.get("/contacts/A", headers=key)).json()["status"] == "customer"
    named = {"status": "lead", "attributes": {"attributes.status": "odd"}}
    assert (await api.http.patch(path, json=named, headers=key)).status_code == 200
    before, exported_file = await stored(api), await exported(api)
    [_, *rows] = csv.reader(io.StringIO(exported_file.decode(), newline=""))
    assert {row[0]: row[8:] for row in rows} == {"A": ["customer", "", "open"], "B": ["lead", "odd", "closed"]}
    await api.rig.execute("UPDATE contacts SET status = 'lost', attributes = '{}'")
    await sent(api, exported_file)
    assert await stored(api) == before


async def test_nothing_in_the_export_is_a_formula(api: Api) -> None:
    """No cell, and no name of a column, begins as one does."""
    await sent(api, file_of(AWKWARD))
    await api.rig.execute('UPDATE contacts SET attributes = attributes || \'{"=cmd": "\\tx"}\'')
    rows = list(csv.reader(io.StringIO((await exported(api)).decode(), newline="")))
    assert rows[0] == [*HEADER.split(",")[:9], "'=cmd", "city", "plan"]
    assert len(rows) == 4
    assert not [cell for row in rows for cell in row if cell.lstrip()[:1] in ("=", "+", "-", "@") or cell[:1] == "\t"]


async def test_an_export_of_nobody_is_a_header(api: Api) -> None:
    """Which an import takes."""
    assert await exported(api) == b"external_id,name,email,phone,company,timezone,tags,triggers,status\r\n"
    assert (await sent(api, await exported(api))).json()["read"] == 0


async def test_what_is_no_file_of_contacts_is_refused(api: Api) -> None:
    """Another type, a file without the column that names contacts, and a key that may only read."""
    answer = await sent(api, b"{}", **{"Content-Type": "application/json"})
    assert answer.status_code == 415
    answer = await sent(api, b"name\nAda\n")
    assert (answer.status_code, "external_id" in answer.json()["detail"]) == (400, True)
    answer = await sent(api, b"")
    assert answer.status_code == 400
    headers = {"Content-Type": "text/csv", **await api.key("read")}
    assert (await api.http.post("/contacts/import", content=b"", headers=headers)).status_code == 403
    assert await api.count("contacts") == 0


async def _lines(count: int) -> AsyncIterator[bytes]:
    """A file whose length nobody announces."""
    yield b"external_id,email,note\n"
    for number in range(count):
        yield b"%d,a%d@x.org,%s\n" % (number, number, b"x" * 1000)


async def test_a_file_may_be_longer_than_other_bodies_but_not_endless(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than any other request, and a key for repetitions changes nothing about it; over its own limit: 413."""
    assert MAX_BODY < 1200 * 1000
    answer = await sent(api, _lines(1200), **{"Idempotency-Key": "file-1"})
    assert (answer.status_code, answer.json()["created"]) == (200, 1200)
    few = middleware.Allowance(MAX_BODY, 60.0, 60.0)
    monkeypatch.setitem(middleware._LONG, ("POST", "/contacts/import"), few)
    assert (await sent(api, _lines(1200))).status_code == 413


async def test_a_list_leaves_in_parts() -> None:
    """Each of bounded size and while the rows come; together they are the whole."""
    drawn, sent_at, whole = 0, [], b""

    async def rows() -> AsyncIterator[list[object]]:
        nonlocal drawn
        for drawn in range(300):
            yield [drawn, "x" * 1000]

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        nonlocal whole
        if message["type"] == "http.response.body":
            sent_at.append(drawn)
            whole += message["body"]
            assert len(message["body"]) < 100_000

    await csv_stream.stream_csv(["n", "x"], rows(), "a.csv")(SCOPE, receive, send)
    assert sent_at[0] < 100
    assert len(sent_at) > 3
    assert [line.split(b",")[0] for line in whole.splitlines()] == [b"n", *(b"%d" % n for n in range(300))]


async def test_whoever_stops_reading_an_export_holds_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the rows come from is closed soon."""
    monkeypatch.setattr(csv_stream, "_TAKEN_WITHIN_S", 0.05)
    closed = asyncio.Event()

    async def rows() -> AsyncIterator[list[str]]:
        try:
            while True:
                yield ["x" * 1000]
        finally:
            closed.set()

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    response = csv_stream.stream_csv(["a"], rows(), "a.csv")
    with pytest.raises(ClientDisconnect):
        await response(SCOPE, receive, send)
    await asyncio.wait_for(closed.wait(), 60)
