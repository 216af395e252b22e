"""How a process that has talked to Temporal ends."""

import os
import sys
from typing import NoReturn


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
