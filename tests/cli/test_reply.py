"""`reply`, and what it does to the numbers."""

from settings import Settings
from tests.cli.conftest import Cli


async def test_a_reply_comes_from_where_the_contact_was_last_written_to(cli: Cli, enrolled: dict[str, str]) -> None:
    """By the channel of the last message sent; it is attributed to that step and stops the enrollment."""
    said = (await cli("reply", enrolled["P1"], "Yes, call me", "--json")).document
    assert (said["channel"], said["from"], said["kind"]) == ("sms", "+12125550101", "reply")
    assert (said["step_number"], said["node_id"], said["stopped"]) == (1, "hello", [enrolled["P1"]])
    shown = (await cli("show", enrolled["P1"], "--json")).document
    assert (shown["status"], shown["reason"], shown["next"]) == ("stopped", "replied", None)
    assert [(r["step_number"], r["body"]) for r in shown["responses"]] == [(1, "Yes, call me")]


async def test_the_same_event_twice_has_one_effect(cli: Cli, enrolled: dict[str, str]) -> None:
    """The provider's event id decides."""
    first = (await cli("reply", enrolled["P1"], "Yes", "--event-id", "e1", "--json")).document
    again = (await cli("reply", enrolled["P1"], "Yes", "--event-id", "e1", "--json")).document
    assert (first["duplicate"], again["duplicate"], first["event_id"]) == (False, True, again["event_id"])
    steps = (await cli("stats", "slow", "--json")).document["steps"]
    assert [s["responses"] for s in steps] == [1, 0]


async def test_an_opt_out_from_an_address_stops_and_suppresses(cli: Cli, enrolled: dict[str, str]) -> None:
    """The channel is seen from the address; `show` names the suppression."""
    said = (await cli("reply", "--from", "(212) 555-0101", "Stop please", "--json")).document
    assert (said["kind"], said["from"], said["stopped"]) == ("opt_out", "(212) 555-0101", [enrolled["P1"]])
    assert "suppressed: sms to +12125550101" in (await cli("show", enrolled["P1"])).out
    email = (await cli("reply", "--from", "bo@example.com", "hello", "--json")).document
    assert (email["channel"], email["stopped"]) == ("email", [enrolled["P2"]])


async def test_a_stranger_is_stored_and_a_bad_address_refused(cli: Cli, services: Settings) -> None:
    """What comes from nobody we know is kept and said to be so; what is no address is an error."""
    stranger = await cli("reply", "--from", "nobody@example.com", "who are you?")
    assert (stranger.code, "from nobody we know" in stranger.out) == (0, True)
    bad = await cli("reply", "--from", "12", "hi", "--json")
    assert (bad.code, "is no address for sms" in bad.document["error"]) == (1, True)


async def test_a_reply_names_whom_and_what(cli: Cli, bare: object) -> None:
    """An enrollment and a text, or --from and a text; anything else is wrong usage."""
    for arguments in (("only",), ("--from", "a@example.com", "two", "texts"), ()):
        assert (await cli("reply", *arguments)).code == 2, arguments


async def test_terminal_codes_in_a_reply_are_not_played_back(cli: Cli, enrolled: dict[str, str]) -> None:
    """Text from outside moves no cursor and rings no bell."""
    await cli("reply", enrolled["P1"], "\x1b[2Jgone\x07 [bold]really[/bold]")
    shown = (await cli("show", enrolled["P1"])).out
    assert "\x1b" not in shown
    assert "gone  [bold]really[/bold]" in shown


async def test_stats_are_exact_per_step_and_status(cli: Cli, enrolled: dict[str, str]) -> None:
    """Sent, pending, failed, responses, ambiguous and cancelled of every message step; enrollments by reason."""
    await cli("reply", enrolled["P1"], "Yes")
    await cli("send-now", enrolled["P2"])
    document = (await cli("stats", "slow", "--json")).document
    numbers = ("step", "type", "sent", "pending", "failed", "responses", "ambiguous", "cancelled")
    assert [tuple(step[name] for name in numbers) for step in document["steps"]] == [
        ("hello", "sms", 3, 0, 0, 1, 0, 0),
        ("more", "email", 1, 1, 0, 0, 0, 1),
    ]
    assert [tuple(count.values()) for count in document["enrollments"]] == [
        ("completed", None, 1),
        ("running", None, 1),
        ("stopped", "replied", 1),
    ]
