"""`check`: everything that is wrong with a sequence file, in one go; and what it compiles to when nothing is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from authoring.explain import empty_message, explain, hint_for, is_echo, kind_of, suggestion
from authoring.report import Report
from authoring.rules import apply_rules, branches, placed_steps
from authoring.source import Node, read
from domain.action import ActionStep, UpdateStatus
from domain.compiler import compile_definition
from domain.definition import MAX_STEPS, SequenceDefinition, SequenceHeader, Step, StepContent
from domain.diagnostics import Diagnostic, Path
from domain.plan import Plan

SUPPORTED = ("email", "sms", "delay", "exit")
"""Step types that compile; the others are known, and refused by name."""


def _by_tag(union: Any, tag: str) -> dict[str, type[BaseModel]]:
    """The models of a discriminated union by their tags."""
    members = get_args(get_args(union)[0])
    models = [model for model in members if isinstance(model, type) and issubclass(model, BaseModel)]
    return {get_args(model.model_fields[tag].annotation)[0]: model for model in models}


_ACTIONS = _by_tag(ActionStep, "action")
_STEPS = _by_tag(Step, "type")
_validate_action = TypeAdapter[Any](ActionStep).validate_python
STEP_TYPES = (*_STEPS, "action")


@dataclass(frozen=True)
class Checked:
    """What is known about one sequence file."""

    filename: str
    diagnostics: tuple[Diagnostic, ...]
    definition: SequenceDefinition | None = None
    """Present when every key and value has its right shape, also when other errors remain."""
    plan: Plan | None = None
    """Present when there is no error."""
    contents: tuple[StepContent, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the sequence can be published; warnings do not count."""
        return not any(found.severity == "error" for found in self.diagnostics)

    @property
    def content_hash(self) -> str:
        """SHA-256 (hex) of what the definition means; empty while it has no right shape."""
        return self.definition.content_hash() if self.definition else ""


def check(text: str | bytes, *, filename: str = "sequence.yaml") -> Checked:
    """Check a sequence in YAML or JSON; never raises, whatever the text."""
    source = read(text)
    report = Report(source)
    definition = None
    if source.root is not None:
        definition = _check_document(source.root, report)
    checked = Checked(filename, report.diagnostics(), definition)
    if definition is None or not checked.ok:
        return checked
    plan, contents = compile_definition(definition)
    return Checked(filename, checked.diagnostics, definition, plan, contents)


def _check_document(root: Node, report: Report) -> SequenceDefinition | None:
    document = _without_blanks(root, (), report)
    if not isinstance(document, dict):
        report.error((), f"a sequence is a mapping, not {kind_of(document)}", "begin with `sequence: my-sequence`")
        return None
    if "nodes" in document and "edges" in document:
        report.error(
            ("nodes",),
            "this is a flow builder's graph: graphs are not supported yet",
            "write the sequence as a list of steps",
        )
        return None
    header = {key: value for key, value in document.items() if key != "steps"}
    sound = _check_shape(SequenceHeader.model_validate, header, (), SequenceDefinition, report)
    raw = document.get("steps")
    if not isinstance(raw, list):
        message = "`steps` is missing" if raw is None else f"`steps` must be a list, not {kind_of(raw)}"
        report.error(("steps",), message, hint_for("steps"))
    elif not raw:
        report.error(("steps",), empty_message("steps"), hint_for("steps"))
    steps = list(placed_steps(raw, ("steps",)))
    if len(steps) > MAX_STEPS:
        report.error(
            ("steps",), f"the sequence has {len(steps):,} steps, at most {MAX_STEPS:,} are allowed", "split it"
        )
        return None
    sound &= isinstance(raw, list) and bool(raw) and _check_steps(raw, ("steps",), report)
    apply_rules(document, steps, report)
    return SequenceDefinition.model_validate(document) if sound else None


def _without_blanks(node: Node, path: Path, report: Report) -> Any:
    """Plain data; a key without a value is reported and left out, so that its default does not hide it."""
    if isinstance(node.value, dict):
        kept = {}
        for key, entry in node.value.items():
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


def _check_steps(steps: list[Any], path: Path, report: Report) -> bool:
    """Check the shape of each step by itself, so that a fault in one hides none in another."""
    results = [_check_step(data, (*path, index), report) for index, data in enumerate(steps)]
    return all(results)


def _check_step(data: Any, path: Path, report: Report) -> bool:
    if not isinstance(data, dict):
        report.error(path, f"a step is a mapping, not {kind_of(data)}", "`- {id: wait, type: delay, days: 3}`")
        return False
    kind = data.get("type")
    if not isinstance(kind, str) or kind not in STEP_TYPES:
        message = "`type` is missing" if kind is None else f"unknown step type `{str(kind)[:60]}`"
        report.error((*path, "type"), message, suggestion(str(kind), STEP_TYPES, "step types"))
        return False
    if kind not in SUPPORTED:
        message = f"step type `{kind}` is not supported yet"
        report.error((*path, "type"), message, f"step types that run today: {', '.join(SUPPORTED)}")
    model = _ACTIONS.get(str(data.get("action")), UpdateStatus) if kind == "action" else _STEPS[kind]
    validate = _validate_action if kind == "action" else model.model_validate
    sound = _check_shape(validate, _without_branches(data), path, model, report)
    for key, inner in branches(data):
        if isinstance(inner, list):
            sound &= _check_steps(inner, (*path, *key), report)
    return sound


def _without_branches(data: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a step whose inner steps are left out: they are checked by themselves."""
    shallow = dict(data)
    for key, inner in branches(data):
        if not isinstance(inner, list):
            continue
        if len(key) == 1:
            shallow[str(key[0])] = []
        else:
            variants = shallow["variants"] = list(shallow["variants"])
            variants[int(key[1])] = {**variants[int(key[1])], "steps": []}
    return shallow


def _check_shape(
    validate: Callable[[Any], object], data: dict[str, Any], path: Path, model: type[BaseModel], report: Report
) -> bool:
    try:
        validate(data)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False):
            if report.full:
                break
            if not is_echo(error):
                place, message, hint = explain(error, data, model)
                report.error((*path, *place), message, hint)
        return False
    return True
