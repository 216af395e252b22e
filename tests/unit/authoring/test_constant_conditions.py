"""Conditions and goals that decide nothing, whatever the contact is or does: said when the file is checked."""

import json

import pytest

from authoring.check import check
from authoring.conditions import constant
from domain.diagnostics import Diagnostic

HELLO = "  - {id: hello, type: sms, body: Hi}\n"


def said(condition: str, *, goal: str = "", branches: str = "then: [{id: x, type: sms, body: y}]") -> list[Diagnostic]:
    steps = f"  - {{id: c, type: condition, if: {condition}, {branches}}}\n" if condition else ""
    head = f"goal: {goal}\n" if goal else ""
    return list(check(f"sequence: s\n{head}steps:\n{HELLO}{steps}").diagnostics)


@pytest.mark.parametrize(
    ("goal", "message"),
    [
        ("always", "always reached"),
        ("{event: always}", "always reached"),
        ("{any: [replied, always]}", "always reached"),
        ("{any: [{field: plan, exists: true}, {field: plan, exists: false}]}", "always reached"),
        ("{not: {all: [replied, {not: always}]}}", "always reached"),
        ("{not: always}", "never be reached"),
        ("{all: [replied, not_replied]}", "never be reached"),
        ("{all: [{field: plan, eq: a}, {field: plan, ne: a}]}", "never be reached"),
    ],
)
def test_a_goal_that_no_contact_decides_is_refused(goal: str, message: str) -> None:
    """It would end every enrollment before its first message, or none."""
    (fault,) = said("", goal=goal)
    assert fault.severity == "error"
    assert (fault.path, fault.line) == ("goal", 2)
    assert message in fault.message
    assert fault.hint


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("always", "always holds"),
        ("if_always", "always holds"),
        ("{any: [replied, not_replied]}", "always holds"),
        ("{any: [{event: reply}, {not: if_replied}]}", "always holds"),
        ("{not: always}", "never holds"),
        ("{all: [{event: paid}, {not: {event: paid}}]}", "never holds"),
    ],
)
def test_a_condition_whose_answer_is_known_is_named(condition: str, message: str) -> None:
    """One of its ways is taken by nobody."""
    warning = next(one for one in said(condition) if message in one.message)
    assert (warning.severity, warning.path, warning.line) == ("warning", "steps[1].if", 4)


@pytest.mark.parametrize(
    "condition",
    [
        "replied",
        "{any: [replied, opened]}",
        "{all: [{event: opened, step: hello}, not_opened]}",
        "{any: [{event: replied, since: 1d}, {not: {event: replied, since: 2d}}]}",
        "{all: [{field: plan, ne: a}, {field: plan, ne: b}]}",
        "{not: {field: plan, exists: true}}",
    ],
)
def test_what_depends_on_the_contact_is_not_called_constant(condition: str) -> None:
    """Questions about different steps, times and values are different questions."""
    assert said(condition) == []


@pytest.mark.parametrize("branches", ["then: []", "then: [], else: []", "else: []"])
def test_a_condition_without_branches_is_named(branches: str) -> None:
    """Whoever it holds for gets what everybody gets."""
    (warning,) = said("replied", branches=branches)
    assert warning.severity == "warning"
    assert "decides nothing" in warning.message
    assert "then" in warning.hint


def test_a_graphs_condition_whose_edges_meet_is_named() -> None:
    """The flow builder's form is judged as the steps are."""
    nodes = [
        {"id": "t", "type": "trigger", "data": {}},
        {"id": "c", "type": "condition", "data": {"if": "replied"}},
        {"id": "m", "type": "send-sms", "data": {"body": "Hi"}},
    ]
    edges = [{"source": "t", "target": "c"}]
    edges += [{"source": "c", "target": "m", "sourceHandle": handle} for handle in ("true", "false")]
    found = check(json.dumps({"sequence": "g", "nodes": nodes, "edges": edges})).diagnostics
    assert any("decides nothing" in one.message and "edges" in one.hint for one in found), found


@pytest.mark.parametrize(
    "condition",
    ["{field: plan, eq: [a, b]}", "{field: plan, gt: []}", "{field: tags, contains: [a]}", "{field: plan, ne: {a: b}}",
     "{field: plan, in: [[a]]}"],
)  # fmt: skip
def test_a_list_is_no_value_to_compare_with(condition: str) -> None:
    """One error with the fix, not one for each kind that a value may be of."""
    (fault,) = said(condition)
    assert fault.severity == "error"
    assert "in: [a, b]" in fault.message


def test_an_event_of_ones_own_that_begins_with_not_is_named() -> None:
    """It is an event of that name; the absence of another one is written differently."""
    (warning,) = said("{event: not_purchase}")
    assert warning.severity == "warning"
    assert "not: {event: purchase}" in warning.hint


def test_shapes_that_are_no_condition_are_nobodys_constant() -> None:
    """What the shape is reported for is not judged."""
    odds: list[object] = [None, 7, [], {"any": "always"}, {"all": []}, {"not": None}, {"event": ["always"]}]
    assert [constant(odd) for odd in odds] == [None] * len(odds)
