"""`enroll`, `enrollments`, `show`."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from settings import Settings
from tests.cli.conftest import Cli


@pytest.fixture
async def published(cli: Cli, services: Settings, files: Path) -> None:
    await cli("contacts", "import", files / "people.csv")
    await cli("publish", files / "slow.yaml")


async def test_contacts_are_enrolled_by_name_and_only_once(cli: Cli, published: None) -> None:
    """A contact that is live in the sequence already is refused, by status and by count."""
    document = (await cli("enroll", "slow", "--contact", "P1", "--contact", "P2", "--json")).document
    assert document["enrolled"] == len(document["enrollments"]) == 2
    again = await cli("enroll", "slow", "--contact", "P1", "--json")
    assert again.code == 1
    assert (again.document["enrolled"], again.document["skipped"]["live"]) == (0, 1)


async def test_unknown_contacts_are_reported_together_and_nobody_is_enrolled(cli: Cli, published: None) -> None:
    """Also when the others exist: the list is fixed once, and given again."""
    said = await cli("enroll", "slow", "--contact", "P1", "--contact", "X1", "--contact", "X2", "--json")
    assert said.code == 1
    assert said.document["unknown"] == ["X1", "X2"]
    assert (await cli("enrollments", "--json")).document["enrollments"] == []


async def test_a_csv_names_whom_to_enroll_and_imports_nothing(cli: Cli, published: None, tmp_path: Path) -> None:
    """Only its external_id column counts, in whatever company; a repeated id counts once."""
    (tmp_path / "who.csv").write_text("name;External ID\nNobody;P2\n;P3\n;P2\n")
    said = await cli("enroll", "slow", "--csv", tmp_path / "who.csv", "--json")
    assert (said.code, said.document["enrolled"]) == (0, 2)
    (tmp_path / "hole.csv").write_text("external_id,name\nP1,\n,Bo\n")
    refused = await cli("enroll", "slow", "--csv", tmp_path / "hole.csv")
    assert refused.code == 1
    assert "line 3" in refused.err


async def test_all_takes_everybody_or_those_with_a_trigger(cli: Cli, published: None) -> None:
    """In bulk, somebody who is live already is no error."""
    assert (await cli("enroll", "slow", "--all", "--trigger", "spring", "--json")).document["enrolled"] == 2
    rest = await cli("enroll", "slow", "--all", "--json")
    assert (rest.code, rest.document["enrolled"], rest.document["skipped"]["live"]) == (0, 1, 2)


@pytest.mark.parametrize(
    "arguments",
    [(), ("--all", "--contact", "P1"), ("--contact", "P1", "--trigger", "spring"), ("--all", "--csv", "x.csv")],
)
async def test_enroll_wants_exactly_one_way_to_say_who(cli: Cli, bare: object, arguments: tuple[str, ...]) -> None:
    """Anything else is wrong usage."""
    assert (await cli("enroll", "slow", *arguments)).code == 2


async def test_a_sequence_that_nobody_published_is_not_found(cli: Cli, published: None) -> None:
    """By every command that names one."""
    for arguments in (("enroll", "none", "--all"), ("stats", "none"), ("enrollments", "--sequence", "none")):
        said = await cli(*arguments, "--json")
        assert said.code == 1, arguments
        assert "'none'" in said.document["error"]


async def test_enrollments_are_filtered_and_limited_and_say_so(cli: Cli, enrolled: dict[str, str]) -> None:
    """By sequence and status; `more` tells that the limit left some out."""
    found = (await cli("enrollments", "--sequence", "slow", "--status", "running", "--limit", 2, "--json")).document
    assert (len(found["enrollments"]), found["more"]) == (2, True)
    assert found["enrollments"][0]["state"] == "running: more is next"
    assert (await cli("enrollments", "--status", "completed", "--json")).document == {"enrollments": [], "more": False}
    assert (await cli("enrollments", "--status", "nonsense")).code == 2
    text = (await cli("enrollments", "--limit", 2)).out
    assert enrolled["P1"][:8] in text or enrolled["P2"][:8] in text
    assert "--limit shows more" in text


async def test_show_tells_history_and_what_is_next_in_both_clocks(cli: Cli, enrolled: dict[str, str]) -> None:
    """UTC for the records, the contact's own clock for people."""
    document = (await cli("show", enrolled["P3"], "--json")).document
    assert [(s["step"], s["status"]) for s in document["steps"]] == [
        ("hello", "success"),
        ("wait", "running"),
        ("more", "pending"),
    ]
    assert [(m["step"], m["state"]) for m in document["messages"]] == [("hello", "sent"), ("more", "pending")]
    assert (document["status"], document["next"]["step"], document["next"]["gate"]) == ("running", "more", None)
    assert document["sequence"] == {"key": "slow", "version": 1, "status": "active", "paused_reason": None}
    at = datetime.fromisoformat(document["next"]["at"])
    local = f"{at.astimezone(ZoneInfo('Europe/Paris')):%a %d %b %H:%M} in Europe/Paris"
    assert document["next"]["local"] == local
    text = (await cli("show", enrolled["P3"][:8])).out
    assert f"more at {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, {local}" in text


async def test_show_says_what_holds_an_enrollment_back(cli: Cli, enrolled: dict[str, str]) -> None:
    """A pause of its own, and louder a pause of the whole sequence."""
    await cli("pause", enrolled["P1"])
    assert "held back: the enrollment is paused" in (await cli("show", enrolled["P1"])).out
    await cli("pause", "--sequence", "slow", "--reason", "wrong prices")
    assert "THE SEQUENCE IS PAUSED, no message goes out: wrong prices" in (await cli("show", enrolled["P2"])).out


@pytest.mark.parametrize(("text", "message"), [("0000", "no enrollment"), ("zz", "is no enrollment id"), ("", "is no")])
async def test_an_enrollment_that_is_not_there_is_not_found(
    cli: Cli, services: Settings, text: str, message: str
) -> None:
    """Whatever is typed in the place of an id."""
    said = await cli("show", text, "--json")
    assert said.code == 1
    assert message in said.document["error"]


async def test_another_tenant_sees_none_of_it(
    cli: Cli, enrolled: dict[str, str], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists, statistics and ids end at the wall between tenants."""
    other = uuid4()
    owner = await asyncpg.connect(database_url)
    await owner.execute("INSERT INTO tenants (id, name) VALUES ($1, 'Other')", other)
    await owner.close()
    monkeypatch.setenv("TOUCHLINE_TENANT", str(other))
    assert (await cli("enrollments", "--json")).document["enrollments"] == []
    assert (await cli("sequences", "--json")).document == []
    for arguments in (("show", enrolled["P1"]), ("stats", "slow"), ("stop", enrolled["P1"])):
        assert (await cli(*arguments)).code == 1, arguments


async def test_a_list_shortens_a_long_error(cli: Cli, enrolled: dict[str, str], database_url: str) -> None:
    """A line stays a line; --json has the error whole."""
    error = "more: smtp 550: " + "no such user " * 50
    await cli("stop", enrolled["P1"])
    owner = await asyncpg.connect(database_url)
    await owner.execute(
        "UPDATE enrollments SET status = 'failed', reason = NULL, error = $2 WHERE id = $1", enrolled["P1"], error
    )
    await owner.close()
    listed = (await cli("enrollments", "--status", "failed")).out
    assert "failed: more: smtp 550: no such user" in listed
    assert max(map(len, listed.splitlines())) < 240
    assert [row["error"] for row in (await cli("enrollments", "--json")).document["enrollments"] if row["error"]] == [
        error
    ]
