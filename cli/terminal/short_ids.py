"""How a user refers to a thing: its id, or as much of the id's beginning as is unique."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import asyncpg
import typer

from domain.errors import Conflict, NotFound, TouchlineError
from store.campaigns import batches
from store.enrollments import record, tasks
from store.inbound import reviews

Enrollment = Annotated[
    str,
    typer.Argument(metavar="ENROLLMENT", help="An enrollment's id, or the first characters of it.", show_default=False),
]
_SHORTEST = 4


async def enrollment(tx: asyncpg.Connection, text: str) -> UUID:
    """The enrollment that `text` names. Raises NotFound, or Conflict when it fits several."""
    low, high = _range("enrollment", text.strip().lower().removeprefix("enrollment-"))
    return _only("enrollment", text, await record.enrollments_between(tx, low, high))


async def review(tx: asyncpg.Connection, text: str) -> UUID:
    """The open review that `text` names, or the one of that whole id, open or not. Raises NotFound, or Conflict when it
    fits several.
    """
    low, high = _range("review", text.strip().lower())
    return low if low == high else _only("review", text, await reviews.open_between(tx, low, high))


async def task(tx: asyncpg.Connection, text: str) -> UUID:
    """The open task that `text` names, or the one of that whole id, open or not. Raises NotFound, or Conflict when it
    fits several.
    """
    low, high = _range("task", text.strip().lower())
    return low if low == high else _only("task", text, await tasks.between(tx, low, high))


async def batch(tx: asyncpg.Connection, text: str) -> UUID:
    """The batch that `text` names. Raises NotFound, or Conflict when it fits several."""
    low, high = _range("batch", text.strip().lower().removeprefix("batch-"))
    return _only("batch", text, await batches.between(tx, low, high))


def _range(kind: str, text: str) -> tuple[UUID, UUID]:
    """The ids that begin like this."""
    digits = text.replace("-", "")
    if not _SHORTEST <= len(digits) <= 32 or set(digits) - set("0123456789abcdef"):
        raise TouchlineError(
            f"{text!r} is no {kind} id",
            hint=f"give {_SHORTEST} or more of its characters; {_lister(kind)} lists them",
        )
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))


def _lister(kind: str) -> str:
    """The command that does."""
    return "./touchline batches list" if kind == "batch" else f"./touchline {kind}s"


def _only(kind: str, text: str, found: Sequence[UUID]) -> UUID:
    if not found:
        raise NotFound(f"no {kind} {text}", hint=f"{_lister(kind)} lists them")
    if len(found) > 1:
        raise Conflict(f"more than one {kind} begins with {text}", hint="give more of its characters")
    return found[0]


def short(id: UUID) -> str:
    """As much of an id as a list needs to show."""
    return str(id)[:8]
