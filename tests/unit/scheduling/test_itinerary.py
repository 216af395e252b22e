"""From one node to the next."""

from datetime import UTC, datetime, time
from uuid import UUID

import pytest

from domain.messages import Channel
from domain.plan import ConditionNode, DelayNode, ExitNode, MessageNode, Node, Plan, Settings
from domain.schedule import Delay, Until, UntilField, UntilTime, Window
from scheduling.itinerary import LocalTime, next_stop

NEW_YORK = LocalTime(("America/New_York",), "Etc/UTC", UUID(int=1))
FRIDAY_NOON = datetime(2026, 6, 12, 16, tzinfo=UTC)
SATURDAYS = Window(days=("fri", "sat"))


def plan(node: Node, window: Window | None = None) -> Plan:
    message = MessageNode(id="m", order_index=1, channel=Channel.SMS, next="end")
    nodes: dict[str, Node] = {node.id: node, "m": message, "end": ExitNode(id="end", order_index=2)}
    return Plan(sequence="s", start=node.id, nodes=nodes, settings=Settings(window=window))


def wait(delay: Delay | Until) -> DelayNode:
    return DelayNode(id="d", order_index=0, delay=delay, next="m")


def test_business_days_are_those_of_the_sequences_window() -> None:
    """Saturday counts where the window opens on it."""
    delay = wait(Delay(business_days=1))
    assert next_stop(plan(delay), "d", FRIDAY_NOON, NEW_YORK).at == datetime(2026, 6, 15, 16, tzinfo=UTC)
    assert next_stop(plan(delay, SATURDAYS), "d", FRIDAY_NOON, NEW_YORK).at == datetime(2026, 6, 13, 16, tzinfo=UTC)


def test_a_moment_is_waited_for_by_the_contacts_clock() -> None:
    """09:00 in New York."""
    stop = next_stop(plan(wait(UntilTime(at=time(9)))), "d", FRIDAY_NOON, NEW_YORK)
    assert stop.at == datetime(2026, 6, 13, 13, tzinfo=UTC)
    assert [(w.node.id, w.ends) for w in stop.waits] == [("d", stop.at)]


@pytest.mark.parametrize(
    "node",
    [
        wait(UntilField(field="attributes.due", direction="before", offset=Delay(days=1))),
        ConditionNode(id="d", order_index=0, condition="replied", then="m", otherwise="m"),
    ],
)
def test_what_the_calendar_does_not_decide_is_a_stop_of_its_own(node: Node) -> None:
    """A contact's date and a decision are for whoever can look at the contact."""
    stop = next_stop(plan(node), "d", FRIDAY_NOON, NEW_YORK)
    assert (stop.node.id, stop.waits, stop.at) == ("d", (), FRIDAY_NOON)
