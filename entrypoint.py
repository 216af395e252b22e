"""How a process of ours ends: with which status, and without what could spoil it."""

import os
import sys
from enum import IntEnum
from typing import NoReturn


class Exit(IntEnum):
    """The process's exit status; the one place that says what each means."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    UNREACHABLE = 3
    INTERRUPTED = 130


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
