"""How a process of ours begins and ends: by its settings, with a status, and without what could spoil either."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from enum import IntEnum
from typing import Any, NoReturn

import structlog

import telemetry
from domain.errors import NotReady, TouchlineError
from settings import PREFIX, Settings, read_settings


class Exit(IntEnum):
    """The process's exit status; the one place that says what each means."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    UNREACHABLE = 3
    INTERRUPTED = 130


def run(work: Callable[[Settings], Coroutine[Any, Any, None]], refused: str) -> Exit:
    """Read the settings, set up logging, and work until that ends; DONE after a stop that was asked for.

    What cannot begin, or breaks off, is logged as the event `refused`: UNREACHABLE where something is missing or down,
    else REFUSED.
    """
    try:
        settings = read_settings()
        telemetry.configure(settings.log_format, settings.log_level)
    except NotReady as error:
        telemetry.configure("console", "info")
        return _refuse(error, refused)
    named = {"DATABASE_URL": settings.database_url, "TEMPORAL_ADDRESS": settings.temporal_address}
    try:
        if missing := [PREFIX + name for name, value in named.items() if not value]:
            raise NotReady(f"{' and '.join(missing)} must be set", hint="or run ./touchline up, which brings its own")
        asyncio.run(work(settings))
    except TouchlineError as error:
        return _refuse(error, refused)
    return Exit.DONE


def _refuse(error: TouchlineError, event: str) -> Exit:
    structlog.get_logger(__name__).error(event, error=str(error), hint=error.hint)
    return Exit.UNREACHABLE if isinstance(error, NotReady) else Exit.REFUSED


def end_process(code: int) -> NoReturn:
    """Write out what was said and end at once, without the interpreter's own clean-up.

    The Temporal client's threads outlive every client, and one of them that asks for the interpreter while it is
    being taken down aborts the process: a command that did its work would answer 134. Whatever has to be released
    is released before this is called.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # nobody reads any more, the disk is full, or it was closed
            code = code or 1
    os._exit(code)
