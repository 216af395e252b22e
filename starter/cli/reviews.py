"""`reviews`: inbound messages that a person should read."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import RenderableType

from starter import words
from starter.cli import connect, output, refer
from starter.cli.command import Answer, AsJson, command
from store import reviews
from store.reviews import Review

_SHOWN = 200


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "reviews", "reviews --done 1f0c2a9b", name="reviews")(review)


async def review(
    done: Annotated[
        str | None, typer.Option(metavar="ID", help="Take it off the list: its id, or the first characters of it.")
    ] = None,
    as_json: AsJson = False,
) -> Answer:
    """List messages that may be an opt-out, so that a person decides; what is --done leaves the list.

    Each has ended its sequence as a reply does, and barred nothing. If it is an opt-out, record one with
    ./touchline reply --from ADDRESS STOP.
    """
    async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
        if done is not None:
            message_id = await refer.review(tx, done)
            await reviews.resolve(tx, message_id, datetime.now(UTC))
            return Answer({"done": message_id}, [output.line(f"{refer.short(message_id)} is done")])
        found = await reviews.still_open(tx, _SHOWN)
    if not found:
        return Answer({"reviews": []}, [output.line("nothing is to be read")])
    text: list[RenderableType] = [line for item in found for line in _lines(item)]
    if len(found) == _SHOWN:
        text.append(output.line(f"the oldest {_SHOWN}; there may be more"))
    return Answer({"reviews": found}, text)


def _lines(item: Review) -> list[RenderableType]:
    who = f"{item.contact} ({item.contact_name})" if item.contact_name else item.contact or "nobody we know"
    about = f", to step {item.step_number} ({item.step}) of {item.sequence}" if item.step else ""
    return [
        output.line(
            f"{refer.short(item.id)}  {words.utc(item.at)}  {item.channel} from {item.address}, {who}{about}", "bold"
        ),
        *([output.line(f"  {item.subject}", "bold")] if item.subject else []),
        *(output.line(f"  {line}") for line in item.body.splitlines()),
        output.line(f"  doubtful: {item.detail}", "yellow"),
        output.line(f"  if it is an opt-out: ./touchline reply --from {item.address} STOP"),
        output.line(f"  when it is read: ./touchline reviews --done {refer.short(item.id)}"),
        output.line(""),
    ]
