"""A sequence as an author writes it: settings, and steps or a graph.

Shape only: what steps mean to each other is `authoring`'s to check. Short forms of the format are accepted and the
long ones held, so that equal meaning is equal data.
"""

import hashlib
import json
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    WrapSerializer,
    model_validator,
)

from authoring.language.expectation import MAX_CASES, Case
from authoring.language.graph import GraphEdge, GraphNode, step_of, way_of
from authoring.language.steps import Step
from authoring.language.window_spec import WindowSpec
from domain.base import Frozen
from domain.brake import Brake
from domain.condition import Condition
from domain.fields import Key, Label, as_tuple
from domain.plan import AmbiguousPolicy, FailurePolicy, Purpose, ReenrollPolicy, SharingPolicy, StopEvent

MAX_STEPS = 1000
MAX_ENTRIES = 2 * MAX_STEPS
"""Of a list of steps, gotos that are only links included."""


def _triggers(value: Any) -> Any:
    """A trigger that is present and empty would enroll nobody, silently."""
    names = [value] if isinstance(value, str) else value
    if isinstance(names, list | tuple) and (not names or any(isinstance(n, str) and not n.strip() for n in names)):
        raise ValueError("the trigger is empty: nobody would ever be enrolled by it")
    return tuple(names) if isinstance(names, list) else names


def _stop_on(value: object) -> object:
    """`own_channel` alone narrows what is the rule anyway."""
    if value in ("own_channel", ("own_channel",), ["own_channel"]):
        return ("reply", "unsubscribe", "bounce", "own_channel")
    return as_tuple(value)


def _brake(value: object) -> object:
    """`off` is no brake; nothing at all would be a key that was forgotten."""
    if value is None:
        raise ValueError("`brake` is empty")
    return None if value == "off" else value


def _written_brake(brake: Brake | None, write: SerializerFunctionWrapHandler) -> object:
    return "off" if brake is None else write(brake)


class SequenceHeader(Frozen):
    """Everything but the steps."""

    sequence: Key
    name: Label | None = None
    description: Annotated[str, Field(max_length=10_000)] | None = None
    trigger: Annotated[tuple[Label, ...], BeforeValidator(_triggers, json_schema_input_type=str | list[str])] = ()
    window: WindowSpec | None = None
    stop_on: Annotated[
        tuple[StopEvent, ...], BeforeValidator(_stop_on, json_schema_input_type=StopEvent | list[StopEvent])
    ] = ("reply", "unsubscribe", "bounce")
    on_failure: FailurePolicy = "stop"
    on_ambiguous: AmbiguousPolicy | None = None
    """None: as the tenant has it."""
    reenroll: ReenrollPolicy = "after_end"
    shared_addresses: SharingPolicy = "refuse"
    purpose: Purpose = "marketing"
    goal: Condition | None = None
    """Ends the enrollment as soon as it holds, wherever it stands."""
    brake: Annotated[
        Brake | None,
        BeforeValidator(_brake, json_schema_input_type=Brake | Literal["off"]),
        WrapSerializer(_written_brake),
    ] = Brake()
    """When it pauses itself, because its messages fail; None (`off`): never."""
    tests: Annotated[tuple[Case, ...], Field(max_length=MAX_CASES)] = ()
    """What the author expects of it; no part of its meaning."""


class SequenceDefinition(SequenceHeader):
    """A sequence as a list of steps."""

    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=MAX_ENTRIES)]

    def document(self) -> dict[str, Any]:
        """The definition as plain data in canonical form: it validates to an equal definition."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    def content_hash(self) -> str:
        """SHA-256 (hex) of the meaning: formatting, comments, spelled-out defaults and tests do not change it."""
        return _hash(self.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"tests"}))


class GraphDefinition(SequenceHeader):
    """A sequence as a flow builder's graph; its key may be its `id`, its triggers are those of its trigger node."""

    nodes: Annotated[tuple[GraphNode, ...], Field(min_length=1, max_length=MAX_STEPS + 2)]
    edges: tuple[GraphEdge, ...] = ()
    viewport: dict[str, float] | None = None
    """Where the flow builder looked, kept for it."""

    @model_validator(mode="before")
    @classmethod
    def _header(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        header = {key: value for key, value in data.items() if key != "id"}
        header.setdefault("sequence", data.get("id"))
        for node in data.get("nodes") or ():
            said = node.get("data") if isinstance(node, dict) and node.get("type") == "trigger" else None
            if isinstance(said, dict) and "trigger" in said:
                header["trigger"] = said["trigger"]
        return header

    @model_validator(mode="after")
    def _sound_nodes(self) -> Self:
        for node in self.nodes:
            if node.type != "trigger":
                step_of(node)
        return self

    def document(self) -> dict[str, Any]:
        """The definition as plain data, positions included: it validates to an equal definition."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"trigger"})

    def content_hash(self) -> str:
        """SHA-256 (hex) of the meaning: where a node lies, what it is labelled, and tests do not change it."""
        nodes = {node.id: node for node in self.nodes}
        ways = [(nodes[edge.source].type, nodes[edge.source].data, edge.handle) for edge in self.edges]
        edges = [[edge.source, way_of(*way), edge.target] for edge, way in zip(self.edges, ways, strict=True)]
        header = self.model_dump(
            mode="json", by_alias=True, exclude_defaults=True, exclude={"nodes", "edges", "viewport", "tests"}
        )
        steps = [
            step_of(node).model_dump(mode="json", by_alias=True, exclude_defaults=True)
            for node in self.nodes
            if node.type != "trigger"
        ]
        return _hash({**header, "graph": [sorted(steps, key=lambda step: str(step["id"])), sorted(edges)]})


Definition = SequenceDefinition | GraphDefinition


def _hash(meaning: dict[str, Any]) -> str:
    text = json.dumps(meaning, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


ContentKind = Literal["email", "sms", "whatsapp", "webhook", "task"]


class StepContent(Frozen):
    """What one step says: stored with the version, rendered when it is executed."""

    node_id: str
    order_index: int
    kind: ContentKind
    templates: dict[str, str]
    """By the author's keys, those of a mapping behind a dot: `subject`, `body`, `headers.X-Team`, `save.plan`."""
