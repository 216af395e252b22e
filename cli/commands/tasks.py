"""`tasks` and `task`: what people have to do before an enrollment goes on; `notifications`: what users are told."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer
from rich.console import RenderableType

from cli.terminal import connect, output, short_ids
from cli.terminal.command import Answer, AsJson, command
from domain.errors import NotFound
from starter import humanize
from starter.enrollments import tasks as closing
from store.enrollments import actions, tasks
from store.enrollments.tasks import Task

_SHOWN = 200
_User = Annotated[str | None, typer.Option("--user", metavar="NAME", help="Only this user's.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "tasks --user grace", name="tasks")(show_tasks)
    command(app, "task 1f0c2a9b --done", "task 1f0c2a9b --skip", name="task")(close_task)
    command(app, "notifications --user grace", name="notifications")(show_notifications)


async def show_tasks(user: _User = None, as_json: AsJson = False) -> Answer:
    """List the open tasks, oldest first."""
    async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
        found = await tasks.listed(tx, user, _SHOWN)
    if not found:
        return Answer({"tasks": []}, [output.line("nothing is to be done")])
    text: list[RenderableType] = [line for task in found for line in _lines(task)]
    if len(found) == _SHOWN:
        text.append(output.line(f"the oldest {_SHOWN}; there may be more"))
    return Answer({"tasks": found}, text)


async def close_task(
    task: Annotated[str, typer.Argument(metavar="ID", help="Its id, or the first characters of it.")],
    done: Annotated[bool, typer.Option("--done", help="It was done: the enrollment takes `completed`.")] = False,
    skip: Annotated[bool, typer.Option("--skip", help="It will not be done: the enrollment takes `skipped`.")] = False,
    as_json: AsJson = False,
) -> Answer:
    """Say that a task was done, or will not be; the enrollment goes on at once."""
    if done == skip:
        raise typer.BadParameter("say which: --done or --skip")
    async with connect.engine() as engine:
        async with engine.transaction() as tx:
            task_id = await short_ids.task(tx, task)
        await closing.close(engine, task_id, "completed" if done else "skipped")
    outcome = "done" if done else "skipped"
    return Answer({"task": task_id, "outcome": outcome}, [output.line(f"{short_ids.short(task_id)} is {outcome}")])


async def show_notifications(
    user: _User = None,
    read: Annotated[UUID | None, typer.Option(metavar="ID", help="Take it off the list.")] = None,
    as_json: AsJson = False,
) -> Answer:
    """List what sequences have told users and nobody has read, oldest first."""
    async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
        if read is not None:
            if not await actions.read_notification(tx, read, datetime.now(UTC)):
                raise NotFound(f"no notification {read}", hint="./touchline notifications lists them")
            return Answer({"read": read}, [output.line(f"{read} is read")])
        found = await actions.notifications(tx, user, _SHOWN)
    listed: RenderableType = (
        output.table(
            None,
            ("at (UTC)", "id", "user", "contact", "sequence", "text"),
            ((humanize.clock(n.created_at), n.id, n.user, n.contact, n.sequence, n.body) for n in found),
        )
        if found
        else output.line("nothing is to be read")
    )
    return Answer({"notifications": found}, [listed])


def _lines(task: Task) -> list[RenderableType]:
    who = f"{task.contact} ({task.contact_name})" if task.contact_name else task.contact
    lapses = f", lapses {humanize.utc(task.lapses_at)}" if task.lapses_at else ""
    return [
        output.line(f"{short_ids.short(task.id)}  {task.title}", "bold"),
        output.line(f"  {who}, step {task.step} of {task.sequence}, since {humanize.utc(task.created_at)}{lapses}"),
        *([output.line(f"  for {task.assignee}")] if task.assignee else []),
        *(output.line(f"  {line}") for line in (task.instructions or "").splitlines()),
        output.line(f"  when it is done: ./touchline task {short_ids.short(task.id)} --done"),
        output.line(""),
    ]
