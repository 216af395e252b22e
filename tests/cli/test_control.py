"""`pause`, `resume`, `stop`, `send-now`, `assume-sent`, for enrollments and for sequences."""

from pathlib import Path
from uuid import UUID

import pytest

from domain import ids
from settings import Settings
from tests.cli.conftest import Cli
from tests.support.helpers import assert_eventually


async def test_pause_keeps_what_is_left_and_resume_goes_on(cli: Cli, enrolled: dict[str, str]) -> None:
    """Each answers with the state that it led to; twice is a conflict."""
    paused = (await cli("pause", enrolled["P1"], "--json")).document
    assert (paused["enrollment"], paused["status"], paused["node_id"]) == (enrolled["P1"], "paused", "more")
    assert 2.9 * 86400 < paused["remaining_seconds"] <= 3 * 86400 + 3600
    again = await cli("pause", enrolled["P1"], "--json")
    assert (again.code, "paused already" in again.document["error"]) == (1, True)
    assert (await cli("resume", enrolled["P1"], "--json")).document["status"] == "running"
    assert (await cli("resume", enrolled["P1"])).code == 1


async def test_stop_ends_with_its_reason_for_good(cli: Cli, enrolled: dict[str, str]) -> None:
    """The reason is recorded; a second stop is a conflict, an empty reason wrong usage."""
    assert (await cli("stop", enrolled["P1"], "--reason", " ")).code == 2
    stopped = (await cli("stop", enrolled["P1"][:10], "--reason", "called us", "--json")).document
    assert (stopped["status"], stopped["reason"]) == ("stopped", "called us")
    assert "stopped: called us" in (await cli("show", enrolled["P1"])).out
    assert (await cli("stop", enrolled["P1"])).code == 1


async def test_send_now_cuts_the_wait_short(cli: Cli, enrolled: dict[str, str]) -> None:
    """The next message goes at once, and the outbox has it."""
    assert (await cli("send-now", enrolled["P2"], "--json")).document["status"] == "completed"
    messages = (await cli("outbox", "--to", "BO@example.com", "--json")).document["messages"]
    assert [(m["channel"], m["subject"]) for m in messages] == [("email", "More, Bo")]


async def test_assume_sent_wants_a_message_in_doubt(cli: Cli, enrolled: dict[str, str]) -> None:
    """Without one it is refused with a reason."""
    said = await cli("assume-sent", enrolled["P1"])
    assert said.code == 1
    assert "no message of it is in doubt" in said.err


async def test_a_failed_enrollment_is_retried_at_its_step(
    cli: Cli, services: Settings, worker: None, files: Path
) -> None:
    """It goes on once the reason is fixed; another step, and one that lives, are refused with the reason."""
    (files / "firm.yaml").write_text("""
sequence: firm
steps:
  - {id: note, type: action, action: set_attribute, attribute: firm, value: "{{ company }}"}
  - {id: hello, type: email, subject: "Hello", body: "Hello {{ first_name }}."}
""")
    await cli("contacts", "import", files / "people.csv")
    await cli("publish", files / "firm.yaml")
    [enrollment] = (await cli("enroll", "firm", "--contact", "P1", "--test", "--json")).document["enrollments"]

    async def stands(status: str) -> None:
        rows = (await cli("enrollments", "--sequence", "firm", "--test", "--json")).document["enrollments"]
        assert [(row["id"], row["status"]) for row in rows] == [(enrollment, status)]

    await assert_eventually(lambda: stands("failed"))
    assert (await cli("enrollments", "--real", "--json")).document["enrollments"] == []
    refused = await cli("retry", enrollment, "hello")
    assert (refused.code, "it failed at 'note'" in refused.err) == (1, True)
    (files / "company.csv").write_text("external_id,email,company\nP1,ada@example.com,Engines\n")
    assert (await cli("contacts", "import", files / "company.csv")).code == 0
    assert (await cli("retry", enrollment[:8], "note", "--json")).document["status"] == "running"
    await assert_eventually(lambda: stands("completed"))
    assert (await cli("retry", enrollment)).code == 1
    shown = await cli("show", enrollment)
    assert "retried:" in shown.out
    assert "a test run" in shown.out


async def test_a_sequence_is_paused_with_a_reason_that_everybody_sees(cli: Cli, enrolled: dict[str, str]) -> None:
    """In lists, statistics and refusals; resuming ends it; twice is a conflict."""
    assert (await cli("pause", "--sequence", "slow", "--reason", "wrong prices")).code == 0
    assert (await cli("pause", "--sequence", "slow")).code == 1
    assert "slow is paused: wrong prices" in (await cli("sequences")).out
    assert "PAUSED, no message goes out: wrong prices" in (await cli("stats", "slow")).out
    refused = await cli("enroll", "slow", "--all", "--json")
    assert (refused.code, "wrong prices" in refused.document["error"]) == (1, True)
    assert (await cli("resume", "--sequence", "slow", "--json")).document["status"] == "active"
    assert (await cli("resume", "--sequence", "slow")).code == 1


async def test_a_command_names_one_thing(cli: Cli, bare: object) -> None:
    """Neither both an enrollment and a sequence, nor none of them."""
    for arguments in (("pause",), ("resume",), ("pause", "0000", "--sequence", "slow")):
        assert (await cli(*arguments)).code == 2, arguments


async def test_a_short_form_acts_on_one_enrollment_or_on_none(
    cli: Cli, services: Settings, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fits several is asked for again; a longer beginning names one."""
    likes = iter([UUID(f"abcd1234-0000-4000-8000-{n:012}") for n in range(100)])
    monkeypatch.setattr(ids, "new_id", lambda: next(likes))
    await cli("contacts", "import", files / "people.csv")
    await cli("publish", files / "slow.yaml")
    await cli("enroll", "slow", "--all")
    said = await cli("show", "abcd1234")
    assert said.code == 1
    assert "more than one enrollment begins with abcd1234" in said.err
    assert "4 or more" in (await cli("show", "abc")).err
    whole = (await cli("enrollments", "--json")).document["enrollments"][0]["id"]
    assert (await cli("show", whole.upper(), "--json")).document["id"] == whole
