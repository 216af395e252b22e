"""How a user refers to an enrollment: its id, or as much of the id's beginning as is unique."""

from typing import Annotated
from uuid import UUID

import asyncpg
import typer

from domain.errors import Conflict, NotFound, TouchlineError
from store import reports, sequences
from store.sequences import SequenceRow

Enrollment = Annotated[
    str,
    typer.Argument(metavar="ENROLLMENT", help="An enrollment's id, or the first characters of it.", show_default=False),
]
_SHORTEST = 4


async def enrollment(tx: asyncpg.Connection, text: str) -> UUID:
    """The enrollment that `text` names. Raises NotFound, or Conflict when it fits several."""
    digits = text.strip().lower().removeprefix("enrollment-").replace("-", "")
    if not _SHORTEST <= len(digits) <= 32 or set(digits) - set("0123456789abcdef"):
        raise TouchlineError(
            f"{text!r} is no enrollment id",
            hint=f"give {_SHORTEST} or more of its characters; ./touchline enrollments lists them",
        )
    found = await reports.enrollments_between(tx, UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f")))
    if not found:
        raise NotFound(f"no enrollment {text}", hint="./touchline enrollments lists them")
    if len(found) > 1:
        raise Conflict(f"more than one enrollment begins with {text}", hint="give more of its characters")
    return found[0]


async def sequence(tx: asyncpg.Connection, key: str) -> SequenceRow:
    """The sequence of that key. Raises NotFound."""
    found = await sequences.find(tx, key)
    if found is None:
        raise NotFound(f"no sequence {key!r}", hint="./touchline sequences lists them")
    return found


def short(enrollment_id: UUID) -> str:
    """As much of an id as a list needs to show."""
    return str(enrollment_id)[:8]
