"""What can still be reached, and what no more: a plan's nodes after a decision."""

from collections.abc import Collection, Iterable

from domain.condition import Comparison, parts_of
from domain.plan import ConditionNode, GotoNode, MessageNode, Node, Outgoing, Plan, WebhookNode, ways_out


def out_of_reach(plan: Plan, node: Node, taken: str, spent: Collection[str]) -> tuple[Node, ...]:
    """The nodes that `node` might have led to and that cannot be reached from `taken`.

    In the plan's order. A goto in `spent` leads back no more.
    """
    ways = [way for way in ways_out(node) if way != taken]
    if not ways:
        return ()
    lost = _reachable(plan, ways, spent) - _reachable(plan, (taken,), spent) - {node.id}
    return tuple(other for other in plan.nodes.values() if other.id in lost)


def messages_after(plan: Plan, node: ConditionNode) -> tuple[Outgoing, ...]:
    """What a decision leads straight to, if that is messages alone and it can be made later just as well; else nothing.

    Events have their times, so whether they had happened can be told at any later moment; what a field said cannot.
    """
    found: dict[str, Outgoing] = {}
    waiting: list[Node] = [node]
    seen: set[str] = set()
    while waiting:
        match waiting.pop():
            case ConditionNode() as asked if not any(isinstance(p, Comparison) for p in parts_of(asked.condition)):
                ways = {asked.then, asked.otherwise} - seen
                seen |= ways
                waiting += [plan.nodes[way] for way in ways]
            case MessageNode() | WebhookNode() as message:
                found[message.id] = message
            case _:
                return ()
    return tuple(found.values())


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
