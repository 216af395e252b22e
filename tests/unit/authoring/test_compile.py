"""What a sound file compiles to."""

from datetime import time
from pathlib import Path

import pytest

from authoring.check import Checked, check
from authoring.language.definition import SequenceDefinition
from domain.messages import Channel
from domain.plan import DelayNode, ExitNode, MessageNode, Plan
from domain.schedule import Delay

CASES = Path(__file__).parents[2] / "cases"


def checked(steps: str, settings: str = "") -> Checked:
    result = check(f"sequence: s\n{settings}steps:\n{steps}")
    assert result.ok, result.diagnostics
    return result


def plan_of(steps: str, settings: str = "") -> Plan:
    plan = checked(steps, settings).plan
    assert plan is not None
    return plan


def test_the_reference_journey_compiles_to_three_messages_and_two_delays() -> None:
    """Nodes are linked in order and the path ends in the compiler's exit."""
    result = check((CASES / "reference-journey.yaml").read_bytes())
    plan = result.plan
    assert result.diagnostics == ()
    assert plan is not None
    assert (plan.sequence, plan.start) == ("reference-journey", "one")
    assert list(plan.nodes.values()) == [
        MessageNode(id="one", order_index=0, channel=Channel.EMAIL, next="wait-one"),
        DelayNode(id="wait-one", order_index=1, delay=Delay(days=3), next="two"),
        MessageNode(id="two", order_index=2, channel=Channel.EMAIL, thread="one", next="wait-two"),
        DelayNode(id="wait-two", order_index=3, delay=Delay(days=4), next="three"),
        MessageNode(id="three", order_index=4, channel=Channel.SMS, next="end"),
        ExitNode(id="end", order_index=5, implicit=True),
    ]
    assert [(c.node_id, c.order_index, c.kind, c.templates) for c in result.contents] == [
        ("one", 0, "email", {"subject": "One, {{ name }}", "body": "First message for {{ name }}."}),
        ("two", 2, "email", {"subject": "One, {{ name }}", "body": "Second message."}),
        ("three", 4, "sms", {"body": "Third message for {{ name }}. Reply STOP to opt out."}),
    ]


def test_the_warm_case_keeps_its_window_and_stop_rule() -> None:
    """Settings reach the plan; hours are elapsed time, not calendar days."""
    result = check((CASES / "warm-sms.yaml").read_bytes())
    plan = result.plan
    assert result.diagnostics == ()
    assert plan is not None
    assert plan.settings.stop_on == ("reply", "unsubscribe")
    window = plan.settings.window
    assert window is not None
    assert window.days == ("mon", "tue", "wed", "thu", "fri", "sat")
    assert (window.opens, window.closes, window.timezone) == (time(10), time(19), "contact")
    delays = [node.delay for node in plan.nodes.values() if isinstance(node, DelayNode)]
    assert delays == [Delay(seconds=86400)] * 3
    assert result.contents[1].templates["media_url"] == "https://example.com/brochure.pdf"
    assert result.definition is not None
    assert result.definition.trigger == ("warm_start",)


def test_delays_add_up_in_calendar_days_and_seconds() -> None:
    """Weeks and days keep the time of day; hours, minutes and seconds are counted."""
    plan = plan_of("  - {type: delay, weeks: 1, days: 2, hours: 1, minutes: 2, seconds: 3}\n")
    node = plan.nodes["_.1"]
    assert isinstance(node, DelayNode)
    assert node.delay == Delay(days=9, seconds=3723)


def test_unnamed_steps_take_their_id_from_the_named_step_before() -> None:
    """So adding a step elsewhere does not rename them."""
    plan = plan_of(
        "  - {type: delay, days: 1}\n  - {id: _2, type: sms, body: x}\n".replace("_2", "start")
        + "  - {type: delay, days: 1}\n  - {type: delay, hours: 1}\n  - {id: b, type: sms, body: x}\n  - {type: exit}\n"
    )
    assert list(plan.nodes) == ["_.1", "start", "start.1", "start.2", "b", "b.1"]
    assert plan.nodes["b.1"] == ExitNode(id="b.1", order_index=5)


def test_a_thread_without_subject_inherits_the_roots() -> None:
    """The inherited subject is the root's behind one `Re: `, however long the thread."""
    contents = checked(
        '  - {id: a, type: email, subject: "Q {{ name }}", body: x}\n'
        "  - {id: b, type: email, thread: a, body: x}\n  - {id: c, type: email, thread: b, body: x}\n"
    ).contents
    assert [content.templates["subject"] for content in contents] == ["Q {{ name }}", *["Re: Q {{ name }}"] * 2]


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("mon-fri", "mon tue wed thu fri"),
        ('"mon,wed"', "mon wed"),
        ("[wed, mon]", "mon wed"),
        ("sat-mon", "mon sat sun"),
        ("all", "mon tue wed thu fri sat sun"),
        ("[mon-tue, Sun]", "mon tue sun"),
    ],
)
def test_days_may_be_written_as_range_list_or_words(written: str, days: str) -> None:
    """All forms hold the same days in the order of the week."""
    window = plan_of("  - {id: a, type: sms, body: x}\n", f"window: {{days: {written}}}\n").settings.window
    assert window is not None
    assert " ".join(window.days) == days


def test_the_window_takes_spread_holidays_and_the_end_of_day() -> None:
    """`24:00` is midnight at the end; one calendar stands for a list of one; a step's window overrides."""
    plan = plan_of(
        "  - {id: a, type: sms, body: x, window: {from: 8:00, to: 24:00}, on_failure: continue}\n",
        "window: {holidays: US-FL, spread: 1h, timezone: Europe/Berlin}\non_failure: stop\n",
    )
    node, window = plan.nodes["a"], plan.settings.window
    assert window is not None
    assert (window.holidays, window.spread_minutes, window.timezone) == (("US-FL",), 60, "Europe/Berlin")
    assert isinstance(node, MessageNode)
    assert plan.window_of(node) == node.window
    assert node.window is not None
    assert (node.window.opens, node.window.closes) == (time(8), time(0))
    assert plan.failure_policy_of(node) == "continue"


def test_the_hash_is_that_of_the_meaning() -> None:
    """Comments, order of keys, quotes, short forms and spelled-out defaults do not change it; a word does."""
    plain = checked("  - {id: a, type: sms, body: x}\n", "window: {days: mon-wed, spread: 60m}\n").content_hash
    same = checked(
        '  - body: "x"  # hello\n    type: sms\n    id: a\n',
        "reenroll: after_end\nwindow: {spread: 1h, days: [mon, tue, wed], timezone: contact}\n",
    )
    other = checked("  - {id: a, type: sms, body: X}\n", "window: {days: mon-wed, spread: 60m}\n")
    assert plain == same.content_hash != other.content_hash


def test_json_is_accepted_and_equals_its_yaml() -> None:
    """JSON is YAML."""
    as_json = check('{"sequence": "s", "steps": [{"id": "a", "type": "sms", "body": "x"}]}')
    assert as_json.ok
    assert as_json.content_hash == checked("  - {id: a, type: sms, body: x}\n").content_hash


@pytest.mark.parametrize("case", sorted(CASES.glob("*.yaml")), ids=lambda case: case.name)
def test_the_stored_document_reads_back_as_the_same_definition(case: Path) -> None:
    """What publish stores validates to an equal definition with an equal hash, later step types included."""
    definition = check(case.read_bytes()).definition
    assert definition is not None
    again = SequenceDefinition.model_validate(definition.document())
    assert again == definition
    assert again.content_hash() == definition.content_hash()
