"""`tenants`: the workspaces of this installation."""

from dataclasses import asdict
from typing import Annotated

import typer

from cli.terminal import connect, output
from cli.terminal.command import Answer, AsJson, command
from starter import humanize
from starter.workspace import tenants as starter
from starter.workspace.tenants import DEFAULT_ZONE
from store.workspace import tenants


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="The workspaces of this installation: make and list them.", no_args_is_help=True)
    command(group, "tenants add Acme --timezone America/Denver", name="add")(add)
    command(group, "tenants list", name="list")(list_tenants)
    app.add_typer(group, name="tenants")


async def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is, such as Acme; no two have the same.")],
    timezone: Annotated[
        str, typer.Option(metavar="ZONE", help="For contacts whose own is unknown, such as America/Denver.")
    ] = DEFAULT_ZONE,
    as_json: AsJson = False,
) -> Answer:
    """Make a workspace and print its id. Needs the role that owns the tables, as migrate does.

    What belongs to it is seen by nobody else. Workers serve it at once; its first API key is made by the command
    that is printed.
    """
    async with connect.owner() as (_, tx):
        made = await starter.add(tx, name, timezone)
    first_key = f"./touchline keys create admin --scope read --scope write --scope admin --tenant {made.id}"
    return Answer(
        {**asdict(made), "first_key": first_key},
        [
            output.line(str(made.id), "bold"),
            output.line(f"Its first API key: {first_key}"),
            output.line(f"Its settings: ./touchline tenant --tenant {made.id}"),
            output.line(f"Every other command acts in it with TOUCHLINE_TENANT={made.id}"),
        ],
    )


async def list_tenants(as_json: AsJson = False) -> Answer:
    """List the workspaces, and how many API keys open each. Needs the role that owns the tables."""
    async with connect.owner() as (settings, tx):
        found = await tenants.listed(tx)
    return Answer(
        {"tenants": [{**asdict(one), "current": one.id == settings.tenant} for one in found]},
        [
            output.table(
                None,
                ("tenant", "name", "time zone", "made (UTC)", "keys", ""),
                (
                    (
                        one.id,
                        one.name,
                        one.timezone,
                        humanize.clock(one.created_at),
                        one.api_keys,
                        "commands act in this one" if one.id == settings.tenant else "",
                    )
                    for one in found
                ),
                right="keys",
            )
        ],
    )
