"""`tenant`: what a workspace has decided about all of its messages."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, get_args

import typer
from rich.console import RenderableType

from cli.terminal import connect, output
from cli.terminal.command import Answer, AsJson, Refused, command
from domain.events import LeavingPolicy
from domain.plan import AmbiguousPolicy
from settings import Settings
from starter.workspace import tenant_settings as starter
from store.workspace.tenant_settings import Tenant


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(
        app,
        "tenant --timezone America/Denver --track-clicks",
        "tenant --postal-address 'Acme Inc., 1 Main St, Denver CO 80202'",
        "tenant --holidays 2026-12-24,2026-12-31",
        "tenant --webhook-allow n8n.internal,10.1.0.0/16",
        name="tenant",
    )(show_tenant)


_POLICIES = ", ".join(get_args(AmbiguousPolicy))
_LEAVING = ", ".join(get_args(LeavingPolicy))


def _policy(value: str | None) -> str | None:
    if value is not None and value not in get_args(AmbiguousPolicy):
        raise typer.BadParameter(f"there are {_POLICIES}")
    return value


def _leaving(value: str | None) -> str | None:
    if value is not None and value not in get_args(LeavingPolicy):
        raise typer.BadParameter(f"there are {_LEAVING}")
    return value


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
    holidays: Annotated[
        str | None,
        typer.Option(metavar="DATES", help="Days on which nobody is written to, by commas, such as 2026-12-24."),
    ] = None,
    review_days: Annotated[
        int | None,
        typer.Option(
            metavar="DAYS",
            help="When a message that may be an opt-out, and that nobody judged, counts as one; 0: never.",
        ),
    ] = None,
    on_ambiguous: Annotated[
        str | None,
        typer.Option(
            metavar="POLICY",
            help=f"For sequences that name none, of a message that may have gone out: {_POLICIES}.",
            callback=_policy,
        ),
    ] = None,
    on_left: Annotated[
        str | None,
        typer.Option(
            metavar="POLICY",
            help=f"Of a contact who no longer works there, an answer says; a person is told either way: {_LEAVING}.",
            callback=_leaving,
        ),
    ] = None,
    tenant: connect.InTenant = None,
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
        "webhook_allow": None if webhook_allow is None else tuple(webhook_allow.split(",")),
        "holidays": None if holidays is None else _dates(holidays),
        "review_days": review_days,
        "on_ambiguous": on_ambiguous,
        "on_left": on_left,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    async with connect.database(tenant) as (settings, database), database.transaction(settings.tenant) as tx:
        before, now = await starter.change(tx, changes)
    return Answer({**asdict(now), "changed": now != before}, _lines(now, settings))


def _dates(text: str) -> tuple[date, ...]:
    try:
        return tuple(date.fromisoformat(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise Refused(f"the holidays make no sense: {error}", hint="write them as 2026-12-24,2026-12-31") from error


_LEFT: dict[LeavingPolicy, str] = {
    "end": "their sequences on the channel end",
    "hold": "their address is held until somebody decides",
}


def _deadline(tenant: Tenant) -> str:
    if tenant.review_days is None:
        return "until somebody decides"
    return f"an opt-out after {tenant.review_days} days without a decision"


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
                ("holidays", ", ".join(map(str, tenant.holidays)) or "none of its own"),
                ("reviews", _deadline(tenant)),
                ("in doubt", f"{tenant.on_ambiguous}, where the sequence names no policy"),
                ("who has left", _LEFT[tenant.on_left]),
                ("webhooks also to", ", ".join(tenant.webhook_allow) or "nothing that is not public"),
            ],
        )
    ]
    if (tenant.track_opens or tenant.track_clicks) and not settings.public_url:
        lines.append(output.line("nothing is tracked before TOUCHLINE_PUBLIC_URL says where links lead"))
    if tenant.webhook_allow and not settings.webhook_allow:
        lines.append(output.line("TOUCHLINE_WEBHOOK_ALLOW is empty, so webhooks go to nothing that is not public"))
    return lines
