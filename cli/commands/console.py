"""`console`: the console's own programs, for those who change its pages."""

import os
import sys

import typer

from cli.terminal import connect, output
from local import services
from local.stack import CHECKOUT, running_stack

_SOURCE = CHECKOUT / "console"


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        help="The console's pages: build them, or serve them as they are changed. Brings a Node of its own.",
        no_args_is_help=True,
    )
    group.command("build", epilog="Example: ./touchline console build")(build)
    passing_on = {"ignore_unknown_options": True, "allow_extra_args": True}
    group.command("dev", context_settings=passing_on, epilog="Example: ./touchline console dev --port 5180")(dev)
    app.add_typer(group, name="console")


def build() -> None:
    """Build console/dist and the types of the API from their source, as they are committed."""
    _become("build", [])


def dev(context: typer.Context) -> None:
    """Serve the pages with every change of their source, before the API of `./touchline up`; arguments go to Vite."""
    settings = connect.load_settings()
    stack = running_stack(settings.state_dir)
    port = stack.api_port if stack else None
    if port is None:
        output.note("./touchline up is not running: the pages find no API until it is", "yellow")
    local = settings if port is None else settings.model_copy(update={"api_port": port})
    os.environ["TOUCHLINE_API"] = services.url_of(local)
    _become("dev", context.args)


def _become(program: str, arguments: list[str]) -> None:
    path = _SOURCE / program
    if not path.exists():
        output.note(f"{_SOURCE} is missing: the console's source is in the repository, not in the image", "red")
        raise typer.Exit(1)
    sys.stdout.flush()
    os.execv(path, [str(path), *arguments])  # noqa: S606 - our own program, no shell
