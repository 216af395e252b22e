"""A sequence as a flow builder's graph."""

from collections.abc import Iterator, Mapping
from typing import Any

from authoring.language.definition import Definition, GraphDefinition
from authoring.language.digraph import dominators, order
from authoring.language.flow import END, Flow
from authoring.language.graph import Position, handle_of, node_of

_STEP_Y, _STEP_X = 120, 280


def to_graph(definition: Definition, flow: Flow) -> dict[str, Any]:
    """The document of a graph that compiles to the same plan; a graph is answered as it is."""
    if isinstance(definition, GraphDefinition):
        return definition.document()
    header = definition.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"steps", "trigger"})
    trigger = _free("trigger", flow)
    places = _layout(flow, trigger)
    said = {"trigger": list(definition.trigger)} if definition.trigger else {}
    nodes = [{"id": trigger, "type": "trigger", "position": places[trigger], "data": said}]
    for stage in flow.stages.values():
        kind, data = node_of(stage.step)
        nodes.append({"id": stage.id, "type": kind, "position": places[stage.id], "data": data})
    if END in places:
        nodes.append({"id": END, "type": "exit", "position": places[END], "data": {}})
    return {**header, "nodes": nodes, "edges": list(_edges(flow, trigger))}


def _edges(flow: Flow, trigger: str) -> Iterator[dict[str, str]]:
    yield {"id": "e0", "source": trigger, "target": flow.start}
    number = 0
    for stage in flow.stages.values():
        kind, _ = node_of(stage.step)
        for way, target in stage.ways.items():
            number += 1
            handle = handle_of(kind, way)
            named = {"sourceHandle": handle} if handle else {}
            yield {"id": f"e{number}", "source": stage.id, **named, "target": target}


def _free(name: str, flow: Flow) -> str:
    """A name that no stage has."""
    number = 1
    while name in flow.stages:
        number += 1
        name = f"trigger-{number}"
    return name


def _layout(flow: Flow, trigger: str) -> Mapping[str, dict[str, Any]]:
    """Each node below all that lead to it, branches side by side, the trigger at the origin."""

    def ways(node_id: str) -> tuple[str, ...]:
        stage = flow.stages.get(node_id)
        return () if stage is None else tuple(stage.ways.values())

    sequence = order(flow.start, ways)
    rank = {node_id: number for number, node_id in enumerate(sequence)}
    above = dominators(sequence, ways)
    depth, column = {flow.start: 1}, {flow.start: 0.0}
    for node_id in sequence:
        onward = list(dict.fromkeys(way for way in ways(node_id) if rank[way] > rank[node_id]))
        for index, way in enumerate(onward):
            depth[way] = max(depth.get(way, 0), depth[node_id] + 1)
            # Where branches meet again is below where they parted.
            beside = index - (len(onward) - 1) / 2 if above[way] == node_id else 0
            column.setdefault(way, column[above[way]] + beside)
    taken: set[tuple[float, int]] = set()
    places = {trigger: Position(x=0, y=0).model_dump()}
    for node_id in sequence:
        while (column[node_id], depth[node_id]) in taken:
            column[node_id] += 1
        taken.add((column[node_id], depth[node_id]))
        places[node_id] = Position(x=column[node_id] * _STEP_X, y=depth[node_id] * _STEP_Y).model_dump()
    return places
