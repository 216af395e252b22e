"""A graph as a list of nested steps.

Where ways meet again, the steps go on after the innermost step that all of them come from: the one that dominates
the meeting point. What has a single way to it is written where that way leads. A way that this cannot say becomes a
`goto` without `times`.
"""

from typing import Any

from authoring.language.definition import Definition, SequenceDefinition
from authoring.language.digraph import dominators, order
from authoring.language.flow import END, Flow, Stage
from authoring.language.steps import GotoStep
from authoring.placed import placed_steps
from authoring.source import MAX_DEPTH
from domain.errors import TouchlineError

_FLAT_ENOUGH = 10
"""Levels of the file down to which branches that all lead to the end lie side by side; deeper, one of them goes on
after the others."""

_Steps = list[dict[str, Any]]


class TooNested(TouchlineError):
    """A graph whose branches lie too deep inside each other for a list of steps."""


def to_steps(definition: Definition, flow: Flow) -> dict[str, Any]:
    """The document of a list of steps that compiles to the same plan; a list of steps is answered as it is.

    Raises TooNested.
    """
    if isinstance(definition, SequenceDefinition):
        return definition.document()
    hidden = {"nodes", "edges", "viewport"}
    header = definition.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=hidden)
    steps = _Writer(flow).written()
    _drop_needless_ids(steps)
    return {**header, "steps": steps}


class _Writer:
    """Writes each stage of a flow once."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        stages = order(flow.start, self._ways)
        self._above = dominators(stages, self._ways)
        self._joins: dict[str, list[str]] = {}
        """What is written after a stage and all inside it, in order."""
        self._inside: set[str] = set()
        """What has one way to it. Where a goto leads back to is never inside: it names its target."""
        self._size = dict.fromkeys(stages, 1)
        edges = dict.fromkeys(stages, 0)
        for stage in flow.stages.values():
            for way, target in stage.ways.items():
                edges[target] += 2 if way == "again" and isinstance(stage.step, GotoStep) else 1
        for node in stages[1:]:
            if edges[node] == 1 and node != END:
                self._inside.add(node)
            elif node != END:
                self._joins.setdefault(self._above[node], []).append(node)
        for node in reversed(stages[1:]):
            self._size[self._above[node]] += self._size[node]

    def written(self) -> _Steps:
        """All of them."""
        if self._flow.start == END:
            return [_link(END)]
        return self._tree(self._flow.start, END, 1)

    def _ways(self, node: str) -> tuple[str, ...]:
        stage = self._flow.stages.get(node)
        return () if stage is None else tuple(stage.ways.values())

    def _tree(self, first: str, after: str, level: int) -> _Steps:
        """A stage and all that it dominates, as a list on this level of the file that goes on at `after`."""
        steps: _Steps = []
        ahead = [(first, after)]
        while ahead:
            node, follows = ahead.pop()
            here = [*self._onward(node, follows, level), *self._joins.get(node, [])]
            ahead += reversed(list(zip(here, [*here, follows][1:], strict=True)))
            steps += self._stage(self._flow.stages[node], here[0] if here else follows, level)
        return steps

    def _onward(self, node: str, follows: str, level: int) -> list[str]:
        """The way that goes on in the same list though nothing else meets it there; none where branches do meet."""
        stage = self._flow.stages[node]
        inside = [way for name, way in stage.ways.items() if way in self._inside and name != "again"]
        if isinstance(stage.step, GotoStep) or len(stage.ways) == 1:
            return inside
        meets = node in self._joins or (self._above.get(END) == node and follows == END and level < _FLAT_ENOUGH)
        # The longest goes on: conditions that only let some people out do not nest.
        return [] if meets or not inside else [max(inside, key=self._size.__getitem__)]

    def _stage(self, stage: Stage, follows: str, level: int) -> _Steps:
        said = stage.step.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        if level + 1 + _height(said) > MAX_DEPTH:
            raise TooNested(
                f"`{stage.id}` would lie more than {MAX_DEPTH} levels deep, which a file of steps may not be",
                hint="Keep the graph, or split the sequence.",
            )
        step = {"id": stage.id, "type": stage.step.type, **said}
        if isinstance(stage.step, GotoStep) or len(stage.ways) == 1:
            onward = stage.ways["next"]
            return [step] if onward == follows else [step, _link(onward)]
        variants = {variant["id"]: variant for variant in step.get("variants", ())}
        for way, target in stage.ways.items():
            inner = self._branch(target, follows, level + (4 if way in variants else 2))
            if inner and way in variants:
                variants[way]["steps"] = inner
            elif inner:
                step[way] = inner
        return [step]

    def _branch(self, target: str, follows: str, level: int) -> _Steps:
        if target == follows:
            return []
        return self._tree(target, follows, level) if target in self._inside else [_link(target)]


def _height(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_height, value.values()), default=0)
    return 1 + max(map(_height, value), default=0) if isinstance(value, list) else 0


def _link(target: str) -> dict[str, Any]:
    return {"type": "goto", "step": target}


def _drop_needless_ids(steps: _Steps) -> None:
    """Leave out the ids that unnamed steps get by their places; all of them or none, as each counts on the others."""
    named, since = "_", 0
    unnamed: _Steps = []
    for placed in placed_steps(steps, ("steps",)):
        step = placed.data
        if placed.is_link:
            continue
        if "." not in step["id"]:
            named, since = step["id"], 0
            continue
        since += 1
        if step["id"] != f"{named}.{since}":
            return
        unnamed.append(step)
    for step in unnamed:
        del step["id"]
