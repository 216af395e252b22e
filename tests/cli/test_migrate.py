"""`migrate SEQUENCE` and `archive`: people in a sequence, as a user moves them."""

from pathlib import Path

import pytest

from settings import Settings
from tests.cli.conftest import SLOW, Cli


@pytest.fixture
async def second(cli: Cli, enrolled: dict[str, str], files: Path) -> dict[str, str]:
    """Three contacts on version 1 of `slow`, and a version 2 in which `more` is `other` and the delay a day longer."""
    (files / "slow.yaml").write_text(SLOW.replace("id: more", "id: other").replace("days: 3", "days: 4"))
    assert (await cli("publish", files / "slow.yaml")).code == 0
    return enrolled


async def test_a_dry_run_says_who_would_do_what(cli: Cli, second: dict[str, str]) -> None:
    """The diff, people per step and what is next, who stays and why; nobody has been moved."""
    said = await cli("migrate", "slow", "--to", "2", "--dry-run", "--json")
    assert said.code == 0
    found = said.document
    assert (found["to"], found["dry_run"], found["moved"], found["stays"], found["already_there"]) == (2, True, 0, 3, 0)
    assert found["versions"] == [
        {
            "version": 1,
            "added": ["other"],
            "removed": ["more"],
            "changed": [{"step": "wait", "what": ["delay"]}],
            "moved": [],
            "settings": [],
        }
    ]
    [step] = found["steps"]
    assert (step["step"], step["people"], step["next"], step["stays"]) == ("more", 3, [], {"gone": 3})
    assert {one["stays"] for one in found["enrollments"]} == {"gone"}

    found = (await cli("migrate", "slow", "--to", "2", "--map", "more=other", "--dry-run", "--json")).document
    [step] = found["steps"]
    assert (step["moved"], step["next"]) == (3, [{"step": "other", "people": 3}])
    assert {one["contact"]: one["next"]["step"] for one in found["enrollments"]} == dict.fromkeys(second, "other")
    rows = (await cli("enrollments", "--json")).document["enrollments"]
    assert {(row["version"], row["current_node"]) for row in rows} == {(1, "more")}


async def test_people_are_moved_and_the_same_again_changes_nothing(cli: Cli, second: dict[str, str]) -> None:
    """By the map, with what is left of their wait; lists and `show` have the new version."""
    before = {row["id"]: row["next_run_at"] for row in (await cli("enrollments", "--json")).document["enrollments"]}
    arguments = ("migrate", "slow", "--to", "2", "--map", "more=other", "--json")
    said = await cli(*arguments)
    assert (said.code, said.document["moved"], said.document["stays"]) == (0, 3, 0)
    rows = (await cli("enrollments", "--json")).document["enrollments"]
    assert {(row["version"], row["current_node"]) for row in rows} == {(2, "other")}
    assert all(row["next_run_at"] > before[row["id"]] for row in rows)
    again = (await cli(*arguments)).document
    assert (again["moved"], again["stays"], again["already_there"]) == (0, 0, 3)
    shown = await cli("show", second["P1"])
    assert "slow v2" in shown.out
    assert "moved from v1 (more) to v2 (other)" in shown.out


async def test_people_read_the_same(cli: Cli, second: dict[str, str]) -> None:
    """Without --json: the changes, a line for each step, and whoever stays with the reason."""
    said = await cli("migrate", "slow", "--to", "2", "--dry-run")
    assert "removed: more" in said.out
    assert "changed: wait (delay)" in said.out
    assert "0 would be moved, 3 stay, 0 were there before" in said.out
    assert "stays before more: the other version has no step more" in said.out
    said = await cli("migrate", "slow", "--to", "2", "--map", "more=other")
    assert "3 moved, 0 stay, 0 were there before" in said.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--to", "2"), "go with a SEQUENCE"),
        (("--dry-run",), "go with a SEQUENCE"),
        (("slow",), "say to which version"),
        (("slow", "--to", "0"), "--to"),
        (("slow", "--to", "2", "--map", "more"), "is not OLD=NEW"),
        (("slow", "--to", "2", "--map", "more=a", "--map", "more=b"), "two successors"),
    ],
)
async def test_wrong_usage_is_named(cli: Cli, bare: object, arguments: tuple[str, ...], words: str) -> None:
    """Status 2, before anything is looked at."""
    said = await cli("migrate", *arguments)
    assert said.code == 2
    assert words in " ".join(said.err.replace("│", " ").split())


async def test_what_does_not_exist_is_named(cli: Cli, second: dict[str, str]) -> None:
    """Sequence, version, and either side of the map."""
    for arguments, words in (
        (("none", "--to", "2"), "no sequence 'none'"),
        (("slow", "--to", "9"), "slow has no version 9"),
        (("slow", "--to", "2", "--map", "mroe=other"), "has a step 'mroe'"),
        (("slow", "--to", "2", "--map", "more=othr"), "has no step 'othr'"),
    ):
        said = await cli("migrate", *arguments, "--json")
        assert (said.code, words in said.document["error"]) == (1, True)


async def test_without_temporal_nobody_is_moved(cli: Cli, second: dict[str, str], services: Settings) -> None:
    """Status 3, and everybody is where they were."""
    with pytest.MonkeyPatch.context() as change:
        change.setenv("TOUCHLINE_TEMPORAL_ADDRESS", "127.0.0.1:1")
        said = await cli("migrate", "slow", "--to", "2", "--map", "more=other", "--json")
    assert (said.code, "Temporal cannot be reached" in said.document["error"]) == (3, True)
    rows = (await cli("enrollments", "--json")).document["enrollments"]
    assert {(row["version"], row["current_node"]) for row in rows} == {(1, "more")}


async def test_archive_lets_finish_or_stops(cli: Cli, enrolled: dict[str, str]) -> None:
    """As told; nobody is enrolled any more, and `resume` takes it back."""
    done = await cli("archive", "slow", "--json")
    assert (done.code, done.document) == (
        0,
        {"sequence": "slow", "status": "archived", "stopped": 0, "finishing": 3, "woken": 0},
    )
    refused = await cli("enroll", "slow", "--all")
    assert (refused.code, "is archived" in refused.err) == (1, True)
    assert "3 were stopped" in (await cli("archive", "slow", "--stop")).out
    rows = (await cli("enrollments", "--json")).document["enrollments"]
    assert {(row["status"], row["reason"]) for row in rows} == {("stopped", "archived")}
    assert (await cli("resume", "--sequence", "slow", "--json")).document["status"] == "active"
    assert (await cli("enroll", "slow", "--all")).code == 0
    assert (await cli("archive", "none")).code == 1
