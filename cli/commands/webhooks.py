"""`webhooks`: who is told of what happens, and what became of each document."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, cast, get_args
from uuid import UUID

import typer
from rich.console import RenderableType

from cli.terminal import connect, output
from cli.terminal.command import Answer, AsJson, command
from starter import humanize
from starter.changes import subscriptions as starter
from starter.changes.subscriptions import LONGEST_OVERLAP, Wanted
from store.changes import subscriptions
from store.changes.changes import TYPES, ChangeType
from store.changes.subscriptions import Delivery, DeliveryState, Subscription

_SHOWN = 200
_OVERLAP_HOURS = 24

Id = Annotated[UUID, typer.Argument(metavar="ID", help="The subscription's id.")]
Url = Annotated[str, typer.Option("--url", metavar="URL", help="Where to.")]


def _known(types: list[str] | None) -> list[str]:
    if unknown := set(types or ()) - set(TYPES):
        raise typer.BadParameter(f"no such type: {', '.join(sorted(unknown))}; there are {', '.join(TYPES)}")
    return types or []


Types = Annotated[
    list[str] | None,
    typer.Option("--type", metavar="TYPE", help="Of what; may be given several times.", callback=_known),
]
TestRuns = Annotated[
    bool | None,
    typer.Option(
        "--test-runs/--no-test-runs", help="Whether also of test runs (isTest in each document); not unless said."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Webhooks out: tell other systems what happens.", no_args_is_help=True)
    command(group, "webhooks create --url https://crm.example.com/hook --type enrollment.completed", name="create")(
        create
    )
    command(group, "webhooks list", name="list")(list_subscriptions)
    command(group, "webhooks change 1f0c… --off", "webhooks change 1f0c… --on", name="change")(change)
    command(group, "webhooks rotate 1f0c… --overlap-hours 24", name="rotate")(rotate)
    command(group, "webhooks delete 1f0c…", name="delete")(delete)
    command(group, "webhooks deliveries 1f0c… --state failed", name="deliveries")(deliveries)
    command(group, "webhooks redeliver 7d2e…", name="redeliver")(redeliver)
    app.add_typer(group, name="webhooks")


async def create(
    url: Url,
    type: Types = None,
    description: Annotated[str, typer.Option(metavar="TEXT", help="Whose it is.")] = "",
    test_runs: TestRuns = None,
    as_json: AsJson = False,
) -> Answer:
    """Be told of what happens; the secret that signs is shown this once."""
    if not type:
        raise typer.BadParameter(f"say of what, by --type: {', '.join(TYPES)}")
    async with connect.engine() as engine:
        wanted = Wanted(url, cast(list[ChangeType], type), description, test_runs=bool(test_runs))
        made, secret = await starter.create(engine, wanted)
    return _with_secret(made, secret)


async def list_subscriptions(as_json: AsJson = False) -> Answer:
    """List who is told of what, and how it goes."""
    async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
        found = await subscriptions.listed(tx, None, _SHOWN)
    listed: RenderableType = _table(found) if found else output.line("nobody is told of anything")
    return Answer({"subscriptions": found}, [listed])


async def change(
    id: Id,
    url: Annotated[str | None, typer.Option("--url", metavar="URL", help="Where to.")] = None,
    type: Types = None,
    active: Annotated[bool | None, typer.Option("--on/--off", help="Off: what is still to come is given up.")] = None,
    test_runs: TestRuns = None,
    as_json: AsJson = False,
) -> Answer:
    """Say anew where to, of what, or whether at all; what is not named stays as it is."""
    async with connect.engine() as engine:
        async with engine.transaction() as tx:
            present = await subscriptions.read(tx, id)
        if present is None:
            raise starter.no_such()
        wanted = Wanted(
            url or present.url,
            cast(list[ChangeType], type) or present.types,
            present.description,
            present.active if active is None else active,
            present.test_runs if test_runs is None else test_runs,
        )
        changed = await starter.change(engine, id, wanted)
    return Answer(changed, [_table([changed])])


async def rotate(
    id: Id,
    overlap_hours: Annotated[
        int,
        typer.Option(
            min=0, max=int(LONGEST_OVERLAP.total_seconds() // 3600), help="For how long the old one signs as well."
        ),
    ] = _OVERLAP_HOURS,
    as_json: AsJson = False,
) -> Answer:
    """Take another secret; for a while documents bear both signatures."""
    async with connect.engine() as engine:
        changed, secret = await starter.rotate(engine, id, timedelta(hours=overlap_hours))
    return _with_secret(changed, secret)


async def delete(id: Id, as_json: AsJson = False) -> Answer:
    """Be told no more; the log goes as well."""
    async with connect.engine() as engine:
        await starter.remove(engine, id)
    return Answer({"id": id, "deleted": True}, [output.line(f"{id} is deleted")])


def _state(state: str | None) -> str | None:
    if state is not None and state not in get_args(DeliveryState):
        raise typer.BadParameter(f"there are {', '.join(get_args(DeliveryState))}")
    return state


async def deliveries(
    id: Id,
    state: Annotated[str | None, typer.Option(metavar="STATE", help="Only these.", callback=_state)] = None,
    as_json: AsJson = False,
) -> Answer:
    """List what was delivered and what was not, newest first."""
    async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
        if await subscriptions.read(tx, id) is None:
            raise starter.no_such()
        found = await subscriptions.deliveries(tx, id, cast(DeliveryState | None, state), None, _SHOWN)
    text: list[RenderableType] = [_log(found) if found else output.line("nothing was to be delivered")]
    if len(found) == _SHOWN:
        text.append(output.line(f"the newest {_SHOWN}; there may be more"))
    return Answer({"deliveries": found}, text)


async def redeliver(
    id: Annotated[UUID, typer.Argument(metavar="ID", help="The delivery's id.")], as_json: AsJson = False
) -> Answer:
    """Deliver something once more, at once."""
    async with connect.engine() as engine:
        delivery = await starter.redeliver(engine, id)
    return Answer(delivery, [output.line(f"{id} is delivered once more")])


def _with_secret(subscription: Subscription, secret: str) -> Answer:
    return Answer(
        {**subscription.model_dump(), "secret": secret},
        [
            _table([subscription]),
            output.line(secret, "bold"),
            output.line("Shown this once. It verifies the webhook-signature (https://www.standardwebhooks.com)."),
        ],
    )


def _table(found: Sequence[Subscription]) -> RenderableType:
    return output.table(
        None,
        ("id", "url", "of", "test runs", "active", "failures"),
        (
            (
                s.id,
                s.url,
                ", ".join(s.types),
                "yes" if s.test_runs else "no",
                s.disabled_reason or ("yes" if s.active else "no"),
                s.failures,
            )
            for s in found
        ),
        right="failures",
    )


def _log(found: Sequence[Delivery]) -> RenderableType:
    return output.table(
        None,
        ("made (UTC)", "id", "type", "state", "attempts", "last", "next (UTC)"),
        (
            (
                humanize.clock(d.created_at),
                d.id,
                d.type,
                d.state,
                d.attempts,
                d.last_error or d.last_status,
                humanize.clock(d.next_attempt_at),
            )
            for d in found
        ),
        right="attempts",
    )
