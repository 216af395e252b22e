"""What steps that branch, wait and jump compile to."""

from datetime import date, time
from pathlib import Path

import pytest

from authoring.check import Checked, check
from authoring.language.definition import SequenceDefinition
from domain.action import UpdateStatus
from domain.condition import AnyOf, Comparison
from domain.plan import (
    ActionNode,
    Arm,
    ConditionNode,
    DelayNode,
    ExitNode,
    GotoNode,
    MessageNode,
    Plan,
    SplitNode,
    TaskNode,
    WaitNode,
    WebhookNode,
)
from domain.schedule import Delay, Until, UntilDate, UntilField, UntilTime, UntilWeekday

CASES = Path(__file__).parents[2] / "cases"
HELLO = "  - {id: hello, type: sms, body: x}\n"
BYE = "  - {id: bye, type: sms, body: x}\n"


def checked(steps: str, settings: str = "") -> Checked:
    result = check(f"sequence: s\n{settings}steps:\n{steps}")
    assert result.ok, result.diagnostics
    return result


def plan_of(steps: str, settings: str = "") -> Plan:
    plan = checked(steps, settings).plan
    assert plan is not None
    return plan


def test_the_cold_outreach_case_compiles_to_its_three_ends() -> None:
    """Both branches of a condition lead on to the next step, unless they end."""
    plan = check((CASES / "cold-outreach.yaml").read_bytes()).plan
    assert plan is not None
    assert list(plan.nodes) == [
        *("intro", "wait-intro", "answered", "won", "follow-up", "wait-follow-up"),
        *("interest", "interested", "breakup", "mark", "end"),
    ]
    assert [node.order_index for node in plan.nodes.values()] == list(range(11))
    assert plan.nodes["answered"] == ConditionNode(
        id="answered", order_index=2, condition="replied", then="won", otherwise="follow-up"
    )
    assert plan.nodes["won"] == ExitNode(id="won", order_index=3, reason="qualified")
    assert plan.nodes["interest"] == ConditionNode(
        id="interest",
        order_index=6,
        condition=AnyOf(any=("replied", "opened")),
        then="interested",
        otherwise="breakup",
    )
    for branch in ("interested", "breakup"):
        node = plan.nodes[branch]
        assert isinstance(node, MessageNode)
        assert node.next == "mark"
    action = UpdateStatus(type="action", id="mark", action="update_status", status="unresponsive")
    assert plan.nodes["mark"] == ActionNode(id="mark", order_index=9, action=action, next="end")


def test_a_branch_without_steps_leads_on() -> None:
    """And nested branches lead on to what follows the outermost."""
    plan = plan_of(
        HELLO + "  - id: a\n    type: condition\n    if: clicked\n    then:\n"
        "      - {id: b, type: condition, if: replied, then: [{type: delay, days: 1}]}\n" + BYE
    )
    a, b = plan.nodes["a"], plan.nodes["b"]
    assert isinstance(a, ConditionNode)
    assert (a.then, a.otherwise) == ("b", "bye")
    assert isinstance(b, ConditionNode)
    assert (b.then, b.otherwise) == ("b.1", "bye")


def test_unnamed_steps_are_counted_over_the_whole_tree() -> None:
    """From the named step before them in the author's order, so that no two are called the same."""
    plan = plan_of(
        "  - {id: a, type: condition, if: clicked, then: [{type: delay, days: 1}], else: [{type: delay, days: 2}]}\n"
        "  - {type: delay, days: 3}\n" + BYE + "  - {type: delay, days: 3}\n"
    )
    assert list(plan.nodes) == ["a", "a.1", "a.2", "a.3", "bye", "bye.1", "end"]


def test_an_unnamed_steps_id_may_be_written_out() -> None:
    """As an export does where the place does not give it; two of them are an error."""
    plan = plan_of(HELLO + "  - {id: old.3, type: delay, days: 1}\n" + BYE)
    assert list(plan.nodes) == ["hello", "old.3", "bye", "end"]
    twice = check(f"sequence: s\nsteps:\n{HELLO}  - {{type: delay, days: 1}}\n  - {{id: hello.1, type: exit}}\n")
    assert [(f.line, f.message) for f in twice.diagnostics] == [(5, "the id `hello.1` is used twice, first on line 4")]


