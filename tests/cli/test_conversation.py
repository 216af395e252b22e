"""`conversation` and `reviews`: what was said, and what a person should read of it."""

from tests.cli.conftest import Cli

_DOUBTFUL = "Stop working on it"


async def test_a_conversation_shows_both_directions_in_order_of_time(cli: Cli, enrolled: dict[str, str]) -> None:
    """Each message with its sequence and step, in the contact's own time."""
    await cli("reply", enrolled["P1"], "Yes, call me")
    document = (await cli("conversation", "P1", "--json")).document
    assert (document["contact"]["external_id"], document["contact"]["zone"]) == ("P1", "America/New_York")
    said = [(m["direction"], m["kind"], m["body"], m["sequence"], m["step_number"]) for m in document["messages"]]
    assert said == [("out", "step", "Hi Ada", "slow", 1), ("in", "reply", "Yes, call me", "slow", 1)]
    assert {m["enrollment_id"] for m in document["messages"]} == {enrolled["P1"]}
    text = (await cli("conversation", "P1")).out
    assert text.index("Hi Ada") < text.index("Yes, call me")
    assert "in America/New_York  sms from +12125550101, reply, to step 1 (hello) of slow" in text
    newest = (await cli("conversation", "P1", "--limit", "1")).out
    assert "only the newest 1" in newest
    assert "Hi Ada" not in newest


async def test_strangers_are_in_nobodys_conversation(cli: Cli, enrolled: dict[str, str]) -> None:
    """What comes from an address that nobody has is listed by itself."""
    assert "nothing came" in (await cli("conversation", "--unknown")).out
    await cli("reply", "--from", "+13125550199", "Who is this?")
    listed = (await cli("conversation", "--unknown", "--json")).document["messages"]
    assert [(m["address"], m["body"], m["enrollment_id"]) for m in listed] == [("+13125550199", "Who is this?", None)]
    assert "Who is this?" not in (await cli("conversation", "P1")).out


async def test_a_conversation_needs_somebody(cli: Cli, enrolled: dict[str, str]) -> None:
    """A contact or --unknown, not both and not neither; somebody unknown is refused by name."""
    assert [(await cli("conversation", *given)).code for given in ((), ("P1", "--unknown"))] == [2, 2]
    nobody = await cli("conversation", "P9", "--json")
    assert (nobody.code, nobody.document["error"]) == (1, "no contact 'P9'")


async def test_a_doubtful_message_is_listed_until_it_is_done(cli: Cli, enrolled: dict[str, str]) -> None:
    """It names the contact, the step and the words in doubt; done once, it is gone and cannot be done again."""
    assert (await cli("reviews", "--json")).document == {"reviews": []}
    await cli("reply", enrolled["P1"], _DOUBTFUL)
    [item] = (await cli("reviews", "--json")).document["reviews"]
    assert (item["contact"], item["step_number"], item["reason"]) == ("P1", 1, "doubtful_opt_out")
    assert item["detail"].lower() in item["body"].lower()
    assert "may be an opt-out" in (await cli("conversation", "P1")).out
    shown = (await cli("reviews")).out
    assert f"--opt-out {item['id'][:8]}" in shown
    assert f"--no-opt-out {item['id'][:8]}" in shown
    decided = (await cli("reviews", "--no-opt-out", item["id"][:8], "--json")).document
    assert decided == {"decided": {item["id"]: "no_opt_out"}}
    assert "nothing is to be read" in (await cli("reviews")).out
    assert "may be an opt-out" not in (await cli("conversation", "P1")).out
    other = await cli("reviews", "--opt-out", item["id"], "--json")
    assert (other.code, other.document["error"]) == (1, "this message was decided already: no opt-out")


async def test_show_says_what_was_heard_of_each_message(cli: Cli, enrolled: dict[str, str]) -> None:
    """An answered message says so, beside its state."""
    await cli("reply", enrolled["P1"], "Yes")
    [sent, *_] = (await cli("show", enrolled["P1"], "--json")).document["messages"]
    assert (sent["answered_at"] is None, sent["opened_at"], sent["delivery"]) == (False, None, None)
    assert "answered" in (await cli("show", enrolled["P1"])).out
