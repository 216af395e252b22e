"""`tenant`: what a workspace has decided about all of its messages."""

from dataclasses import asdict, replace
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from content.allow_list import ANY, allow_list
from content.compose import MAX_TEXT
from domain.errors import NotFound
from scheduling.zones import is_zone
from settings import Settings
from starter.cli import connect, output
from starter.cli.command import Answer, AsJson, Refused, command
from store import tenants
from store.tenants import Tenant


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(
        app,
        "tenant --timezone America/Denver --track-clicks",
        "tenant --postal-address 'Acme Inc., 1 Main St, Denver CO 80202'",
        "tenant --webhook-allow n8n.internal,10.1.0.0/16",
        name="tenant",
    )(show_tenant)


async def show_tenant(
    timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="For contacts whose own is unknown, such as America/Denver.")
    ] = None,
    help_text: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What HELP by text message is answered with.")
    ] = None,
    opt_out_text: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What confirms an opt-out by text message.")
    ] = None,
    postal_address: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="The merge field {{ postal_address }} of emails.")
    ] = None,
    track_opens: Annotated[
        bool | None, typer.Option("--track-opens/--no-track-opens", help="Put an open picture into HTML emails.")
    ] = None,
    track_clicks: Annotated[
        bool | None, typer.Option("--track-clicks/--no-track-clicks", help="Lead links of HTML emails by way of us.")
    ] = None,
    webhook_allow: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Hosts and networks (CIDR) that webhooks may call although they are not public, by commas.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> Answer:
    """Show what this workspace has decided about all of its messages, or change it.

    An empty text removes what is stored. Changes hold for messages that are rendered from now on.
    """
    given: dict[str, Any] = {
        "timezone": timezone,
        "help_text": help_text,
        "opt_out_text": opt_out_text,
        "postal_address": postal_address,
        "track_opens": track_opens,
        "track_clicks": track_clicks,
    }
    changes: dict[str, Any] = {
        name: (value.strip() or None) if isinstance(value, str) else value
        for name, value in given.items()
        if value is not None
    }
    if webhook_allow is not None:
        changes["webhook_allow"] = _listed(webhook_allow)
    _check(changes)
    async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
        found = await tenants.read(tx)
        if found is None:
            raise NotFound(f"no such tenant {settings.tenant}", hint=connect.NO_TENANT)
        tenant = replace(found, **changes)
        if changes:
            await tenants.change(tx, tenant)
    return Answer({**asdict(tenant), "changed": tenant != found}, _lines(tenant, settings))


def _listed(entries: str) -> tuple[str, ...]:
    listed = tuple(dict.fromkeys(entry.strip() for entry in entries.split(",") if entry.strip()))
    try:
        if allow_list(listed).everything:
            raise ValueError(f"{ANY!r} would open the network that we run in to every author")
    except ValueError as error:
        raise Refused(f"the allow list makes no sense: {error}", hint="write it as n8n.internal,10.1.0.0/16") from error
    return listed


def _check(changes: dict[str, Any]) -> None:
    if "timezone" in changes and not is_zone(changes["timezone"] or ""):
        raise Refused(f"{changes['timezone'] or ''!r} is not a time zone", hint="write it as America/New_York")
    for name in ("help_text", "opt_out_text"):
        if len(changes.get(name) or "") > MAX_TEXT:
            raise Refused(f"{name} is longer than the {MAX_TEXT:,} characters of a text message", hint="shorten it")


def _lines(tenant: Tenant, settings: Settings) -> list[RenderableType]:
    lines: list[RenderableType] = [
        output.table(
            None,
            ("", ""),
            [
                ("tenant", f"{tenant.name} ({tenant.id})"),
                ("time zone", tenant.timezone),
                ("help text", tenant.help_text or "none: HELP is not answered"),
                ("opt-out text", tenant.opt_out_text or "none: an opt-out is not confirmed"),
                ("postal address", tenant.postal_address or "none: {{ postal_address }} has no value"),
                ("track opens", "yes" if tenant.track_opens else "no"),
                ("track clicks", "yes" if tenant.track_clicks else "no"),
                ("webhooks also to", ", ".join(tenant.webhook_allow) or "nothing that is not public"),
            ],
        )
    ]
    if (tenant.track_opens or tenant.track_clicks) and not settings.public_url:
        lines.append(output.line("nothing is tracked before TOUCHLINE_PUBLIC_URL says where links lead"))
    if tenant.webhook_allow and not settings.webhook_allow:
        lines.append(output.line("TOUCHLINE_WEBHOOK_ALLOW is empty, so webhooks go to nothing that is not public"))
    return lines
