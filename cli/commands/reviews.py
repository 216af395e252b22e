"""`reviews`: inbound messages that may be opt-outs."""

from typing import Annotated

import typer
from rich.console import RenderableType

from cli.terminal import connect, output, short_ids
from cli.terminal.command import Answer, AsJson, command
from starter import humanize
from starter.inbound import reviews as starter
from store.inbound import reviews
from store.inbound.reviews import Review

_SHOWN = 200


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "reviews", "reviews --opt-out 1f0c2a9b", "reviews --no-opt-out 1f0c2a9b", name="reviews")(review)


async def review(
    opt_out: Annotated[
        str | None, typer.Option(metavar="ID", help="It is one: its id, or the first characters of it.")
    ] = None,
    no_opt_out: Annotated[
        str | None, typer.Option("--no-opt-out", metavar="ID", help="It is none: the address may be written to again.")
    ] = None,
    as_json: AsJson = False,
) -> Answer:
    """List messages that may be opt-outs, so that a person decides.

    Each has ended its sequence as a reply does. Nothing more is sent to its address on its channel, by any sequence,
    until somebody decides; how long that may take says ./touchline tenant --review-days.
    """
    named = [(name, decides) for name, decides in ((opt_out, True), (no_opt_out, False)) if name is not None]
    if named:
        async with connect.engine(lazy=True) as engine:
            text: list[RenderableType] = []
            decided = {}
            for name, decides in named:
                async with engine.transaction() as tx:
                    message_id = await short_ids.review(tx, name)
                made = await starter.decide(engine, message_id, opt_out=decides)
                decided[str(message_id)] = made.decision
                text.append(output.line(f"{short_ids.short(message_id)} is {'an' if decides else 'no'} opt-out"))
        return Answer({"decided": decided}, text)
    async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
        found = await reviews.still_open(tx, _SHOWN)
    if not found:
        return Answer({"reviews": []}, [output.line("nothing is to be read")])
    text = [line for item in found for line in _lines(item)]
    if len(found) == _SHOWN:
        text.append(output.line(f"the oldest {_SHOWN}; there may be more"))
    return Answer({"reviews": found}, text)


def _lines(item: Review) -> list[RenderableType]:
    who = f"{item.contact} ({item.contact_name})" if item.contact_name else item.contact or "nobody we know"
    about = f", to step {item.step_number} ({item.step}) of {item.sequence}" if item.step else ""
    return [
        output.line(
            f"{short_ids.short(item.id)}  {humanize.utc(item.at)}  {item.channel} from {item.address}, {who}{about}",
            "bold",
        ),
        *([output.line(f"  {item.subject}", "bold")] if item.subject else []),
        *(output.line(f"  {line}") for line in item.body.splitlines()),
        output.line(f"  doubtful: {item.detail}", "yellow"),
        output.line(f"  it is an opt-out:     ./touchline reviews --opt-out {short_ids.short(item.id)}"),
        output.line(f"  it is none:           ./touchline reviews --no-opt-out {short_ids.short(item.id)}"),
        *(
            [output.line(f"  counts as an opt-out: from {humanize.utc(item.counts_from)} on")]
            if item.counts_from is not None
            else []
        ),
        output.line(""),
    ]
