"""The faults of a graph that are none of its nodes' own: boxes and arrows that do not make a sequence."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from authoring.explain import empty_message, hint_for, kind_of, suggestion
from authoring.language.graph import (
    CHANNELS,
    NODE_TYPES,
    UNNAMED,
    GraphEdge,
    GraphNode,
    handles_of,
    step_document,
    way_of,
)
from authoring.placed import Placed
from authoring.report import Report
from authoring.shapes import check_shape
from authoring.source import Node
from domain.diagnostics import Path

_BRANCH_KEYS = ("then", "else", "completed", "skipped", "lapsed", "step")
_OPTIONAL = {"task": ("completed", "skipped", "lapsed")}
"""Ways out that may go without an edge."""


@dataclass
class _Node:
    """A node that has an id and a known type."""

    index: int
    type: str
    data: dict[str, Any]
    targets: dict[str, str] = field(default_factory=dict)
    """Way out → node."""
    misdrawn: bool = False
    """An edge that leaves it has a fault of its own: perhaps it is the one of a branch that seems to be missing."""

    @property
    def path(self) -> Path:
        return "nodes", self.index


def name_nodes(root: Node, report: Report) -> None:
    """Call each node by its id in whatever is found there."""
    nodes = root.value.get("nodes") if isinstance(root.value, dict) else None
    for index, node in enumerate(nodes.node.value if nodes and isinstance(nodes.node.value, list) else ()):
        entry = node.value.get("id") if isinstance(node.value, dict) else None
        if entry is not None and isinstance(entry.node.value, str) and entry.node.value.strip():
            report.name(("nodes", index), f"node `{entry.node.value[:60]}`")


def is_canvas(path: Path) -> bool:
    """Whether a key is the canvas's own, which writes `null` for what it has not."""
    if path[0] == "edges":
        return path[-1] not in ("source", "target")
    return path[0] == "nodes" and len(path) == 3 and path[2] not in ("id", "type", "data")


def check_graph(document: Mapping[str, Any], report: Report) -> tuple[list[Placed], bool]:
    """The steps that the nodes are, and whether nodes and edges have their right shape and make a sequence."""
    nodes, unread, sound = _nodes(document.get("nodes"), report)
    sound &= _edges(document.get("edges", []), nodes, unread, report)
    triggers = [node_id for node_id, node in nodes.items() if node.type == "trigger"]
    if sound and not triggers:
        report.error(("nodes",), "the graph has no trigger", "begin with a node of type `trigger`")
    for extra in triggers[1:]:
        message = f"the graph has two triggers: `{triggers[0]}` and `{extra}`"
        report.error(nodes[extra].path, message, "keep one; it may name several triggers")
    _branches(nodes, report)
    if sound and len(triggers) == 1:
        _reachable(nodes, triggers[0], report)
    steps = [
        Placed((*node.path, "data"), step_document(node_id, node.type, node.data), node.path)
        for node_id, node in nodes.items()
        if node.type != "trigger"
    ]
    return steps, sound and len(triggers) == 1


def _nodes(raw: object, report: Report) -> tuple[dict[str, _Node], set[object], bool]:
    """The nodes that can be read, the ids of the others, and whether all are sound."""
    found: dict[str, _Node] = {}
    unread: set[object] = set()
    if not isinstance(raw, list) or not raw:
        message = empty_message("nodes") if raw == [] else f"`nodes` must be a list, not {kind_of(raw)}"
        report.error(("nodes",), message, hint_for("nodes"))
        return found, unread, False
    sound = True
    for index, data in enumerate(raw):
        path: Path = ("nodes", index)
        if not isinstance(data, dict):
            report.error(path, f"a node is a mapping, not {kind_of(data)}", hint_for("nodes"))
            sound = False
            continue
        node_id, kind = data.get("id"), data.get("type")
        if not isinstance(kind, str) or kind not in NODE_TYPES:
            message = "`type` is missing" if kind is None else f"unknown node type `{str(kind)[:60]}`"
            report.error((*path, "type"), message, suggestion(str(kind), NODE_TYPES, "node types"))
            unread |= {node_id} if isinstance(node_id, str) else set()
            sound = False
            continue
        if not check_shape(GraphNode.model_validate, data, path, GraphNode, report):
            unread |= {node_id} if isinstance(node_id, str) else set()
            sound = False
            continue
        node = _Node(index, kind, data.get("data", {}))
        if node_id in found:
            report.error((*path, "id"), f"the id `{node_id}` is used twice", "give each node an id of its own")
            sound = False
            continue
        found[str(node_id)] = node
        sound &= _own_keys(node, report)
    return found, unread, sound


