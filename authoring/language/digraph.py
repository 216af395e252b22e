"""Walking a directed graph: order, cycles, dominators. Without recursion, so the length of a path is no limit."""

from collections.abc import Callable, Collection, Iterable, Sequence

Ways = Callable[[str], Sequence[str]]
"""From a node to the nodes that may come next, in the author's order."""


def order(start: str, ways: Ways) -> list[str]:
    """Every node that can be reached, each before those that it leads to, and an earlier branch before a later one.

    An edge that closes a cycle is followed by nobody.
    """
    seen = {start}
    finished: list[str] = []
    open_nodes = [(start, iter(tuple(reversed(ways(start)))))]
    while open_nodes:
        node, following = open_nodes[-1]
        onward = next((way for way in following if way not in seen), None)
        if onward is None:
            finished.append(node)
            open_nodes.pop()
        else:
            seen.add(onward)
            open_nodes.append((onward, iter(tuple(reversed(ways(onward))))))
    return finished[::-1]


def cycle(nodes: Iterable[str], ways: Ways) -> list[str]:
    """The nodes of one cycle in their order; empty when there is none."""
    done: set[str] = set()
    for start in nodes:
        if start in done:
            continue
        path: dict[str, None] = {start: None}
        open_nodes = [(start, iter(ways(start)))]
        while open_nodes:
            node, following = open_nodes[-1]
            onward = next((way for way in following if way not in done), None)
            if onward is None:
                done.add(node)
                del path[node]
                open_nodes.pop()
            elif onward in path:
                trail = list(path)
                return trail[trail.index(onward) :]
            else:
                path[onward] = None
                open_nodes.append((onward, iter(ways(onward))))
    return []


def dominators(nodes: Sequence[str], ways: Ways) -> dict[str, str]:
    """Each node's nearest node that lies on every path to it from the first; `nodes` as `order` has them."""
    rank = {node: number for number, node in enumerate(nodes)}
    before: dict[str, list[str]] = {node: [] for node in nodes}
    for node in nodes:
        for way in ways(node):
            before[way].append(node)
    nearest = {nodes[0]: nodes[0]}
    changed = True
    while changed:
        changed = False
        for node in nodes[1:]:
            known = [other for other in before[node] if other in nearest]
            common = known[0]
            for other in known[1:]:
                common = _meet(common, other, nearest, rank)
            if nearest.get(node) != common:
                nearest[node] = common
                changed = True
    del nearest[nodes[0]]
    return nearest


def all_dominators(node: str, nearest: dict[str, str]) -> Collection[str]:
    """Every other node that lies on every path to this one."""
    found: dict[str, None] = {}
    while node in nearest:
        node = nearest[node]
        found[node] = None
    return found


def _meet(left: str, right: str, nearest: dict[str, str], rank: dict[str, int]) -> str:
    while left != right:
        while rank[left] > rank[right]:
            left = nearest[left]
        while rank[right] > rank[left]:
            right = nearest[right]
    return left
