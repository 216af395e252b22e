"""What steps and graphs have in common: every step once, and where each way out of it leads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from authoring.language.definition import Definition, GraphDefinition
from authoring.language.digraph import order
from authoring.language.graph import step_of, way_of
from authoring.language.steps import ConditionStep, ExitStep, GotoStep, SplitStep, Step, TaskStep, WaitForStep
from domain.action import Stop

END = "end"
"""Id of the exit that the compiler adds; no step may carry it."""


@dataclass(frozen=True)
class Stage:
    """One step without what is inside it, and where it leads."""

    id: str
    step: Step
    ways: Mapping[str, str]
    """Way out → id of a stage, or END. In the author's order."""


@dataclass(frozen=True)
class Flow:
    """A sequence as stages, in the author's order."""

    start: str
    stages: Mapping[str, Stage]

    def ways(self, stage_id: str) -> tuple[str, ...]:
        """Where a stage may lead, END included; a delay that may skip also leads past what follows."""
        stage = self.stages.get(stage_id)
        if stage is None:
            return ()
        past = self.past(stage)
        return (*stage.ways.values(), *((past,) if past else ()))

    def past(self, stage: Stage) -> str | None:
        """Where the policy `skip` of a delay leads: past what follows, if that has one way out; else None."""
        if stage.step.type != "delay" or not stage.step.may_skip:
            return None
        following = self.stages.get(stage.ways["next"])
        return following.ways.get("next") if following and len(following.ways) == 1 else None


def flow_of(definition: Definition) -> Flow:
    """The flow of a definition that `check` found sound."""
    return _graph_flow(definition) if isinstance(definition, GraphDefinition) else link(definition.steps)


def ways_out(step: Step) -> tuple[str, ...]:
    """The names of the ways out of a step."""
    match step:
        case ExitStep() | Stop():
            return ()
        case ConditionStep() | WaitForStep():
            return "then", "else"
        case SplitStep():
            return tuple(variant.id for variant in step.variants)
        case TaskStep():
            return ("completed", "skipped", *(("lapsed",) if step.lapse else ()))
        case GotoStep():
            return "again", "next"
        case _:
            return ("next",)


def branches_of(step: Step) -> Mapping[str, tuple[Step, ...]]:
    """The steps inside a step, by the way that leads to them."""
    match step:
        case ConditionStep() | WaitForStep():
            return {"then": step.then, "else": step.else_}
        case SplitStep():
            return {variant.id: variant.steps for variant in step.variants}
        case TaskStep():
            return {way: getattr(step, way) for way in ways_out(step)}
        case _:
            return {}


def node_ids(steps: Sequence[Step]) -> list[str]:
    """The id of each step, inner ones included; one without counts on from the named step before it: `intro.1`.

    Steps before the first named one count from `_`, which no author's id can be.
    So an id changes only when its own neighbourhood does, and enrollments find their place in a later version.
    """
    ids: list[str] = []
    named, since = "_", 0
    for step in _walk(steps):
        if step.id is None:
            since += 1
            ids.append(f"{named}.{since}")
        else:
            ids.append(step.id)
            if "." not in step.id:
                named, since = step.id, 0
    return ids


def link(steps: Sequence[Step]) -> Flow:
    """Link nested steps: what follows a step follows each of its branches."""
    stages: dict[str, Stage] = {}
    start = _link(_place(steps, iter(node_ids(steps))), END, stages)
    return Flow(start, stages)


def _walk(steps: Sequence[Step]) -> Iterator[Step]:
    """Every step that is executed, in the author's order, those of branches after the step that branches."""
    for step in steps:
        if not (isinstance(step, GotoStep) and step.times is None):  # that is a link, which nobody executes
            yield step
        for inner in branches_of(step).values():
            yield from _walk(inner)


@dataclass(frozen=True)
class _Placed:
    """A step with the id that it has, and what is inside it likewise; a link has no id and leads to `target`."""

    id: str
    step: Step
    inner: Mapping[str, list["_Placed"]]
    target: str | None = None

    @property
    def entry(self) -> str:
        """Where it begins."""
        return self.target or self.id


def _place(steps: Sequence[Step], ids: Iterator[str]) -> list[_Placed]:
    placed: list[_Placed] = []
    for step in steps:
        if isinstance(step, GotoStep) and step.times is None:
            placed.append(_Placed("", step, {}, step.step))
        else:
            step_id = next(ids)
            placed.append(_Placed(step_id, step, {way: _place(b, ids) for way, b in branches_of(step).items()}))
    return placed


def _link(placed: Sequence[_Placed], following: str, stages: dict[str, Stage]) -> str:
    """Add a list's stages in the author's order; answers where the list begins."""
    entries = [*(here.entry for here in placed), following]
    for here, after in zip(placed, entries[1:], strict=True):
        if here.target is not None:
            continue
        ways: dict[str, str] = {}
        stages[here.id] = Stage(here.id, _bare(here.step), ways)
        for way in ways_out(here.step):
            ways[way] = _link(here.inner.get(way, ()), after, stages)
        if isinstance(here.step, GotoStep):
            ways["again"] = here.step.step
    return entries[0]


def _bare(step: Step) -> Step:
    """A step without the steps inside it, which are stages of their own."""
    match step:
        case ConditionStep() | WaitForStep():
            return step.model_copy(update={"then": (), "else_": ()})
        case SplitStep():
            variants = tuple(variant.model_copy(update={"steps": ()}) for variant in step.variants)
            return step.model_copy(update={"variants": variants})
        case TaskStep():
            return step.model_copy(update={"completed": (), "skipped": (), "lapsed": ()})
        case _:
            return step


def _graph_flow(graph: GraphDefinition) -> Flow:
    """A sound graph's flow; a way out without an edge leads to the end, one of a task where its completion leads."""
    nodes = {node.id: node for node in graph.nodes}
    targets: dict[str, dict[str, str]] = {node_id: {} for node_id in nodes}
    for edge in graph.edges:
        source = nodes[edge.source]
        targets[edge.source][way_of(source.type, source.data, edge.handle) or ""] = edge.target
    stages: dict[str, Stage] = {}
    trigger = next(node.id for node in graph.nodes if node.type == "trigger")
    start = targets[trigger]["next"]
    for node_id in order(start, lambda node_id: tuple(targets[node_id].values())):
        if node_id == END:
            continue
        led = targets[node_id]
        step = step_of(nodes[node_id], target=led.get("again", END))
        otherwise = led.get("completed", END)
        stages[node_id] = Stage(node_id, step, {way: led.get(way, otherwise) for way in ways_out(step)})
    return Flow(start, stages)
