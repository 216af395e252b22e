"""What is said of a step of a working copy, and of a place for one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from domain.errors import Conflict, NotFound


@dataclass(frozen=True)
class Listed:
    """One step, or one node of a graph."""

    step: str | None
    """Its id, or the name that it has in records; None: it has none."""
    path: str
    """Its place as `check` writes it."""
    type: object
    """As written, right or wrong."""
    inside: str | None
    """The step that it lies in; None: it lies in none."""
    way: str | None
    """The branch of that step."""
    definition: dict[str, Any]
    """What it says, without the steps inside it."""
    ways: tuple[str, ...]
    """The branches that it has; of a node, the handles that edges may leave by."""


@dataclass(frozen=True)
class Position:
    """Where a step goes: beside another, or inside one (at the end of a branch), or at the end of all."""

    beside: str | None = None
    before: bool = False
    """Else after it."""
    inside: str | None = None
    way: str | None = None
    """The branch of `inside`; of a graph, the way out of the node that the new one follows."""


def one(listed: Sequence[Listed], reference: str) -> Listed:
    """The step that is meant. Raises NotFound, or Conflict where several have that name."""
    found = [s for s in listed if s.path == reference] or [s for s in listed if s.step == reference]
    if not found:
        raise NotFound(f"there is no step `{reference[:80]}`", hint="the list of steps names them all")
    if len(found) > 1:
        places = ", ".join(s.path for s in found[:5])
        raise Conflict(f"several steps are called `{reference[:80]}`", hint=f"name one by its place: {places}")
    return found[0]


def refuse_twin(name: object, others: Iterable[Listed]) -> None:
    """Raises Conflict when one of the others has that name already."""
    for other in others:
        if isinstance(name, str) and other.step == name:
            raise Conflict(f"there is a step `{name[:80]}` already: {other.path}", hint="choose another id")
