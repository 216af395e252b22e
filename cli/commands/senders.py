"""`senders`: where messages go out from."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import asyncpg
import typer
from rich.console import RenderableType

from cli.terminal import connect, output
from cli.terminal.command import Answer, AsJson, command
from domain.errors import NotFound
from domain.messages import Channel
from starter.workspace import senders as starter
from store.workspace import senders
from store.workspace.senders import Sender, SendingChannel

_SHOWN = 500
_CHANNELS: dict[str, SendingChannel] = {
    "email": Channel.EMAIL,
    "sms": Channel.SMS,
    "whatsapp": Channel.WHATSAPP,
}


def _known(channel: str) -> str:
    if channel not in _CHANNELS:
        raise typer.BadParameter(f"there are {', '.join(_CHANNELS)}")
    return channel


OfChannel = Annotated[str, typer.Argument(metavar="CHANNEL", help="email, sms or whatsapp.", callback=_known)]
Address = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="An email address, a phone number, or a messaging service (MG…).")
]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Addresses that messages go out from.", no_args_is_help=True)
    command(group, "senders add email hello@acme.example --name Acme", name="add")(add)
    command(group, "senders list", name="list")(list_senders)
    command(group, "senders default email hello@acme.example", name="default")(make_default)
    command(group, "senders remove email hello@acme.example", name="remove")(remove)
    app.add_typer(group, name="senders")


async def add(
    channel: OfChannel,
    address: Address,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Shown beside an email address.")] = None,
    default: Annotated[bool, typer.Option("--default", help="New messages go out from here.")] = False,
    as_json: AsJson = False,
) -> Answer:
    """Add an address; a channel's first one is its default. Whether the provider may send from it is not checked."""
    async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
        made = await starter.add(
            tx,
            _CHANNELS[channel],
            address,
            (name or "").strip() or None,
            default=default,
            region=settings.default_region,
            now=datetime.now(UTC),
        )
    return Answer(made, [output.line(_said(made))])


async def list_senders(as_json: AsJson = False) -> Answer:
    """List the addresses by channel; a channel without one uses the installation's own."""
    async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
        found = await senders.listed(tx, behind=None, limit=_SHOWN)
    listed: RenderableType = (
        output.table(
            None,
            ("channel", "address", "name", "default"),
            ((s.channel, s.address, s.name or "", "yes" if s.is_default else "") for s in found),
        )
        if found
        else output.line("none: messages go out from the addresses of the settings")
    )
    return Answer({"senders": found}, [listed])


async def make_default(channel: OfChannel, address: Address, as_json: AsJson = False) -> Answer:
    """Let new messages of a channel go out from one of its addresses."""
    async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
        sender = await starter.make_default(tx, await _named(tx, channel, address, settings.default_region))
    return Answer(sender, [output.line(_said(sender))])


async def remove(channel: OfChannel, address: Address, as_json: AsJson = False) -> Answer:
    """Remove an address; a message whose sending has begun keeps it."""
    async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
        await starter.remove(tx, await _named(tx, channel, address, settings.default_region))
    return Answer({"channel": channel, "address": address, "removed": True}, [output.line(f"{address} is removed")])


async def _named(tx: asyncpg.Connection, channel: str, address: str, region: str) -> UUID:
    normal = starter.normal(_CHANNELS[channel], address, region)
    found = await senders.named(tx, _CHANNELS[channel], normal)
    if found is None:
        raise NotFound(f"{normal} is no sender of {channel}", hint="./touchline senders list shows them")
    return found


def _said(sender: Sender) -> str:
    rest = "is where new messages go out from" if sender.is_default else "can be made the default"
    return f"{sender.address} ({sender.channel}) {rest}"
