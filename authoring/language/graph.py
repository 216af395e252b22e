"""A flow builder's graph as React Flow saves it: nodes, and edges from a handle of one node to another.

What a node says is the same as what a step says; its type has another name and its branches are edges.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from authoring.language.steps import Step
from domain.fields import StepRef

NodeType = Literal[
    "trigger",
    "send-email",
    "send-sms",
    "send-message",
    "delay",
    "condition",
    "wait",
    "split",
    "action",
    "webhook",
    "task",
    "goto",
    "exit",
]
NODE_TYPES: tuple[NodeType, ...] = get_args(NodeType)
CHANNELS = ("email", "sms", "whatsapp")

_STEP_TYPES = {"send-email": "email", "send-sms": "sms", "wait": "wait_for"}
_HANDLES: Mapping[str, Mapping[str, str]] = {
    "condition": {"true": "then", "yes": "then", "then": "then", "false": "else", "no": "else", "else": "else"},
    "wait": {"event": "then", "then": "then", "timeout": "else", "else": "else"},
    "task": {"completed": "completed", "skipped": "skipped", "lapsed": "lapsed"},
    "goto": {"again": "again", "next": "next"},
}
"""What each type calls the ways out of it. The first name of a way is the one that an export writes."""
UNNAMED = {"task": "completed", "goto": "next"}
"""The way out that an edge without a handle takes. It may lead nowhere: then the sequence ends there."""
_validate = TypeAdapter[Step](Step).validate_python


class _Saved(BaseModel):
    """What a canvas saves besides (`selected`, `measured`, `style`) is left behind."""

    model_config = ConfigDict(frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True)


class Position(_Saved):
    """Where a node lies on the canvas."""

    x: float
    y: float


class GraphNode(_Saved):
    """One box."""

    id: StepRef
    type: NodeType
    position: Position | None = None
    data: dict[str, Any] = Field(default_factory=dict)
    """The keys of the step, and `label`, which people read."""


class GraphEdge(_Saved):
    """One arrow."""

    id: str | None = None
    source: str
    handle: Annotated[str | None, Field(alias="sourceHandle")] = None
    """Which way out of the source; None where there is only one."""
    target: str


def step_document(node_id: str, node_type: str, data: Mapping[str, Any], *, target: str = "end") -> dict[str, Any]:
    """A node as the step that it is; `target` is where a goto leads, which its data does not say."""
    said = {key: value for key, value in data.items() if key != "label"}
    kind = said.pop("channel", None) if node_type == "send-message" else _STEP_TYPES.get(node_type, node_type)
    return {**said, "type": kind, "id": node_id, **({"step": target} if kind == "goto" else {})}


def step_of(node: GraphNode, *, target: str = "end") -> Step:
    """The step that a node is; raises ValidationError for data of a wrong shape."""
    return _validate(step_document(node.id, node.type, node.data, target=target))


def node_of(step: Step) -> tuple[NodeType, dict[str, Any]]:
    """The node type and data that a step without branches is."""
    said = step.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"id", "type"})
    match step.type:
        case "email":
            return "send-email", said
        case "sms":
            return "send-sms", said
        case "whatsapp":
            return "send-message", {"channel": step.type, **said}
        case "wait_for":
            return "wait", said
        case "goto":
            return "goto", {"times": said["times"]}
        case kind:
            return kind, said


def handles_of(node_type: str, data: Mapping[str, Any]) -> Mapping[str, str] | None:
    """Names of handles → ways out of a node; None where the one way out has no name."""
    if node_type != "split":
        return _HANDLES.get(node_type)
    variants = data.get("variants")
    ids = [v.get("id") for v in variants if isinstance(v, dict)] if isinstance(variants, list) else []
    return {name: name for name in ids if isinstance(name, str)}


def way_of(node_type: str, data: Mapping[str, Any], handle: str | None) -> str | None:
    """Which way out of a node a handle is; None: it has no such handle."""
    handles = handles_of(node_type, data)
    if handles is None:
        return "next"
    return handles.get(handle) if handle else UNNAMED.get(node_type)


def handle_of(node_type: str, way: str) -> str | None:
    """The name that an export gives to a way out."""
    handles = _HANDLES.get(node_type)
    if handles is None:
        return way if node_type == "split" else None
    return next((name for name, leads in handles.items() if leads == way and UNNAMED.get(node_type) != way), None)
