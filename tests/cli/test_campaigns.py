"""`campaigns` and `batches`, from the command line."""

from pathlib import Path

import pytest

from settings import Settings
from tests.cli.conftest import Cli


async def ready(cli: Cli, files: Path) -> None:
    """Three contacts, a sequence, and a campaign of two of them."""
    assert (await cli("contacts", "import", files / "people.csv")).code == 0
    assert (await cli("publish", files / "slow.yaml")).code == 0
    assert (await cli("campaigns", "create", "spring", "--name", "Spring offer")).code == 0
    assert (await cli("campaigns", "add", "spring", "--contact", "P1", "--contact", "P2")).code == 0


async def test_a_campaign_is_filled_and_enrolled(cli: Cli, services: Settings, worker: None, files: Path) -> None:
    """`assign --wait` answers when all are in; whoever lives in the sequence already is named."""
    await ready(cli, files)
    said = await cli("campaigns", "add", "spring", "--csv", files / "people.csv", "--json")
    assert said.document == {"added": 1, "already": 2}
    assert (await cli("campaigns", "remove", "spring", "--contact", "P3")).code == 0
    [listed] = (await cli("campaigns", "list", "--json")).document["campaigns"]
    assert (listed["key"], listed["name"], listed["members"]) == ("spring", "Spring offer", 2)
    members = (await cli("campaigns", "members", "spring", "--json")).document["members"]
    assert {(one["external_id"], one["added_by"]) for one in members} == {("P1", "cli"), ("P2", "cli")}

    assert (await cli("enroll", "slow", "--contact", "P1")).code == 0
    said = await cli("campaigns", "assign", "spring", "slow", "--wait", "--json")
    batch = said.document["batch"]
    assert (batch["status"], batch["done"], batch["skipped"]) == ("completed", 1, 1)
    enrolled = (await cli("enrollments", "--json")).document["enrollments"]
    assert {row["contact"] for row in enrolled} == {"P1", "P2"}

    said = await cli("batches", "show", batch["id"][:8])
    assert "1 of 2 enrolled" in said.out
    assert "P1: live in it already" in said.out
    [listed] = (await cli("batches", "list", "--campaign", "spring", "--json")).document["batches"]
    assert listed == batch
    assert (await cli("campaigns", "delete", "spring")).code == 0
    assert (await cli("campaigns", "list", "--json")).document["campaigns"] == []
    assert (await cli("batches", "list", "--json")).document["batches"][0]["campaign"] == "spring"


async def test_a_batch_is_cancelled(cli: Cli, services: Settings, files: Path) -> None:
    """Nobody works on it, so nobody was enrolled; it can be cancelled once more, and shown."""
    await ready(cli, files)
    batch = (await cli("campaigns", "assign", "spring", "slow", "--json")).document["batch"]
    assert batch["status"] == "pending"
    for _ in range(2):
        said = await cli("batches", "cancel", batch["id"], "--json")
        assert said.document["batch"]["status"] == "cancelled"
    assert "cancelled" in (await cli("batches", "show", batch["id"])).out
    assert (await cli("enrollments", "--json")).document["enrollments"] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("create", "spring"), "already"),
        (("add", "autumn", "--contact", "P1"), "no such campaign"),
        (("add", "spring", "--contact", "P9"), "'P9'"),
        (("remove", "spring", "--contact", "P3"), "no such contact"),
        (("assign", "spring", "fast"), "'fast'"),
    ],
)
async def test_a_mistake_is_named(
    cli: Cli, services: Settings, files: Path, arguments: tuple[str, ...], words: str
) -> None:
    """Status 1, and what is wrong."""
    await ready(cli, files)
    said = await cli("campaigns", *arguments, "--json")
    assert (said.code, words in said.document["error"]) == (1, True), said.out


async def test_an_unknown_batch_is_named(cli: Cli, services: Settings) -> None:
    """With the command that lists them."""
    said = await cli("batches", "show", "abcd1234", "--json")
    assert (said.code, said.document["hint"]) == (1, "./touchline batches list lists them")


async def test_a_mend_names_what_is_typed_for_it(cli: Cli, services: Settings) -> None:
    """In both forms of the answer: what the API calls by its name has a command here."""
    mend = "list the campaigns to find it (./touchline campaigns list)"
    assert (await cli("campaigns", "members", "none", "--json")).document["hint"] == mend
    assert mend in (await cli("campaigns", "members", "none")).err