def _own_keys(node: _Node, report: Report) -> bool:
    """What a step says of itself and of its branches is said by the node and its edges."""
    channel = node.data.get("channel")
    if node.type == "send-message" and channel not in CHANNELS:
        message = "`channel` is missing" if channel is None else f"`{str(channel)[:60]}` is no channel"
        report.error((*node.path, "data", "channel"), message, suggestion(str(channel), CHANNELS, "channels"))
        return False
    strange: list[object] = []
    for key in node.data:
        path = (*node.path, "data", key)
        if node.type == "trigger" and key not in ("trigger", "label"):
            report.error(path, f"unknown key `{key[:60]}`", suggestion(key, ("trigger", "label"), "keys here"))
        elif key in ("id", "type"):
            report.error(path, f"`{key}` stands beside `data`, not in it", "remove it here")
        elif key in _BRANCH_KEYS:
            report.error(path, f"unknown key `{key}`", "edges say where a node leads")
        else:
            continue
        strange.append(key)
    variants = node.data.get("variants") if node.type == "split" else None
    for index, variant in enumerate(variants if isinstance(variants, list) else ()):
        if isinstance(variant, dict) and "steps" in variant:
            path = (*node.path, "data", "variants", index, "steps")
            report.error(path, "unknown key `steps`", "edges say where a variant leads")
            strange.append("steps")
    return not strange


def _edges(raw: object, nodes: Mapping[str, _Node], unread: Collection[object], report: Report) -> bool:
    if not isinstance(raw, list):
        report.error(("edges",), f"`edges` must be a list, not {kind_of(raw)}", hint_for("edges"))
        return False
    sound = True
    for index, data in enumerate(raw):
        path: Path = ("edges", index)
        if not isinstance(data, dict):
            report.error(path, f"an edge is a mapping, not {kind_of(data)}", hint_for("edges"))
            sound = False
            continue
        whole = check_shape(GraphEdge.model_validate, data, path, GraphEdge, report)
        if whole and _edge(GraphEdge.model_validate(data), path, nodes, unread, report):
            continue
        sound = False
        source = data.get("source")
        if isinstance(source, str) and source in nodes:
            nodes[source].misdrawn = True
    return sound


def _edge(edge: GraphEdge, path: Path, nodes: Mapping[str, _Node], unread: Collection[object], report: Report) -> bool:
    source, target = nodes.get(edge.source), nodes.get(edge.target)
    for key, end in (("source", edge.source), ("target", edge.target)):
        if end not in nodes and end not in unread:
            message = f"the edge `{edge.source[:60]}` → `{edge.target[:60]}` dangles: there is no node `{end[:60]}`"
            report.error((*path, key), message, suggestion(end, nodes, "nodes"))
    if source is None or target is None:
        return False
    if target.type == "trigger":
        report.error(
            (*path, "target"), f"an edge leads from `{edge.source}` into the trigger `{edge.target}`", "remove it"
        )
        return False
    if source.type == "exit" or (source.type == "action" and source.data.get("action") == "stop"):
        report.error((*path, "source"), f"an edge leaves `{edge.source}`, which ends the sequence", "remove it")
        return False
    way = way_of(source.type, source.data, edge.handle)
    if way is None:
        handles = handles_of(source.type, source.data) or {}
        named = f"has no handle `{edge.handle[:60]}`" if edge.handle else "needs its handle named"
        message = f"the edge from `{edge.source}` to `{edge.target}`: node `{edge.source}` {named}"
        report.error((*path, "sourceHandle"), message, suggestion(edge.handle or "", handles, "handles"))
        return False
    if way in source.targets:
        handle = f"the handle `{edge.handle}` of `{edge.source}`" if edge.handle else f"`{edge.source}`"
        message = f"two edges leave {handle}: to `{source.targets[way]}` and to `{edge.target}`"
        report.error(path, message, "one way leads to one node; a `split` shares contacts out")
        return False
    source.targets[way] = edge.target
    return True


def _branches(nodes: Mapping[str, _Node], report: Report) -> None:
    """Every branch leads somewhere."""
    for node in nodes.values():
        for way in dict.fromkeys((handles := handles_of(node.type, node.data) or {}).values()):
            optional = _OPTIONAL.get(node.type, (UNNAMED.get(node.type),))
            if way not in node.targets and way not in optional and not node.misdrawn:
                handle = next(name for name, leads in handles.items() if leads == way)
                hint = "lead it somewhere; to an `exit` node, if it ends there"
                report.error(node.path, f"the branch `{handle}` is missing: no edge leaves that handle", hint)
        if node.type == "task" and "lapsed" in node.targets and "lapse" not in node.data:
            report.error(node.path, "a task without `lapse` never lapses", hint_for("lapse"))


def _reachable(nodes: Mapping[str, _Node], trigger: str, report: Report) -> None:
    """Every node is led to."""
    if not nodes[trigger].targets:
        report.error(nodes[trigger].path, "no edge leaves the trigger", "lead it to the first step")
        return
    reached, ahead = {trigger}, [trigger]
    while ahead:
        for target in nodes[ahead.pop()].targets.values():
            if target not in reached:
                reached.add(target)
                ahead.append(target)
    for node_id, node in nodes.items():
        if node_id not in reached and node.type != "trigger":
            report.error(node.path, "no way leads here from the trigger", "draw an edge to it, or remove it")


def trigger_of(document: Mapping[str, Any]) -> tuple[Path, object] | None:
    """Where the first trigger node names its triggers, and which."""
    nodes: Sequence[object] = document["nodes"] if isinstance(document.get("nodes"), list) else ()
    for index, node in enumerate(nodes):
        data = node.get("data") if isinstance(node, dict) and node.get("type") == "trigger" else None
        if isinstance(data, dict) and "trigger" in data:
            return ("nodes", index, "data"), data["trigger"]
    return None
