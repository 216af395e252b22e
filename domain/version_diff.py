"""What an author has changed from one version to another, step by step. Steps are the same when their ids are."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

from domain.base import Frozen
from domain.plan import ExitNode, Node, Plan, SplitNode, ways_out

Texts = Mapping[str, Mapping[str, Any]]
"""What steps say, by their ids."""

_LINKS = {"id", "order_index", "next", "then", "otherwise", "target", "skip_to", "skipped", "lapsed", "arms"}


class Changed(Frozen):
    """A step that both versions have, and that is not the same in them."""

    step: str
    what: tuple[str, ...]
    """`kind`, `delay`, `window`, …; of what it says `subject`, `body`, …"""


class Diff(Frozen):
    """From an older version to a newer one, or back."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[Changed, ...] = ()
    moved: tuple[str, ...] = ()
    """They come in another order, or lie in other branches."""
    settings: tuple[str, ...] = ()
    """What holds for the whole sequence and was changed."""


def diff(old: Plan, new: Plan, old_texts: Texts, new_texts: Texts) -> Diff:
    """Each list in the order of its version; of both versions' steps in the newer one's."""
    before, after = _written(old), _written(new)
    common = [step for step in after if step in before]
    changed = {
        step: _differences(_meaning(old.nodes[step]), _meaning(new.nodes[step]))
        + _differences(old_texts.get(step, {}), new_texts.get(step, {}))
        for step in common
    }
    steady = _steady([before.index(step) for step in common])
    inside_old, inside_new = _branches(old), _branches(new)
    kept = set(common)
    return Diff(
        added=tuple(step for step in after if step not in before),
        removed=tuple(step for step in before if step not in after),
        changed=tuple(Changed(step=step, what=tuple(what)) for step, what in changed.items() if what),
        moved=tuple(
            step
            for place, step in enumerate(common)
            if place not in steady or _shared(inside_old[step], kept) != _shared(inside_new[step], kept)
        ),
        settings=tuple(_differences(old.settings.model_dump(), new.settings.model_dump())),
    )


def _written(plan: Plan) -> list[str]:
    """The author's steps, in the author's order."""
    nodes = sorted(plan.nodes.values(), key=lambda node: node.order_index)
    return [node.id for node in nodes if not (isinstance(node, ExitNode) and node.implicit)]


def _meaning(node: Node) -> dict[str, Any]:
    """A node without where it lies and leads to."""
    meaning = node.model_dump(exclude=_LINKS)
    if isinstance(node, SplitNode):
        meaning["variants"] = [(arm.id, arm.weight) for arm in node.arms]
    return meaning


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    if old.get("kind") != new.get("kind"):
        return ["kind"]
    return [key for key in dict.fromkeys((*old, *new)) if old.get(key) != new.get(key)]


def _steady(places: Sequence[int]) -> set[int]:
    """The longest part of a list that is in order: all others have been moved. Answers indexes."""
    ends: list[int] = []
    tails: list[int] = []
    previous: list[int | None] = []
    for index, place in enumerate(places):
        length = bisect_left(tails, place)
        previous.append(ends[length - 1] if length else None)
        tails[length:] = [place, *tails[length + 1 :]]
        ends[length:] = [index, *ends[length + 1 :]]
    steady: set[int] = set()
    index_or_none = ends[-1] if ends else None
    while index_or_none is not None:
        steady.add(index_or_none)
        index_or_none = previous[index_or_none]
    return steady


def _branches(plan: Plan) -> dict[str, frozenset[tuple[str, int]]]:
    """For each node the ways out of decisions without which nobody comes to it: (node, number of the way)."""
    inside: dict[str, set[tuple[str, int]]] = {node_id: set() for node_id in plan.nodes}
    for node in plan.nodes.values():
        ways = ways_out(node)
        for number, way in enumerate(ways):
            if len(set(ways)) > 1 and ways.count(way) == 1:
                for lost in plan.nodes.keys() - _reached(plan, without=(node.id, way)):
                    inside[lost].add((node.id, number))
    return {node_id: frozenset(ways) for node_id, ways in inside.items()}


def _reached(plan: Plan, without: tuple[str, str]) -> set[str]:
    reached: set[str] = set()
    waiting = [plan.start]
    while waiting:
        node_id = waiting.pop()
        if node_id not in reached:
            reached.add(node_id)
            waiting += [way for way in ways_out(plan.nodes[node_id]) if (node_id, way) != without]
    return reached


def _shared(ways: frozenset[tuple[str, int]], kept: set[str]) -> set[tuple[str, int]]:
    """Those of decisions that both versions have."""
    return {way for way in ways if way[0] in kept}
