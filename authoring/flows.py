"""What a sequence means as a whole: where its ways lead. For definitions in which every step has its right shape."""

from collections.abc import Mapping, Sequence

from authoring.language.definition import Definition, GraphDefinition
from authoring.language.digraph import all_dominators, cycle, dominators, order
from authoring.language.flow import END, Flow, flow_of, node_ids
from authoring.language.steps import ConditionStep, EmailStep
from authoring.placed import Placed
from authoring.report import Report
from domain.diagnostics import Path


def check_flow(definition: Definition, steps: Sequence[Placed], report: Report) -> Flow | None:
    """The flow; reports ways that lead nowhere, go round for ever or miss what they build on."""
    by_id = _by_id(definition, steps, report)
    if not report.sound:
        return None
    flow = flow_of(definition)
    _check_ways(flow, steps, by_id, report)
    return flow


def _by_id(definition: Definition, steps: Sequence[Placed], report: Report) -> Mapping[str, Placed]:
    """The place of each stage; unnamed steps have their names now, which gotos may use and others must not."""
    if isinstance(definition, GraphDefinition):
        return {step.id: step for step in steps if step.id and step.id != END}
    executed = [step for step in steps if not step.is_link]
    by_id: dict[str, Placed] = {}
    for name, step in zip(node_ids(definition.steps), executed, strict=True):
        if name in by_id:
            message = f"the id `{name}` is used twice, first on line {report.line(by_id[name].path)}"
            report.error(step.path, message, "give each step an id of its own")
        by_id.setdefault(name, step)
    for step in steps:
        target = step.text("step") if step.type == "goto" else None
        if target is not None and target != END and target not in by_id:
            report.error(step.at("step"), f"there is no step `{target}`", "give the step that you mean an `id`")
    return by_id


def _check_ways(flow: Flow, steps: Sequence[Placed], by_id: Mapping[str, Placed], report: Report) -> None:
    if _round_for_ever(flow, steps, by_id, report):
        return
    reached = order(flow.start, flow.ways)
    _unreachable(set(reached), by_id, report)
    nearest = dominators(reached, flow.ways)
    for stage_id in reached:
        stage = flow.stages.get(stage_id)
        if stage is None:
            continue
        placed = by_id[stage_id]
        if stage.step.type == "delay" and stage.step.may_skip and flow.past(stage) is None:
            message = "`skip` passes over the step that follows, and what follows has not just one way out"
            report.error(placed.path, message, "let a message, webhook or action follow, or choose another policy")
        if isinstance(stage.step, ConditionStep) and len(set(stage.ways.values())) == 1:
            message = "the condition decides nothing: whether it holds or not, the same step comes next"
            hint = "put steps for whoever it holds for under `then`, for others under `else`, or remove it"
            if placed.node:
                hint = "lead its two edges to different nodes, or remove it"
            report.warning(placed.at("if"), message, hint)
        if isinstance(stage.step, EmailStep) and stage.step.thread is not None:
            root = stage.step.thread
            if root not in all_dominators(stage_id, nearest):
                message = f"step `{root}` is not on every way to this one, so there may be no conversation to continue"
                report.error(placed.at("thread"), message, "name an email that everybody gets, or give a `subject`")


def _round_for_ever(flow: Flow, steps: Sequence[Placed], by_id: Mapping[str, Placed], report: Report) -> bool:
    """Report each cycle without a bound; of those that share a step, one."""
    left = dict.fromkeys(flow.stages)
    found = False
    # A goto with a bound opens a cycle; every other way counts.
    while trail := cycle(left, lambda stage_id: [way for way in _unbounded(flow, stage_id) if way in left]):
        _report_cycle(trail, steps, by_id, report)
        found = True
        for stage_id in trail:
            del left[stage_id]
    return found


def _unbounded(flow: Flow, stage_id: str) -> Sequence[str]:
    stage = flow.stages.get(stage_id)
    if stage is None:
        return ()
    return [way for way in flow.ways(stage_id) if stage.step.type != "goto" or way == stage.ways["next"]]


def _report_cycle(trail: Sequence[str], steps: Sequence[Placed], by_id: Mapping[str, Placed], report: Report) -> None:
    links = [step for step in steps if step.is_link and step.text("step") in trail]
    place: Path = links[0].path if links else by_id[trail[-1]].node or by_id[trail[-1]].path
    shown = " → ".join((*trail[:8], *(("…",) if len(trail) > 8 else ()), trail[0]))
    hint = "give the goto `times`" if links else "lead one of these edges through a `goto` node, with `times`"
    report.error(place, f"this goes round without a bound: {shown}", hint)


def _unreachable(reached: set[str], by_id: Mapping[str, Placed], report: Report) -> None:
    """The first step of each stretch that nobody comes to."""
    lost = {placed.path: placed for stage_id, placed in by_id.items() if stage_id not in reached}
    siblings = {placed.path: placed for placed in by_id.values()}
    for path in lost:
        *around, index = path
        before = siblings.get((*around, index - 1)) if isinstance(index, int) else None
        parent = tuple(around[:-1] if around and around[-1] != "steps" else around[:-3])
        if (before is not None and before.path in lost) or parent in lost:
            continue
        message = "this step can never be reached"
        if before is not None and before.type == "exit":
            message += f": the exit on line {report.line(before.path)} ends every path to it"
        report.error(path, message, "remove it, or what ends or leads elsewhere before it")
