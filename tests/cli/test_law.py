"""The law's hours at the command line."""

import pytest

from entrypoint import Exit
from settings import Settings
from tests.cli.conftest import Cli

EVENING = "2026-12-23T21:30-05:00"


async def test_what_applies_to_a_number_is_said_with_its_source(cli: Cli, services: Settings) -> None:
    """Both rules of Florida, which is closed, and when it opens by the clock of whoever has the number."""
    for rule in ("us-federal", "us-fl"):
        assert (await cli("law", "enforce", rule, "--reason", "we mean it")).code == Exit.DONE
    shown = await cli("law", "show", "--number", "+13052345678", "--at", EVENING)
    assert shown.code == Exit.DONE, shown
    assert "✖ us-fl: 08:00–20:00 (America/New_York)" in shown.out
    assert "Fla. Stat. 501.616" in shown.out
    assert "a message may go from 2026-12-24 08:00 EST on" in shown.out


async def test_a_rule_is_ignored_and_a_region_blocked_on_record(cli: Cli, services: Settings) -> None:
    """Each decision keeps its reason; a block that is withdrawn holds no longer."""
    await cli("law", "ignore", "us-al", "--reason", "counsel")
    made = await cli(
        "law", "block", "US-LA", "2999-08-30T00:00-05:00", "2999-09-17T18:00-05:00", "--source", "LPSC", "--json"
    )
    assert made.code == Exit.DONE, made
    listed = (await cli("law", "rules", "--json")).document
    assert [one["jurisdiction"] for one in listed["blocks"]] == ["US-LA"]
    assert {one["rule"]: one["enforced"] for one in listed["rules"]}["us-al"] is False
    assert (await cli("law", "unblock", listed["blocks"][0]["id"], "--reason", "lifted")).code == Exit.DONE
    assert (await cli("law", "rules", "--json")).document["blocks"] == []
    kept = (await cli("law", "decisions", "--json")).document["decisions"]
    assert [(one["reason"], one["withdrawn"]) for one in kept] == [
        ("lifted", True),
        ("LPSC", False),
        ("counsel", False),
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("enforce", "us-xx", "--reason", "x"), Exit.REFUSED, "there is no rule 'us-xx'"),
        (("ignore", "us-fl", "--reason", " "), Exit.REFUSED, "reason: it is empty"),
        (("show",), Exit.REFUSED, "neither a contact nor a number"),
        (("show", "--number", "12"), Exit.REFUSED, "number:"),
        (("show", "--contact", "nobody"), Exit.REFUSED, "no contact 'nobody'"),
        (("show", "--number", "+13052345678", "--at", "2026-12-23T21:30"), Exit.REFUSED, "the time has no zone"),
        (("show", "--number", "+13052345678", "--at", "soon"), 2, "is no time"),
        (("show", "--number", "+13052345678", "--channel", "fax"), 2, "sms, whatsapp and email"),
        (("block", "US-XX", "2999-01-01T00:00Z", "2999-01-02T00:00Z", "--source", "x"), Exit.REFUSED, "no region"),
        (("block", "US-LA", "2999-01-02T00:00Z", "2999-01-01T00:00Z", "--source", "x"), Exit.REFUSED, "not after"),
        (("block", "US-LA", "2019-01-01T00:00Z", "2019-01-02T00:00Z", "--source", "x"), Exit.REFUSED, "over already"),
        (("unblock", "00000000-0000-4000-8000-00000000000f", "--reason", "x"), Exit.REFUSED, "no such block"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    cli: Cli, services: Settings, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """The fault is named, and nothing is decided."""
    refused = await cli("law", *arguments)
    assert (refused.code, said in refused.err) == (code, True), refused
    assert (await cli("law", "decisions", "--json")).document == {"decisions": []}