def test_a_wait_has_a_way_for_the_event_and_one_for_the_time_out() -> None:
    """Events in their one spelling, custom ones as they are."""
    plan = plan_of(
        HELLO + "  - {id: w, type: wait_for, event: [replied, call.booked], timeout: 3d, then: [{type: exit}]}\n" + BYE
    )
    assert plan.nodes["w"] == WaitNode(
        id="w", order_index=1, events=("reply", "call.booked"), timeout_seconds=3 * 86400, then="w.1", otherwise="bye"
    )


def test_a_split_has_an_arm_for_each_variant() -> None:
    """An arm without steps leads on like the others."""
    plan = plan_of(
        "  - {id: ab, type: split, variants: [{id: a, weight: 3, steps: [{id: x, type: sms, body: x}]}, {id: b}]}\n"
        + BYE
    )
    assert plan.nodes["ab"] == SplitNode(
        id="ab", order_index=0, arms=(Arm(id="a", weight=3, next="x"), Arm(id="b", weight=1, next="bye"))
    )


def test_a_task_has_a_way_for_each_outcome() -> None:
    """Without `lapse` it cannot lapse; what to do is content."""
    result = checked(
        "  - id: call\n    type: task\n    title: Call {{ name }}\n    assignee: ana\n    lapse: 2d\n"
        "    skipped: [{type: exit, reason: skipped}]\n    lapsed: [{id: late, type: sms, body: x}]\n" + BYE
    )
    assert result.plan is not None
    assert result.plan.nodes["call"] == TaskNode(
        id="call", order_index=0, lapse_seconds=172800, next="bye", skipped="call.1", lapsed="late"
    )
    assert result.contents[0].kind == "task"
    assert result.contents[0].templates == {"title": "Call {{ name }}", "assignee": "ana"}
    patient = plan_of("  - {id: call, type: task, title: Call}\n" + BYE).nodes["call"]
    assert patient == TaskNode(id="call", order_index=0, next="bye", skipped="bye")


def test_a_webhook_keeps_control_in_the_plan_and_texts_in_the_content() -> None:
    """Mappings lie flat behind a dot; saved attributes have the name that an import gives."""
    result = checked(
        "  - {id: h, type: webhook, url: https://x.org/h, headers: {X-Team: a}, data: {plan: pro},"
        " save: {My Score: r.s}}\n" + BYE
    )
    assert result.plan is not None
    assert result.plan.nodes["h"] == WebhookNode(id="h", order_index=0, timeout_seconds=30, next="bye")
    assert result.contents[0].templates == {
        "url": "https://x.org/h",
        "headers.X-Team": "a",
        "data.plan": "pro",
        "save.my_score": "r.s",
    }


def test_a_goto_with_times_is_a_node_and_one_without_only_a_link() -> None:
    """The link takes no place in the order and no number among unnamed steps."""
    plan = plan_of(
        HELLO + "  - {type: delay, days: 1}\n  - {type: goto, step: hello, times: 2}\n"
        "  - {id: c, type: condition, if: clicked, then: [{type: goto, step: bye}]}\n"
        "  - {type: delay, days: 2}\n" + BYE
    )
    assert plan.nodes["hello.2"] == GotoNode(id="hello.2", order_index=2, target="hello", times=2, next="c")
    c = plan.nodes["c"]
    assert isinstance(c, ConditionNode)
    assert (c.then, c.otherwise) == ("bye", "c.1")


def test_a_bounded_goto_allows_a_round_that_a_link_closes() -> None:
    """What counts is that every round passes a bound."""
    rounds = HELLO + "  - {id: again, type: goto, step: bye, times: 2}\n  - {type: exit}\n" + BYE
    assert plan_of(rounds + "  - {type: goto, step: again}\n").nodes["again"] == GotoNode(
        id="again", order_index=1, target="bye", times=2, next="again.1"
    )


def test_a_stop_leads_nowhere() -> None:
    """The enrollment ends there, so the plan has no way on."""
    plan = plan_of(HELLO + "  - {id: s, type: action, action: stop, reason: enough}\n")
    node = plan.nodes["s"]
    assert isinstance(node, ActionNode)
    assert node.next is None
    assert "end" not in plan.nodes


def test_a_goal_is_a_setting_of_the_plan() -> None:
    """In its long form."""
    goal = plan_of(HELLO, "goal: {field: Plan, eq: pro}\n").settings.goal
    assert goal == Comparison(field="attributes.plan", eq="pro")


