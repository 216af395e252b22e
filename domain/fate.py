"""What can still be reached, and what no more: a plan's nodes after a decision."""

from collections.abc import Collection, Iterable

from domain.plan import GotoNode, Node, Plan, ways_out


def out_of_reach(plan: Plan, node: Node, taken: str, spent: Collection[str]) -> tuple[Node, ...]:
    """The nodes that `node` might have led to and that cannot be reached from `taken`.

    In the plan's order. A goto in `spent` leads back no more.
    """
    ways = [way for way in ways_out(node) if way != taken]
    if not ways:
        return ()
    lost = _reachable(plan, ways, spent) - _reachable(plan, (taken,), spent) - {node.id}
    return tuple(other for other in plan.nodes.values() if other.id in lost)


def _reachable(plan: Plan, starts: Iterable[str], spent: Collection[str]) -> set[str]:
    reached: set[str] = set()
    waiting = list(starts)
    while waiting:
        node_id = waiting.pop()
        if node_id in reached:
            continue
        reached.add(node_id)
        node = plan.nodes[node_id]
        waiting += (node.next,) if isinstance(node, GotoNode) and node_id in spent else ways_out(node)
    return reached
