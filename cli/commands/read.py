"""`read`: how a message would be read, and why."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from cli.terminal import output
from cli.terminal.command import Answer, AsJson, command
from content.inbound_mail.read import read as read_mail
from domain.errors import Unfit
from domain.events import InboundMessage
from domain.messages import Channel
from starter.inbound import reading
from starter.inbound.reading import Explanation

_CHANNELS = tuple(channel.value for channel in Channel if channel is not Channel.WEBHOOK)


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "read answer.eml", "read --text 'no more of these please' --channel sms", name="read")(read)


def _channel(value: str) -> str:
    if value not in _CHANNELS:
        raise typer.BadParameter(f"there are {', '.join(_CHANNELS)}")
    return value


async def read(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE.eml", show_default=False, help="A whole email, headers first.")
    ] = None,
    text: Annotated[str | None, typer.Option(metavar="TEXT", help="What somebody wrote.")] = None,
    channel: Annotated[
        str, typer.Option(metavar="CHANNEL", help=f"Of --text: {', '.join(_CHANNELS)}.", callback=_channel)
    ] = Channel.SMS.value,
    as_json: AsJson = False,
) -> Answer:
    """Say how a message would be read and why: which words, which rule, what score. Nothing is recorded.

    What the message that it answers says is not known here: POST /reading looks that up as well.
    """
    if (file is None) == (text is None):
        raise typer.BadParameter("give either FILE.eml or --text TEXT")
    now = datetime.now(UTC)
    if file is None:
        read = [reading.explain_message(reading.said_in(Channel(channel), text or "", now))]
    else:
        try:
            raw = file.read_bytes()
        except OSError as error:
            raise Unfit(f"{file} cannot be read: {error.strerror}", hint="name a file that holds one email") from error
        read = [
            reading.explain_message(one) if isinstance(one, InboundMessage) else reading.explain_report(one)
            for one in read_mail(raw, provider="email", at=now)
        ]
    return Answer({"readings": read}, [line for one in read for line in _lines(one)])


_SAID = {
    "barred": "an opt-out: the address is barred, and its sequences end",
    "held": "may be an opt-out: the address is held until somebody decides, and the sequence ends as by a reply",
    "lifted": "START: lifts an opt-out, and is a reply where there is none",
    "answered": "HELP: is answered with the tenant's help text",
    "stopped": "a reply: the sequence ends, nothing is barred",
    "nothing": "an automatic answer: it ends nothing",
    "reported": "a report about a message of ours",
}


def _lines(one: Explanation) -> list[RenderableType]:
    rows = [
        ("rule", one.rule),
        ("words", one.words),
        ("score", None if one.score is None else f"{one.score / 100:+.2f} (log-odds of an opt-out)"),
        ("from", one.sender),
        ("subject", one.subject),
        ("back on", None if one.returns_on is None else str(one.returns_on)),
        ("report", one.detail and f"{one.type}: {one.detail}"),
        ("judged", one.text),
    ]
    shown = [(name, value) for name, value in rows if value]
    return [output.line(_SAID[one.effect], "bold"), *([output.table(None, ("", ""), shown)] if shown else [])]