@pytest.mark.parametrize(
    ("written", "delay"),
    [
        ("business_days: 2, hours: 1", Delay(business_days=2, seconds=3600)),
        ("until: 09:30", UntilTime(at=time(9, 30))),
        ('until: "9:30"', UntilTime(at=time(9, 30))),
        ("until: monday", UntilWeekday(weekday="mon")),
        ("until: Mon", UntilWeekday(weekday="mon")),
        ("until: monday 09:00", UntilWeekday(weekday="mon", at=time(9))),
        ("until: monday, at: 09:00", UntilWeekday(weekday="mon", at=time(9))),
        ("until: 2026-12-24", UntilDate(on=date(2026, 12, 24))),
        ("until: 2026-12-24 09:00", UntilDate(on=date(2026, 12, 24), at=time(9))),
        ("until: 2026-12-24, if_passed: stop", UntilDate(on=date(2026, 12, 24), if_passed="stop")),
        (
            "until: {days: 2, before: appointment_at}",
            UntilField(field="attributes.appointment_at", direction="before", offset=Delay(days=2)),
        ),
        (
            "until: {business_days: 1, after: attributes.Appointment At}, at: 09:00, if_missing: continue",
            UntilField(
                field="attributes.appointment_at",
                direction="after",
                offset=Delay(business_days=1),
                at=time(9),
                if_missing="continue",
            ),
        ),
        ("until: {on: appointment_at}", UntilField(field="attributes.appointment_at", direction="after")),
    ],
)
def test_a_delay_may_be_until_a_moment(written: str, delay: Delay | Until) -> None:
    """A time of day, a weekday, a date, or one of the contact's own dates."""
    node = plan_of(f"  - {{type: delay, {written}}}\n" + BYE).nodes["_.1"]
    assert node == DelayNode(id="_.1", order_index=0, delay=delay, next="bye")


def test_a_delay_that_may_skip_knows_the_way_past_the_step_that_follows() -> None:
    """A reminder whose date is missing is passed over."""
    plan = plan_of(
        "  - {type: delay, until: {days: 2, before: due}, if_missing: skip}\n"
        + HELLO
        + "  - {type: delay, days: 1}\n"
        + BYE
    )
    node = plan.nodes["_.1"]
    assert isinstance(node, DelayNode)
    assert (node.next, node.skip_to) == ("hello", "hello.1")
    late = check(f"sequence: s\nsteps:\n{HELLO}  - {{type: delay, until: 2026-12-24, if_passed: skip}}\n")
    assert "`skip` passes over the step that follows" in late.diagnostics[0].message


def test_a_plan_reads_back_as_itself() -> None:
    """As it is stored, and as it travels in a workflow's input."""
    steps = (CASES / "cold-outreach.yaml").read_text().partition("steps:\n")[2]
    settings = "goal: {all: [{not: {field: tags, contains: vip}}, {field: x, in: [1, a]}]}\n"
    plan = plan_of("  - {type: delay, until: {days: 2, before: due}}\n" + steps, settings)
    assert Plan.model_validate(plan.model_dump(mode="json")) == plan
    assert Plan.model_validate_json(plan.model_dump_json(by_alias=True)) == plan


def test_a_plan_of_an_earlier_release_is_still_valid() -> None:
    """Recorded histories hold such plans."""
    plan = Plan.model_validate(
        {
            "sequence": "s",
            "start": "a",
            "settings": {"window": None, "stop_on": ["reply"], "on_failure": "stop", "on_ambiguous": "hold"},
            "nodes": {
                "a": {"kind": "message", "id": "a", "order_index": 0, "channel": "sms", "next": "b"},
                "b": {"kind": "delay", "id": "b", "order_index": 1, "delay": {"days": 1, "seconds": 0}, "next": "end"},
                "end": {"kind": "exit", "id": "end", "order_index": 2, "implicit": True},
            },
        }
    )
    node = plan.nodes["b"]
    assert isinstance(node, DelayNode)
    assert node.delay == Delay(days=1)


def test_definitions_with_branches_store_as_they_mean() -> None:
    """Every step type reads back from its canonical document."""
    result = checked(
        "  - {id: w, type: wait_for, event: reply, timeout: 24h, else: [{id: t, type: task, title: x, lapse: 1d}]}\n"
        "  - {type: delay, until: Monday 9:00}\n  - {id: g, type: goto, step: w, times: 2}\n" + BYE
    )
    assert isinstance(result.definition, SequenceDefinition)
    document = result.definition.document()
    assert document["steps"][1] == {"type": "delay", "until": "mon", "at": "09:00"}
    assert SequenceDefinition.model_validate(document) == result.definition
