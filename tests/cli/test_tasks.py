"""`event`, `tasks`, `task` and `notifications`, from the command line."""

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.support.helpers import assert_eventually

SEQUENCE = """
sequence: desk
steps:
  - {id: tell, type: action, action: notify_user, user: grace, message: "New: {{ name }}"}
  - {id: call, type: task, title: "Call {{ name }}", assignee: grace}
  - {id: mail, type: email, subject: Hi, body: Hi.}
"""


async def test_what_nobody_waits_for_is_recorded_and_said(cli: Cli, enrolled: dict[str, str]) -> None:
    """The same key again changes nothing; an unknown contact is named."""
    contact = (await cli("enrollments", "--json")).document["enrollments"][0]["contact"]
    said = await cli("event", contact, "paid", "--key", "7", "--json")
    assert (said.code, said.document["duplicate"], said.document["awaited"]) == (0, False, [])
    again = await cli("event", contact, "paid", "--key", "7")
    assert "nothing was changed" in again.out
    assert (await cli("event", "nobody", "paid")).code == 1
    assert (await cli("event", contact, "reply")).code == 1


@pytest.mark.usefixtures("services")
@pytest.mark.parametrize("command", ["tasks", "notifications"])
async def test_an_empty_list_says_so(cli: Cli, command: str) -> None:
    """Nothing to do is an answer."""
    said = await cli(command)
    assert said.code == 0
    assert "nothing is to be" in said.out


@pytest.mark.usefixtures("worker")
async def test_a_task_is_listed_and_done(cli: Cli, files: Path) -> None:
    """On its user's list until it is done, by the first characters of its id; what a user was told is read."""
    (files / "desk.yaml").write_text(SEQUENCE)
    await cli("contacts", "import", files / "people.csv")
    await cli("publish", files / "desk.yaml")
    await cli("enroll", "desk", "--contact", "P2")

    async def listed() -> dict[str, str]:
        found = (await cli("tasks", "--user", "grace", "--json")).document["tasks"]
        assert len(found) == 1
        return dict(found[0])

    task = await assert_eventually(listed)
    assert task["title"].startswith("Call ")
    assert task["contact"] == "P2"
    assert (await cli("tasks", "--user", "somebody-else", "--json")).document["tasks"] == []
    assert (await cli("task", task["id"][:8], "--done", "--skip")).code == 2
    assert (await cli("task", task["id"][:8])).code == 2
    assert (await cli("task", "00000000", "--done")).code == 1
    assert (await cli("task", task["id"][:8], "--done")).code == 0
    assert (await cli("task", task["id"][:8], "--done")).code == 1
    again = await cli("task", task["id"], "--skip")
    assert again.code == 1
    assert "is not open any more" in again.err

    async def ended() -> None:
        [row] = (await cli("enrollments", "--json")).document["enrollments"]
        assert row["status"] == "completed"

    await assert_eventually(ended)
    [told] = (await cli("notifications", "--user", "grace", "--json")).document["notifications"]
    assert told["body"].startswith("New: ")
    assert (await cli("notifications", "--read", told["id"])).code == 0
    assert (await cli("notifications", "--json")).document["notifications"] == []
