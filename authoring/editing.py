"""One step of a working copy added, changed or taken away; the rest stays as it is, in its order.

A working copy may be wrong in places, so nothing is taken for granted but that a definition is a mapping. A step is
referred to by its id, by the name that a step without one has in records (`intro.1`), or by its place as `check`
writes it (`steps[2].then[0]`), which also finds what has no name, or a name that is there twice.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from authoring import graph_editing
from authoring.drafted import Definition, is_graph
from authoring.listed import Listed, Position, one, refuse_twin
from authoring.placed import Placed, branches, placed_steps
from domain.diagnostics import Path, path_text
from domain.errors import Conflict


@dataclass(frozen=True)
class _Branch:
    """A list of steps inside a step."""

    way: str
    """`then`, `else`, …; of a split the id of the variant."""
    keys: Path
    """From the step to the list."""
    steps: object
    """As written; None: it is not there."""


def steps_of(definition: Definition) -> list[Listed]:
    """Every step in the author's order, those of branches after the step that branches; of a graph its nodes."""
    if is_graph(definition):
        return graph_editing.nodes_of(definition)
    owners = {
        (*placed.path, *branch.keys): (name or path_text(placed.path), branch.way)
        for name, placed in _named(definition)
        for branch in _branches(placed.data)
    }
    return [
        Listed(
            step=name,
            path=path_text(placed.path),
            type=placed.type,
            inside=owner[0] if (owner := owners.get(placed.path[:-1])) else None,
            way=owner[1] if owner else None,
            definition=_without_branches(placed.data),
            ways=tuple(branch.way for branch in _branches(placed.data)),
        )
        for name, placed in _named(definition)
    ]


def add(definition: Definition, step: Mapping[str, Any], place: Position) -> tuple[dict[str, Any], Listed]:
    """Add a step; answers the new working copy, and the step as it is listed there.

    Raises NotFound for a place that is not there, Conflict for an id that is.
    """
    if is_graph(definition):
        return graph_editing.add(definition, step, place)
    refuse_twin(step.get("id"), steps_of(definition))
    changed = copy.deepcopy(dict(definition))
    if place.beside is not None:
        (*around, index) = _find(changed, place.beside).path
        steps, at = _at(changed, around), int(index) + (0 if place.before else 1)
    elif place.inside is not None:
        around, steps = _branch_list(_find(changed, place.inside), place.way)
        at = len(steps)
    else:
        around, steps = ["steps"], _list_at(changed, "steps", "steps")
        at = len(steps)
    steps.insert(at, dict(step))
    return changed, _listed_at(changed, (*around, at))


def put(definition: Definition, reference: str, step: Mapping[str, Any]) -> tuple[dict[str, Any], Listed]:
    """Replace what a step says; what lies inside it stays, unless `step` says something else about it.

    Raises NotFound, and Conflict for an id that another step has, or where steps inside would be lost.
    """
    if is_graph(definition):
        return graph_editing.put(definition, reference, step)
    changed = copy.deepcopy(dict(definition))
    found = _find(changed, reference)
    refuse_twin(step.get("id"), [s for s in steps_of(definition) if s.path != path_text(found.path)])
    said = copy.deepcopy(dict(step))
    ways = {branch.way: branch for branch in _branches(said)}
    for branch in _branches(found.data):
        if branch.steps is None or branch.steps == []:
            continue
        if branch.way not in ways:
            raise Conflict(
                f"steps lie inside `{reference[:80]}` under `{branch.way[:60]}`, where the new one has no branch",
                hint="delete or replace the steps inside it first",
            )
        if ways[branch.way].steps is None:
            *inner, key = ways[branch.way].keys
            _at(said, inner)[key] = branch.steps
    (*around, index) = found.path
    _at(changed, around)[index] = said
    return changed, _listed_at(changed, found.path)


def remove(definition: Definition, reference: str) -> dict[str, Any]:
    """Take a step away, with all that lies inside it; what refers to it is for `check` to find. Raises NotFound."""
    if is_graph(definition):
        return graph_editing.remove(definition, reference)
    changed = copy.deepcopy(dict(definition))
    (*around, index) = _find(changed, reference).path
    del _at(changed, around)[index]
    return changed


def _named(definition: Definition) -> Iterator[tuple[str | None, Placed]]:
    """Each step with its name: as `authoring.language.flow.node_ids` gives them, for data of any shape."""
    named, since = "_", 0
    for placed in placed_steps(definition.get("steps"), ("steps",)):
        if placed.is_link:
            yield None, placed
        elif "id" not in placed.data:
            since += 1
            yield f"{named}.{since}", placed
        else:
            yield placed.id, placed
            if placed.id and "." not in placed.id:
                named, since = placed.id, 0


def _branches(data: Mapping[str, Any]) -> Iterator[_Branch]:
    for keys, steps in branches(data):
        if len(keys) == 1:
            yield _Branch(str(keys[0]), keys, steps)
        else:
            name = data["variants"][keys[1]].get("id")
            yield _Branch(name if isinstance(name, str) else path_text(keys[:2]), keys, steps)


def _without_branches(data: Mapping[str, Any]) -> dict[str, Any]:
    said = copy.deepcopy(dict(data))
    for keys, _ in branches(data):
        *inner, key = keys
        _at(said, inner).pop(key, None)
    return said


def _find(definition: Definition, reference: str) -> Placed:
    listed = one(steps_of(definition), reference)
    return next(placed for _, placed in _named(definition) if path_text(placed.path) == listed.path)


def _listed_at(definition: Definition, path: Sequence[str | int]) -> Listed:
    return one(steps_of(definition), path_text(tuple(path)))


def _at(data: Any, path: Sequence[str | int]) -> Any:
    for part in path:
        data = data[part]
    return data


def _branch_list(step: Placed, way: str | None) -> tuple[list[str | int], list[Any]]:
    """Where a branch's list lies, and the list, made where there is none."""
    found = list(_branches(step.data))
    branch = next((b for b in found if b.way == way), None)
    if branch is None:
        ways = ", ".join(f"`{b.way[:60]}`" for b in found)
        hint = f"name one of its branches: {ways}" if ways else "only steps with branches hold others"
        raise Conflict(f"a step of type {str(step.type)[:60]} has no branch `{str(way)[:60]}`", hint=hint)
    *inner, key = branch.keys
    return [*step.path, *branch.keys], _list_at(_at(step.data, inner), str(key), branch.way)


def _list_at(data: dict[str, Any], key: str, name: str) -> list[Any]:
    steps = data.setdefault(key, [])
    if steps is None:
        steps = data[key] = []
    if not isinstance(steps, list):
        raise Conflict(f"`{name[:60]}` is no list of steps", hint="replace it by a list first")
    return steps
