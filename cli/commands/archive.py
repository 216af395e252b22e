"""`archive`: the end of a sequence."""

from typing import Annotated

import typer

from cli.terminal import connect, output
from cli.terminal.command import Answer, AsJson, command
from starter.sequences import archive as starter


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "archive quick-tour", "archive quick-tour --stop")(archive)


async def archive(
    sequence: Annotated[str, typer.Argument(metavar="SEQUENCE", show_default=False, help="Key of the sequence.")],
    stop: Annotated[bool, typer.Option("--stop", help="Stop those who are in it; otherwise they finish.")] = False,
    as_json: AsJson = False,
) -> Answer:
    """Enroll nobody any more; those who are in the sequence finish, or are stopped with --stop.

    `resume --sequence` takes it back, but for those who were stopped.
    """
    async with connect.engine() as engine:
        done = await starter.archive(engine, sequence, stop=stop)
    document = {"sequence": sequence, "status": "archived", **vars(done)}
    said = f"{done.stopped} were stopped" if stop else f"{done.finishing} live enrollments go on to their end"
    return Answer(document, [output.line(f"{sequence} is archived; {said}")])
