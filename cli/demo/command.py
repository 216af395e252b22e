"""`demo`: everything at once, on servers of its own that are thrown away afterwards."""

import asyncio
import secrets
import shlex
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Group, RenderableType
from rich.live import Live

from cli.commands.sequences import step_table
from cli.demo.outside import Outside, outside
from cli.demo.story import CONTACTS, Progress, play, problems
from cli.terminal import connect, output, sign_in
from cli.terminal.command import Answer, AsJson, command
from domain.errors import NotReady
from entrypoint import Exit
from local import services
from local.ports import free_port
from local.process import ServerProcess
from local.stack import LocalStack
from providers.outbox import list_outbox
from settings import Settings
from starter.engine import Engine
from store.workspace import api_keys

_SERVES_WITHIN_S = 60.0
_SHOWN = ("step", "type", "sent", "pending", "failed", "responses")


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "demo")(demo)


async def demo(
    keep: Annotated[
        bool | None,
        typer.Option(
            "--keep/--no-keep",
            help="Leave everything running for a look, until Ctrl-C; by default on a terminal, and not with --json.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> Answer | Exit:
    """Play a whole sequence: 25 contacts, emails and texts into a local outbox, two replies and one opt-out.

    The replies come in over HTTP, the texts with Twilio's signature. Runs on a PostgreSQL, a Temporal, a worker and
    an API of its own, removed at the end; the outbox stays for a look. On a terminal the console stays open too.
    Exit status 0 only if every enrollment ended as it should and the records agree with the outbox.
    """
    began = time.monotonic()
    stays = not as_json and sys.stdin.isatty() and sys.stdout.isatty() if keep is None else keep
    settings = connect.load_settings()
    output_folder = settings.state_dir / "demo" / "outbox"
    if not as_json:
        output.note("starting PostgreSQL, Temporal, a worker and the API …")
    async with LocalStack(settings.state_dir, keep=False) as stack:
        own = _settings(settings, stack)
        worker = services.start_worker(own, stack.folder / "worker.log")
        api = services.start_api(own, stack.folder / "api.log")
        try:
            end = await _play(own, stack, (worker, api), quiet=as_json)
            found = problems(end, [entry.message.job_id for entry in list_outbox(own.outbox_dir)])
            answer = _answer(end, found, output_folder, seconds=time.monotonic() - began)
            await asyncio.to_thread(_replace, own.outbox_dir, output_folder)
            if stays:
                output.answer(answer.document, answer.text, as_json=as_json)
                await _until_interrupted(stack, own)
        finally:
            await asyncio.gather(api.stop(services.PATIENCE_S), worker.stop(services.PATIENCE_S))
    for problem in found:
        output.note(problem, "bold red")
    return answer.exit if stays else answer


def _settings(settings: Settings, stack: LocalStack) -> Settings:
    """Nothing of the user's: a demo must reach no real provider."""
    pristine = Settings.model_construct()
    port = free_port()
    own = pristine.model_copy(
        update={
            "state_dir": settings.state_dir,
            "outbox_dir": stack.folder / "outbox",
            "api_port": port,
            "secret_keys": SecretStr(secrets.token_urlsafe()),
            "twilio_account_sid": f"AC{secrets.token_hex(16)}",
            "twilio_webhook_tokens": SecretStr(secrets.token_hex(16)),
        }
    )
    return connect.on_stack(own.model_copy(update={"public_url": services.url_of(own)}), stack)


async def _play(settings: Settings, stack: LocalStack, processes: Sequence[ServerProcess], *, quiet: bool) -> Progress:
    async with connect.engine(settings) as engine, _world(settings, engine, processes[-1]) as world:
        if not quiet:
            output.note(f"Console: {await sign_in.link(settings)}", "bold")
        with _live(stack, quiet=quiet) as on_progress:
            try:
                return await play(
                    engine, world, settings.outbox_dir, on_progress, lambda: all(p.running for p in processes)
                )
            except NotReady as error:
                words = "".join(f"\n{p.log_tail()}" for p in processes if not p.running)
                raise NotReady(f"{error}{words}") from error


@asynccontextmanager
async def _world(settings: Settings, engine: Engine, api: ServerProcess) -> AsyncIterator[Outside]:
    """Those who write to us, as soon as the API serves them."""
    url = services.url_of(settings)
    async with engine.transaction() as tx:
        key = await api_keys.create(tx, engine.tenant_id, "demo", {"write"}, datetime.now(UTC))
    await api.until(lambda: services.answers(url), _SERVES_WITHIN_S)
    async with outside(
        url,
        twilio_account=settings.twilio_account_sid,
        twilio_token=settings.twilio_webhook_tokens.get_secret_value(),
        api_key=key,
    ) as world:
        yield world


@contextmanager
def _live(stack: LocalStack, *, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """A picture that follows what happens; where nobody watches, a line for each message that comes in."""
    console = output.notes()
    if quiet:
        yield lambda standing: None
    elif not console.is_terminal:
        told = 0

        def tell(standing: Progress) -> None:
            nonlocal told
            for line in standing.played[told:]:
                output.note(f"{line.contact} writes: {line.text}")
            told = len(standing.played)

        yield tell
    else:
        with Live(console=console, refresh_per_second=8, transient=True) as live:
            yield lambda standing: live.update(_picture(standing, stack))


def _picture(standing: Progress, stack: LocalStack) -> RenderableType:
    ended = CONTACTS - standing.live if standing.statuses else 0
    parts: list[RenderableType] = [
        output.line(f"{ended} of {CONTACTS} enrollments have ended; Temporal UI meanwhile: {stack.ui_url}"),
        output.line(""),
        step_table(standing.steps, 1),
        output.line(""),
    ]
    parts += [output.line(f"{line.contact} writes: {line.text}", "cyan") for line in standing.played]
    return Group(*parts)


def _answer(end: Progress, found: list[str], outbox: Path, *, seconds: float) -> Answer:
    document = {
        "enrollments": end.enrollments,
        "messages": end.messages,
        "steps": [{name: getattr(step, name) for name in _SHOWN} for step in end.steps],
        "seconds": round(seconds, 1),
    }
    endings = ", ".join(
        f"{count.enrollments} {count.status}" + (f" ({count.reason})" if count.reason else "") for count in end.statuses
    )
    verdict = "as it should be" if not found else "NOT as it should be"
    text: list[RenderableType] = [
        step_table(end.steps, 1),
        output.line(""),
        output.line(f"{CONTACTS} enrollments: {endings}"),
        output.line(f"{verdict}, in {seconds:.0f} s", "bold green" if not found else "bold red"),
        output.line(""),
        output.line(f"The messages: ./touchline outbox --dir {shlex.quote(str(outbox))}"),
        output.line("The console, and the Temporal UI with every enrollment's history: ./touchline demo --keep"),
        output.line("Your own sequence: ./touchline up, and in another terminal ./touchline publish FILE"),
    ]
    return Answer(document, text, Exit.REFUSED if found else Exit.DONE)


def _replace(fresh: Path, kept: Path) -> None:
    """Put this run's outbox in the place of the last run's, whoever else plays a demo at the moment."""
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = fresh.with_name("outbox-before")
    if kept.exists():
        kept.rename(aside)
    fresh.rename(kept)
    shutil.rmtree(aside, ignore_errors=True)


async def _until_interrupted(stack: LocalStack, settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    output.note(f"Console: {await sign_in.link(settings)}", "bold")
    output.note(f"Temporal UI: {stack.ui_url}", "bold")
    output.note(f"API: {services.url_of(settings)}/docs", "bold")
    output.note("Ctrl-C ends it")
    await stop.wait()
