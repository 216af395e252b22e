"""`tenant`, and what publishing makes of it."""

from pathlib import Path

import pytest

from entrypoint import Exit
from settings import Settings
from tests.cli.conftest import Cli

FOOTED = """
sequence: footed
steps:
  - {id: hello, type: email, subject: Hi, body: "Hi, {{ postal_address }}, {{ unsubscribe_url }}"}
"""


async def test_a_tenant_is_shown_and_changed(cli: Cli, services: Settings) -> None:
    """What is given is stored, an empty text is removed, everything else stays."""
    before = (await cli("tenant", "--json")).document
    assert (before["track_opens"], before["track_clicks"], before["postal_address"]) == (False, False, None)
    changed = await cli(
        "tenant", "--timezone", "Europe/Lisbon", "--help-text", "Call us.", "--postal-address", "1 Main St",
        "--track-clicks", "--opt-out-text", "", "--webhook-allow", " n8n.internal, 10.1.0.0/16,", "--json",
    )  # fmt: skip
    assert changed.code == Exit.DONE, changed
    assert changed.document == {
        **before,
        "timezone": "Europe/Lisbon",
        "help_text": "Call us.",
        "postal_address": "1 Main St",
        "track_clicks": True,
        "opt_out_text": None,
        "webhook_allow": ["n8n.internal", "10.1.0.0/16"],
        "changed": True,
    }
    assert (await cli("tenant", "--json")).document == {**changed.document, "changed": False}
    shown = await cli("tenant")
    assert "1 Main St" in shown.out
    assert "TOUCHLINE_PUBLIC_URL" in shown.out, "tracking needs it"


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--timezone", "Denver", "not a time zone"),
        ("--help-text", "x" * 1601, "longer than the 1,600 characters"),
        ("--webhook-allow", "http://n8n", "'http://n8n' is neither a host name nor a network"),
        ("--webhook-allow", "any", "would open the network"),
        ("--webhook-allow", "n8n.internal,0.0.0.0/0", "'0.0.0.0/0' would open the network"),
        ("--webhook-allow", "::/0", "would open the network"),
    ],
)
async def test_what_makes_no_sense_is_refused(cli: Cli, services: Settings, option: str, value: str, said: str) -> None:
    """Nothing is stored, and the fault is named."""
    refused = await cli("tenant", option, value)
    assert refused.code == Exit.REFUSED
    assert said in refused.err


async def test_publishing_asks_for_what_the_sender_has_to_give(
    cli: Cli, services: Settings, bare: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A sequence whose texts name the sender's fields is refused, with the fix, until both have a value."""
    file = tmp_path / "footed.yaml"
    file.write_text(FOOTED)
    assert (await cli("check", file)).code == Exit.DONE
    refused = await cli("publish", file)
    assert refused.code == Exit.UNREACHABLE
    assert "`postal_address`" in refused.err
    assert "set the tenant's postal address" in refused.err
    await cli("tenant", "--postal-address", "1 Main St")
    refused = await cli("publish", file)
    assert refused.code == Exit.UNREACHABLE
    assert "`unsubscribe_url`" in refused.err
    assert "TOUCHLINE_PUBLIC_URL" in refused.err
    bare.setenv("TOUCHLINE_PUBLIC_URL", "https://mail.example.com")
    bare.setenv("TOUCHLINE_SECRET_KEYS", "k" * 32)
    assert (await cli("publish", file)).code == Exit.DONE
