"""`read`: how a message would be read, and why; nothing is recorded."""

from pathlib import Path

from tests.cli.conftest import Cli

_MAIL = """From: Jane <jane@example.com>
To: us@example.org
Subject: Re: Your roof

Please take me off your list.

Best regards,
Jane Example

This email is confidential. If you are not the intended recipient, delete it and notify the sender.
"""


async def test_a_text_is_read_with_its_reason(cli: Cli) -> None:
    """The effect, the rule, the words; one line says what would happen."""
    before = (await cli("conversation", "--unknown")).out
    [one] = (await cli("read", "--text", "STOP", "--channel", "whatsapp", "--json")).document["readings"]
    assert (one["effect"], one["rule"], one["words"], one["score"]) == ("barred", "keyword", "stop", None)
    [held] = (await cli("read", "--text", "wrong number", "--json")).document["readings"]
    assert (held["effect"], held["rule"], held["words"]) == ("held", "phrase", "wrong number")
    shown = (await cli("read", "--text", "Yes, call me")).out
    assert "a reply: the sequence ends, nothing is barred" in shown
    assert (await cli("conversation", "--unknown")).out == before


async def test_a_mail_is_read_as_it_would_come_in(cli: Cli, tmp_path: Path) -> None:
    """What is not its author's is left out of what was judged; a bounce is told as what it reports."""
    file = tmp_path / "answer.eml"
    file.write_text(_MAIL)
    [one] = (await cli("read", str(file), "--json")).document["readings"]
    assert (one["effect"], one["text"]) == ("barred", "Please take me off your list.")
    assert (one["sender"], one["subject"]) == ("jane@example.com", "Re: Your roof")


async def test_what_is_no_message_is_refused(cli: Cli, tmp_path: Path) -> None:
    """With the reason, and nothing else is said."""
    for arguments in ((), ("--text", "x", "--channel", "pigeon"), ("a.eml", "--text", "x")):
        assert (await cli("read", *arguments)).code == 2
    assert (await cli("read", str(tmp_path / "nothing.eml"))).code == 1
    empty = tmp_path / "empty.eml"
    empty.write_bytes(b"")
    assert (await cli("read", str(empty))).code == 1
