"""What a decision leads straight to."""

import pytest

from authoring.check import check
from domain.plan import ConditionNode
from domain.reachability import messages_after

STEPS = """
sequence: s
steps:
  - {{id: first, type: email, subject: Hello, body: Hello.}}
  - id: asked
    type: condition
    if: {condition}
    then: [{then}]
    else: [{otherwise}]
"""
TEXT = "{id: %s, type: sms, body: Hello.}"
ASKED_AGAIN = "{id: again, type: condition, if: opened, then: [" + TEXT % "c" + "], else: [" + TEXT % "d" + "]}"


@pytest.mark.parametrize(
    ("condition", "then", "otherwise", "expected"),
    [
        ("replied", TEXT % "a", TEXT % "b", ["a", "b"]),
        ("{any: [replied, {not: opened}]}", TEXT % "a", TEXT % "b", ["a", "b"]),
        ("replied", TEXT % "a", ASKED_AGAIN, ["a", "c", "d"]),
        ("replied", "{type: webhook, id: a, url: 'https://example.com/'}", TEXT % "b", ["a", "b"]),
        # It matters when they happen.
        ("replied", "{type: exit}", TEXT % "b", []),
        ("replied", "{type: delay, days: 1}, " + TEXT % "a", TEXT % "b", []),
        ("replied", "{id: a, type: action, action: mark_qualified}", TEXT % "b", []),
        # What a field said cannot be told later.
        ("{field: plan, eq: gold}", TEXT % "a", TEXT % "b", []),
        ("{all: [replied, {not: {field: plan, eq: gold}}]}", TEXT % "a", TEXT % "b", []),
    ],
)
def test_only_what_can_be_told_later_is_asked_when_messages_go(
    condition: str, then: str, otherwise: str, expected: list[str]
) -> None:
    """Questions about events, with messages right behind them; anything else is decided when it is reached."""
    checked = check(STEPS.format(condition=condition, then=then, otherwise=otherwise))
    assert checked.plan is not None, checked.diagnostics
    node = checked.plan.nodes["asked"]
    assert isinstance(node, ConditionNode)
    assert sorted(message.id for message in messages_after(checked.plan, node)) == expected
