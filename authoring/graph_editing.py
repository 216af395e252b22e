"""One node of a drawn working copy added, changed or taken away; its edges follow, and nothing else moves."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from authoring.drafted import Definition
from authoring.language.graph import UNNAMED, handle_of, handles_of, way_of
from authoring.listed import Listed, Position, one, refuse_twin
from domain.errors import Conflict


def nodes_of(definition: Definition) -> list[Listed]:
    """Every node but the trigger, in the order in which they are saved."""
    return [listed for listed in _all(definition) if listed.type != "trigger"]


def add(definition: Definition, node: Mapping[str, Any], place: Position) -> tuple[dict[str, Any], Listed]:
    """Add a node on the way from another (`inside` with its handle, or `beside`), or before one.

    Without a place it stands alone until edges are drawn to it. Raises NotFound, and Conflict for an id that is there,
    or a node after which there are several ways.
    """
    changed = copy.deepcopy(dict(definition))
    refuse_twin(node.get("id"), _all(changed))
    nodes, edges = _list(changed, "nodes"), _list(changed, "edges")
    nodes.append(dict(node))
    added = _listed(changed, len(nodes) - 1)
    other = place.beside or place.inside
    if other is None:
        return changed, added
    name = _name(added)
    anchor = one(_all(changed), other)
    if place.before:
        led = [edge for edge in _edges(edges) if edge.get("target") == _name(anchor)]
        onward: str | None = _name(anchor)
    else:
        handle = _handle(anchor, place.way)
        way = _way(anchor, handle)
        left = (e for e in _edges(edges) if e.get("source") == _name(anchor))
        led = [edge for edge in left if _way(anchor, edge.get("sourceHandle")) == way][:1]
        onward = led[0].get("target") if led else None
        if not led:
            led = [_edge(edges, _name(anchor), handle, name)]
    for edge in led:
        edge["target"] = name
    ways = _ways(node)
    if onward is not None and ways:
        _edge(edges, name, ways[0][0], onward)
    return changed, added


def put(definition: Definition, reference: str, node: Mapping[str, Any]) -> tuple[dict[str, Any], Listed]:
    """Replace a node; its edges and, unless the new one says so, its position stay, also when its id changes.

    Raises NotFound, and Conflict for an id that another node has.
    """
    changed = copy.deepcopy(dict(definition))
    found = one(nodes_of(changed), reference)
    refuse_twin(node.get("id"), [other for other in _all(changed) if other.path != found.path])
    index = _index(found)
    old = changed["nodes"][index]
    kept = {key: old[key] for key in ("id", "position") if key in old}
    changed["nodes"][index] = {**kept, **node}
    name = node.get("id")
    for edge in _edges(changed.get("edges")) if isinstance(name, str) and found.step is not None else ():
        for end in ("source", "target"):
            if edge.get(end) == found.step:
                edge[end] = name
    return changed, _listed(changed, index)


def remove(definition: Definition, reference: str) -> dict[str, Any]:
    """Take a node away with its edges; where one way led out of it, what led to it goes on there. Raises NotFound."""
    changed = copy.deepcopy(dict(definition))
    found = one(nodes_of(changed), reference)
    del changed["nodes"][_index(found)]
    edges = changed.get("edges")
    if found.step is None or not isinstance(edges, list):
        return changed
    out = [edge.get("target") for edge in _edges(edges) if edge.get("source") == found.step]
    onward = {target for target in out if isinstance(target, str)} - {found.step}
    kept = []
    for edge in edges:
        leaves = isinstance(edge, dict) and edge.get("source") == found.step
        leads = isinstance(edge, dict) and edge.get("target") == found.step
        if leads and not leaves and len(onward) == 1 and edge.get("source") not in out:
            kept.append({**edge, "target": next(iter(onward))})
        elif not leads and not leaves:
            kept.append(edge)
    changed["edges"] = kept
    return changed


def _all(definition: Definition) -> list[Listed]:
    """The trigger too: its id is taken, and something may follow it."""
    return [_listed(definition, index) for index, _ in _mappings(definition.get("nodes"))]


def _listed(definition: Definition, index: int) -> Listed:
    node = definition["nodes"][index]
    name = node.get("id")
    handles = tuple(handle for handle, _ in _ways(node) if handle)
    return Listed(
        name if isinstance(name, str) else None, f"nodes[{index}]", node.get("type"), None, None, dict(node), handles
    )


def _index(listed: Listed) -> int:
    return int(listed.path.removeprefix("nodes[").removesuffix("]"))


def _name(listed: Listed) -> str:
    if listed.step is None:
        raise Conflict(f"{listed.path} has no `id`, so no edge can name it", hint="give it an `id`")
    return listed.step


def _ways(node: Mapping[str, Any]) -> list[tuple[str | None, str]]:
    """The ways out of a node, each as the handle that edges name, and the step's word; none: it ends there."""
    kind, data = str(node.get("type")), node.get("data")
    data = data if isinstance(data, dict) else {}
    if kind == "exit" or (kind == "action" and data.get("action") == "stop"):
        return []
    handles = handles_of(kind, data)
    if handles is None:
        return [(None, "next")]
    ways = dict.fromkeys(handles.values())
    first = UNNAMED.get(kind)
    return [(handle_of(kind, way), way) for way in sorted(ways, key=lambda way: way != first)]


def _way(listed: Listed, handle: object) -> str | None:
    data = listed.definition.get("data")
    given = handle if isinstance(handle, str) else None
    return way_of(str(listed.type), data if isinstance(data, dict) else {}, given)


def _handle(anchor: Listed, named: str | None) -> str | None:
    """The handle by which a new edge leaves a node. Raises Conflict where it is not clear which."""
    ways = _ways(anchor.definition)
    if named is not None and any(handle for handle, _ in ways) and _way(anchor, named) is not None:
        return named
    if named is None and len(ways) == 1:
        return ways[0][0]
    names = ", ".join(f"`{handle or way}`" for handle, way in ways)
    hint = f"name one as `way`: {names}" if ways else "nothing comes after it"
    raise Conflict(f"it is not clear where after `{_name(anchor)[:80]}` the new node goes", hint=hint)


def _edge(edges: list[Any], source: str, handle: str | None, target: str) -> dict[str, Any]:
    """Draw an edge, under an id of its own as a canvas needs it."""
    taken = [edge.get("id") for edge in _edges(edges)]
    number = len(edges)
    while f"e{number}" in taken:
        number += 1
    edge = {"id": f"e{number}", "source": source, **({"sourceHandle": handle} if handle else {}), "target": target}
    edges.append(edge)
    return edge


def _list(definition: dict[str, Any], key: str) -> list[Any]:
    found = definition.setdefault(key, [])
    if not isinstance(found, list):
        raise Conflict(f"`{key}` is no list", hint="replace it by a list first")
    return found


def _mappings(values: object) -> Iterator[tuple[int, dict[str, Any]]]:
    for index, value in enumerate(values if isinstance(values, list) else ()):
        if isinstance(value, dict):
            yield index, value


def _edges(values: object) -> Sequence[dict[str, Any]]:
    return [edge for _, edge in _mappings(values)]
