"""`keys`: who may use the API."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, cast, get_args

import typer
from rich.console import RenderableType

from cli.terminal import connect, output
from cli.terminal.command import Answer, AsJson, Refused, command
from starter import humanize
from store.workspace import api_keys
from store.workspace.api_keys import Scope

Name = Annotated[str, typer.Argument(metavar="NAME", help="What uses it, such as crm.")]


_SCOPES = ", ".join(get_args(Scope))


def _known(scopes: list[str]) -> list[str]:
    if unknown := set(scopes) - set(get_args(Scope)):
        raise typer.BadParameter(f"no such scope: {', '.join(sorted(unknown))}; there are {_SCOPES}")
    return scopes


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Keys of the API: make, list and revoke them.", no_args_is_help=True)
    command(group, "keys create crm --scope read --scope write", name="create")(create)
    command(group, "keys list", name="list")(list_keys)
    command(group, "keys revoke crm", name="revoke")(revoke)
    app.add_typer(group, name="keys")


async def create(
    name: Name,
    scope: Annotated[
        list[str],
        typer.Option(metavar="SCOPE", help=f"What it may do: {_SCOPES}; may be given several times.", callback=_known),
    ],
    tenant: connect.InTenant = None,
    as_json: AsJson = False,
) -> Answer:
    """Make a key and show it: this once, for it is kept as a hash alone."""
    name = name.strip()
    if not name:
        raise Refused("a key needs a name", hint="say what uses it, such as crm")
    scopes = cast(set[Scope], set(scope))
    async with connect.database(tenant) as (settings, database), database.transaction(settings.tenant) as tx:
        key = await api_keys.create(tx, settings.tenant, name, scopes, datetime.now(UTC))
    return Answer(
        {"name": name, "scopes": sorted(scopes), "key": key},
        [output.line(key, "bold"), output.line("Shown this once. Use it as: Authorization: Bearer tl_…")],
    )


async def list_keys(tenant: connect.InTenant = None, as_json: AsJson = False) -> Answer:
    """List the keys, revoked ones among them; never the keys themselves."""
    async with connect.database(tenant) as (settings, database), database.transaction(settings.tenant) as tx:
        found = await api_keys.listed(tx)
    listed: RenderableType = (
        output.table(
            None,
            ("name", "scopes", "made (UTC)", "last used", "revoked"),
            (
                (
                    key.name,
                    ", ".join(key.scopes),
                    *map(humanize.clock, (key.created_at, key.last_used_at, key.revoked_at)),
                )
                for key in found
            ),
        )
        if found
        else output.line("no keys; ./touchline keys create NAME --scope read makes one")
    )
    return Answer({"keys": [asdict(key) for key in found]}, [listed])


async def revoke(name: Name, tenant: connect.InTenant = None, as_json: AsJson = False) -> Answer:
    """Revoke a key: from now on it opens nothing. Its name is not given again."""
    async with connect.database(tenant) as (settings, database), database.transaction(settings.tenant) as tx:
        await api_keys.revoke(tx, name, datetime.now(UTC))
    return Answer({"name": name, "revoked": True}, [output.line(f"{name} is revoked")])
