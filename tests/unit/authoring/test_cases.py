"""The `tests` beside a sequence: what they may say, and that they are none of its meaning."""

import json
from typing import Any

import pytest

from authoring.check import Checked, check
from authoring.export import export

STEPS = [
    {"id": "hello", "type": "sms", "body": "x"},
    {"id": "pause", "type": "delay", "days": 1},
    {"id": "heard", "type": "wait_for", "event": "booked", "timeout": "1d"},
]
CASE = {
    "name": "one",
    "contact": {"email": "ada@example.com"},
    "start": "2026-03-06 16:30",
    "expect": {"status": "completed"},
}


def checked(*cases: dict[str, Any]) -> Checked:
    return check(json.dumps({"sequence": "s", "tests": list(cases), "steps": STEPS}))


def test_tests_are_no_part_of_the_meaning() -> None:
    """Other tests leave hash, plan and content as they are; the definition holds them."""
    with_tests = checked(CASE, {**CASE, "name": "two", "replies": "hello"})
    without = check(json.dumps({"sequence": "s", "steps": STEPS}))
    assert with_tests.ok
    assert with_tests.content_hash == without.content_hash
    assert (with_tests.plan, with_tests.contents) == (without.plan, without.contents)
    assert with_tests.definition is not None
    assert [case.name for case in with_tests.definition.tests] == ["one", "two"]


def test_a_graph_takes_tests_too_and_an_export_keeps_them() -> None:
    """Either form has the same tests, and the hash that it has without them."""
    steps = checked(CASE)
    graph = check(export(steps, "graph"))
    assert steps.definition is not None
    assert graph.definition is not None
    assert graph.definition.tests == steps.definition.tests
    plain = check(export(check(json.dumps({"sequence": "s", "steps": STEPS})), "graph"))
    assert graph.content_hash == plain.content_hash
    again = check(export(graph, "yaml"))
    assert again.definition is not None
    assert again.definition.tests == steps.definition.tests


def test_moments_and_cells_have_short_forms() -> None:
    """A space stands for the T, one step for a list, and a number in a column for its text."""
    contact = {"phone": 12125550100, "tags": "vip", "attributes": {"Seats": 12, "trial": True}}
    result = checked({**CASE, "contact": contact, "replies": "hello"})
    assert result.ok, result.diagnostics
    assert result.definition is not None
    [case] = result.definition.tests
    assert case.start == "2026-03-06T16:30"
    assert [reply.step for reply in case.replies] == ["hello"]
    assert case.contact.phone == "12125550100"
    assert (case.contact.tags, case.contact.attributes) == (("vip",), {"seats": "12", "trial": "true"})


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        ({"start": "soon"}, "start", "is no date"),
        ({"start": "2026-13-01"}, "start", "is no date"),
        ({"contact": {"name": "Ada"}}, "contact", "needs `email` or `phone`"),
        ({"contact": {"email": "nope"}}, "contact.email", "is no address"),
        ({"contact": {"email": "a@example.com", "timezone": "Mars"}}, "contact.timezone", "is not a time zone"),
        ({"replies": ["helo"]}, "replies[0]", "there is no step `helo`"),
        ({"replies": "pause"}, "replies", "sends nothing and waits for nobody"),
        ({"events": [{"step": "nope", "event": "opened"}]}, "events[0].step", "there is no step `nope`"),
        ({"events": [{"step": "hello", "event": "a b"}]}, "events[0].event", "cannot be used"),
        (
            {"events": [{"step": "hello", "event": "boked"}]},
            "events[0].event",
            "nothing in the sequence hears of `boked`",
        ),
        ({"expect": {}}, "expect", "needs `messages`"),
        ({"expect": {"messages": [{"step": "nope"}]}}, "expect.messages[0].step", "there is no step `nope`"),
        ({"expect": {"messages": [{"step": "hello", "at": "9:00"}]}}, "expect.messages[0].at", "is no date"),
        ({"expect": {"skipped": "nope"}}, "expect.skipped", "there is no step `nope`"),
        ({"expekt": 1}, "expekt", "unknown key"),
    ],
)
def test_what_cannot_be_is_reported_at_its_place(change: dict[str, Any], place: str, message: str) -> None:
    """By `check` already, not by the first run of `verify`."""
    found = checked({**CASE, **change}).diagnostics
    assert [(one.path, message in one.message) for one in found] == [(f"tests[0].{place}", True)]


@pytest.mark.parametrize("event", ["booked", "reply", "replied", "opened", "clicked", "bounced", "unsubscribed"])
def test_what_the_sequence_hears_may_happen(event: str) -> None:
    """What a `wait_for` waits for, and what every sequence hears."""
    assert checked({**CASE, "events": [{"step": "hello", "event": event}]}).ok


def test_an_event_that_a_goal_or_a_condition_asks_about_may_happen() -> None:
    """They hear of it as a `wait_for` does; and nobody hears of others."""
    case = {**CASE, "events": [{"step": "hello", "event": "paid"}, {"step": "hello", "event": "left"}]}
    branch = {"id": "b", "type": "condition", "if": {"all": ["replied", {"not": {"event": "left", "since": "1d"}}]}}
    document = {"sequence": "s", "goal": {"any": [{"event": "paid"}]}, "tests": [case], "steps": [*STEPS, branch]}
    assert check(json.dumps(document)).ok
    del document["goal"]
    [found] = check(json.dumps(document)).diagnostics
    assert (found.path, found.message) == ("tests[0].events[0].event", "nothing in the sequence hears of `paid`")
    assert "left" in found.hint


def test_two_tests_of_one_name_are_an_error() -> None:
    """A verdict names its test."""
    [found] = checked(CASE, CASE).diagnostics
    assert found.path == "tests[1].name"
