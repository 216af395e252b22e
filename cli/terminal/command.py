"""What every command shares: one coroutine in, one answer out, errors in words, exit codes that scripts can use."""

import asyncio
import functools
import inspect
import signal
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any, ParamSpec

import typer
from rich.console import RenderableType

from cli.terminal import output
from domain.errors import NotReady, TouchlineError
from entrypoint import Exit

P = ParamSpec("P")


EXIT_CODES = (
    "Exit status: 0 done; 1 what was asked for is wrong or was refused (an error in a file, not found, a conflict); "
    "2 wrong usage; 3 a service is not reachable, or not configured; 130 interrupted."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else, on stdout.")]


class Refused(TouchlineError):
    """A refusal with more evidence than a sentence holds; `details` are further keys of the JSON."""

    def __init__(self, message: str, hint: str | None = None, details: Mapping[str, object] | None = None) -> None:
        super().__init__(message, hint)
        self.details = details or {}


@dataclass(frozen=True)
class Answer:
    """What a command found or did: the same for programs and for people."""

    document: object
    """For `--json`."""
    text: Sequence[RenderableType] = field(default=())
    """Otherwise: printed one below the other."""
    exit: Exit = Exit.DONE


def command(
    app: typer.Typer, *examples: str, name: str | None = None
) -> Callable[[Callable[P, Coroutine[Any, Any, Answer | Exit]]], Callable[P, None]]:
    """Register a coroutine function as a command of `app`; its `as_json` parameter decides how it answers.

    A command that has printed its answer while it ran returns its exit status alone.
    """

    def register(work: Callable[P, Coroutine[Any, Any, Answer | Exit]]) -> Callable[P, None]:
        @functools.wraps(work)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            raise typer.Exit(_run(work(*args, **kwargs), as_json=bool(kwargs.get("as_json"))))

        shown = [f"Example: ./touchline {example}" for example in examples]
        app.command(name, help=_paragraphs(work), epilog="\n\n".join([*shown, EXIT_CODES]))(run)
        return run

    return register


def _paragraphs(function: Callable[..., object]) -> str:
    """Its docstring with the lines of each paragraph joined, for terminals of any width."""
    return "\n\n".join(" ".join(part.split()) for part in (inspect.getdoc(function) or "").split("\n\n"))


def _run(work: Coroutine[Any, Any, Answer | Exit], *, as_json: bool) -> Exit:
    try:
        answer = asyncio.run(_until_told_to_end(work))
    except TouchlineError as error:
        output.refuse(error, error.details if isinstance(error, Refused) else {}, as_json=as_json)
        return Exit.UNREACHABLE if isinstance(error, NotReady) else Exit.REFUSED
    except UnicodeEncodeError:
        output.refuse(TouchlineError("an argument is no text in UTF-8"), {}, as_json=as_json)
        return Exit.REFUSED
    except (KeyboardInterrupt, asyncio.CancelledError):
        return Exit.INTERRUPTED
    if isinstance(answer, Exit):
        return answer
    output.answer(answer.document, answer.text, as_json=as_json)
    return answer.exit


async def _until_told_to_end(work: Coroutine[Any, Any, Answer | Exit]) -> Answer | Exit:
    """SIGTERM and SIGHUP end a command as Ctrl-C does, so that it cleans up after itself."""
    task = asyncio.current_task()
    if task is not None:
        # Signals are the main thread's; elsewhere nobody can send us one.
        with suppress(RuntimeError, ValueError):
            for number in (signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await work
