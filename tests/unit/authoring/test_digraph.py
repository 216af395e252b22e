"""Order, cycles and dominators, against what they mean."""

from hypothesis import given
from hypothesis import strategies as st

from authoring.language.digraph import all_dominators, cycle, dominators, order

Graph = dict[str, list[str]]

_GRAPHS = st.integers(1, 7).flatmap(
    lambda count: st.fixed_dictionaries(
        {str(n): st.lists(st.integers(0, count - 1).map(str), max_size=3) for n in range(count)}
    )
)


def reachable(graph: Graph, start: str, without: str | None = None) -> set[str]:
    seen: set[str] = set()
    ahead = [start] if start != without else []
    while ahead:
        node = ahead.pop()
        if node not in seen:
            seen.add(node)
            ahead += [way for way in graph[node] if way != without]
    return seen


@given(_GRAPHS)
def test_order_has_every_reachable_node_once(graph: Graph) -> None:
    """From the start on; and where there is no cycle, each before what it leads to."""
    found = order("0", graph.__getitem__)
    assert found[0] == "0"
    assert len(found) == len(set(found))
    assert set(found) == reachable(graph, "0")
    if not cycle(found, graph.__getitem__):
        assert all(found.index(node) < found.index(way) for node in found for way in graph[node])


def test_an_earlier_branch_comes_before_a_later_one() -> None:
    """Before what both lead to, too."""
    graph = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}
    assert order("a", graph.__getitem__) == ["a", "b", "c", "d"]


@given(_GRAPHS)
def test_a_cycle_is_found_where_there_is_one(graph: Graph) -> None:
    """Each of its nodes leads to the next, and the last to the first; none is found where nothing leads back."""
    found = cycle(graph, graph.__getitem__)
    circular = any(node in reachable(graph, way) for node in graph for way in graph[node])
    assert bool(found) == circular
    assert all(onward in graph[node] for node, onward in zip(found, [*found, *found][1:], strict=False))


@given(_GRAPHS)
def test_a_dominator_is_on_every_way(graph: Graph) -> None:
    """Exactly those nodes dominate another without which it cannot be reached."""
    nodes = order("0", graph.__getitem__)
    nearest = dominators(nodes, graph.__getitem__)
    for node in nodes[1:]:
        expected = {other for other in nodes if other != node and node not in reachable(graph, "0", other)}
        assert set(all_dominators(node, nearest)) == expected
