"""What became of the contacts that each arm of a split took: exact counts at the moment of asking."""

from uuid import UUID

import asyncpg
from pydantic import ConfigDict

from domain.base import Frozen
from store.pool import load_queries

_sql = load_queries("analytics/splits")


class Arm(Frozen):
    """One arm. An enrollment counts once in a column, and for what followed after it took the arm."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    arm: str
    last_version: int
    """The newest version that has this arm."""
    entered: int
    opened: int
    """By a person, as far as anybody can tell."""
    clicked: int
    answered: int
    unsubscribed: int
    reached_goal: int


async def arms(tx: asyncpg.Connection, sequence_id: UUID) -> dict[str, list[Arm]]:
    """By split, in the order of the steps; those of newer versions first. One snapshot."""
    found: dict[str, list[Arm]] = {}
    async for row in _sql.arm_counts(tx, sequence_id=sequence_id):
        values = dict(row)
        found.setdefault(values.pop("split"), []).append(Arm(**values))
    return found


async def has_goal(tx: asyncpg.Connection, sequence_id: UUID) -> bool:
    """Whether the newest version has a goal that its enrollments can reach."""
    return bool(await _sql.has_goal(tx, sequence_id=sequence_id))
