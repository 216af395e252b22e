"""Each step's shape by itself, so that a fault in one hides none in another."""

from collections.abc import Callable, Mapping
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from authoring.explain import explain, is_echo, kind_of, suggestion
from authoring.language.steps import Step
from authoring.placed import Placed, branches
from authoring.report import Report
from domain.action import ActionStep, UpdateStatus
from domain.diagnostics import Path


def _by_tag(union: Any, tag: str) -> dict[str, type[BaseModel]]:
    """The models of a discriminated union by their tags."""
    members = get_args(get_args(union)[0])
    models = [model for model in members if isinstance(model, type) and issubclass(model, BaseModel)]
    return {get_args(model.model_fields[tag].annotation)[0]: model for model in models}


_ACTIONS = _by_tag(ActionStep, "action")
_STEPS = _by_tag(Step, "type")
_validate_action = TypeAdapter[Any](ActionStep).validate_python
STEP_TYPES = (*_STEPS, "action")


def check_steps(steps: list[Any], path: Path, report: Report) -> bool:
    """Check the shape of each step of a list, inner ones included."""
    results = [_check_entry(data, (*path, index), report) for index, data in enumerate(steps)]
    return all(results)


def _check_entry(data: Any, path: Path, report: Report) -> bool:
    if not isinstance(data, dict):
        report.error(path, f"a step is a mapping, not {kind_of(data)}", "`- {id: wait, type: delay, days: 3}`")
        return False
    kind = data.get("type")
    if not isinstance(kind, str) or kind not in STEP_TYPES:
        message = "`type` is missing" if kind is None else f"unknown step type `{str(kind)[:60]}`"
        report.error((*path, "type"), message, suggestion(str(kind), STEP_TYPES, "step types"))
        return False
    sound = check_step(Placed(path, data), report)
    for key, inner in branches(data):
        if isinstance(inner, list):
            sound &= check_steps(inner, (*path, *key), report)
    return sound


def check_step(step: Placed, report: Report) -> bool:
    """Check one step of a known type without what is inside it."""
    if step.type != "action":
        model = _STEPS[str(step.type)]
        return check_shape(model.model_validate, _without_branches(step.data), step, model, report)
    model = _ACTIONS.get(str(step.data.get("action")), UpdateStatus)
    return check_shape(_validate_action, step.data, step, model, report)


def check_shape(
    validate: Callable[[Any], object],
    data: dict[str, Any],
    at: Path | Placed,
    model: type[BaseModel],
    report: Report,
) -> bool:
    """Report every fault of one mapping in the author's words."""
    try:
        validate(data)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False):
            if report.full:
                break
            if not is_echo(error):
                place, message, hint = explain(error, data, model)
                report.error(at.at(*place) if isinstance(at, Placed) else (*at, *place), message, hint)
        return False
    return True


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
