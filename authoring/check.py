"""`check`: everything that is wrong with a sequence file, in one go; and what it compiles to when nothing is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from authoring.explain import empty_message, hint_for, kind_of
from authoring.flows import check_flow
from authoring.graphs import check_graph, is_canvas, name_nodes, trigger_of
from authoring.language.compiler import compile_flow
from authoring.language.definition import (
    MAX_ENTRIES,
    MAX_STEPS,
    Definition,
    GraphDefinition,
    SequenceDefinition,
    SequenceHeader,
    StepContent,
)
from authoring.language.flow import END, Flow
from authoring.law_hours import check_law
from authoring.placed import Placed, placed_steps
from authoring.report import Report
from authoring.rules import apply_rules
from authoring.shapes import STEP_TYPES, check_shape, check_step, check_steps
from authoring.source import Node, read
from domain.diagnostics import Diagnostic, Path
from domain.plan import Plan

MAX_PLAN = 900_000
"""Bytes of a plan as JSON: it goes to Temporal with each enrollment, which refuses payloads of 2 MB."""


@dataclass(frozen=True)
class Checked:
    """What is known about one sequence file."""

    filename: str
    diagnostics: tuple[Diagnostic, ...]
    definition: Definition | None = None
    """Present when every key and value has its right shape, also when other errors remain."""
    plan: Plan | None = None
    """Present when nothing is wrong."""
    contents: tuple[StepContent, ...] = ()
    flow: Flow | None = None
    """Present with the plan."""

    @property
    def ok(self) -> bool:
        """Whether the sequence can be published; warnings do not count."""
        return not any(found.severity == "error" for found in self.diagnostics)

    @property
    def content_hash(self) -> str:
        """SHA-256 (hex) of what the definition means; empty while it has no right shape."""
        return self.definition.content_hash() if self.definition else ""


def check(text: str | bytes, *, filename: str = "sequence.yaml") -> Checked:
    """Check a sequence in YAML or JSON, as steps or as a graph; never raises, whatever the text."""
    source = read(text)
    report = Report(source)
    definition, steps = (None, ()) if source.root is None else _check_document(source.root, report)
    if definition is None:
        return Checked(filename, report.diagnostics())
    flow = check_flow(definition, steps, report) if report.sound else None
    if flow is None or not report.sound:
        return Checked(filename, report.diagnostics(), definition)
    plan, contents = compile_flow(definition, flow)
    if _too_large(plan, steps, report):
        return Checked(filename, report.diagnostics(), definition)
    check_law(plan, steps, report)
    return Checked(filename, report.diagnostics(), definition, plan, contents, flow)


def _check_document(root: Node, report: Report) -> tuple[Definition | None, Sequence[Placed]]:
    name_nodes(root, report)
    document = _without_blanks(root, (), report)
    if not isinstance(document, dict):
        report.error((), f"a sequence is a mapping, not {kind_of(document)}", "begin with `sequence: my-sequence`")
        return None, ()
    if "nodes" in document or "edges" in document:
        return _check_graph(document, report)
    header = {key: value for key, value in document.items() if key != "steps"}
    sound = check_shape(SequenceHeader.model_validate, header, (), SequenceDefinition, report)
    raw = document.get("steps")
    if not isinstance(raw, list):
        message = "`steps` is missing" if raw is None else f"`steps` must be a list, not {kind_of(raw)}"
        report.error(("steps",), message, hint_for("steps"))
    elif not raw:
        report.error(("steps",), empty_message("steps"), hint_for("steps"))
    steps = list(placed_steps(raw, ("steps",)))
    executed = sum(not step.is_link for step in steps)
    if _too_many(executed if len(steps) <= MAX_ENTRIES else len(steps), ("steps",), report):
        return None, ()
    sound &= isinstance(raw, list) and bool(raw) and check_steps(raw, ("steps",), report)
    apply_rules(document, steps, report)
    return (SequenceDefinition.model_validate(document) if sound else None), steps


def _check_graph(document: dict[str, Any], report: Report) -> tuple[Definition | None, Sequence[Placed]]:
    if "steps" in document:
        report.error(("steps",), "a sequence has either `steps` or `nodes` and `edges`", "remove one of the two")
    sound = "steps" not in document and _check_header(document, report)
    nodes = document.get("nodes")
    if _too_many(len(nodes) - 2 if isinstance(nodes, list) else 0, ("nodes",), report):
        return None, ()
    steps, whole = check_graph(document, report)
    # The trigger is no step, and an end that is drawn is none either.
    whole = not _too_many(sum(step.id != END for step in steps), ("nodes",), report) and whole
    shapes = [check_step(step, report) for step in steps if step.type in STEP_TYPES]
    apply_rules(document, steps, report)
    sound &= whole and all(shapes)
    return (GraphDefinition.model_validate(document) if sound else None), steps


def _check_header(document: Mapping[str, Any], report: Report) -> bool:
    """The settings of a graph: the key may be its `id`, the triggers stand in the trigger node."""
    inner = ("nodes", "edges", "steps", "viewport", "id")
    header = {key: value for key, value in document.items() if key not in inner}
    if "sequence" not in header and "id" in document:
        header["sequence"] = document["id"]
    sound = check_shape(SequenceHeader.model_validate, header, (), GraphDefinition, report)
    if "trigger" in header:
        report.error(("trigger",), "the triggers of a graph stand in its trigger node", "move them to its `data`")
        sound = False
    if (trigger := trigger_of(document)) is not None:
        path, names = trigger
        said = {"sequence": "graph", "trigger": names}
        sound &= check_shape(SequenceHeader.model_validate, said, path, SequenceHeader, report)
    return sound


def _too_many(count: int, path: Path, report: Report) -> bool:
    if count > MAX_STEPS:
        report.error(path, f"the sequence has {count:,} steps, at most {MAX_STEPS:,} are allowed", "split it")
    return count > MAX_STEPS


def _too_large(plan: Plan, steps: Sequence[Placed], report: Report) -> bool:
    size = len(plan.model_dump_json().encode())
    if size > MAX_PLAN:
        sizes = {name: len(node.model_dump_json()) for name, node in plan.nodes.items()}
        largest = max(sizes, key=sizes.__getitem__)
        path = next((step.path for step in steps if step.id == largest), ("steps",))
        report.error(
            path,
            f"what is kept of the sequence to be carried out has {size:,} bytes, at most {MAX_PLAN:,} are allowed; "
            f"`{largest}` alone has {sizes[largest]:,}",
            "ask less in its conditions, or split the sequence into several that enroll into one another",
        )
    return size > MAX_PLAN


def _without_blanks(node: Node, path: Path, report: Report) -> Any:
    """Plain data; a key without a value is reported and left out, so that its default does not hide it."""
    if isinstance(node.value, dict):
        kept = {}
        for key, entry in node.value.items():
            if entry.node.value is None and is_canvas((*path, key)):
                continue
            if entry.node.value is None:
                report.settle(
                    (*path, key), empty_message(key), hint_for(*path, key) or "give it a value, or remove the line"
                )
            else:
                kept[key] = _without_blanks(entry.node, (*path, key), report)
        return kept
    if isinstance(node.value, list):
        for index, item in enumerate(node.value):
            if item.value is None:
                report.settle((*path, index), "this entry is empty", "give it a value, or remove the line")
        return [_without_blanks(item, (*path, index), report) for index, item in enumerate(node.value)]
    return node.value
