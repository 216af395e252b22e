"""What steps that branch, wait, act and jump must mean."""

from pathlib import Path

import pytest

from authoring.check import check
from domain.condition import AnyOf, EventTest
from tests.unit.authoring.test_check import HEAD, HELLO, one

CASES = Path(__file__).parents[2] / "cases"


LANGUAGE_ERRORS = [
    ("{id: a, type: condition, then: []}", "if", "`if` is missing"),
    ("{id: a, type: condition, if: sometimes}", "if", "`sometimes` is not known as `if`"),
    ("{id: a, type: condition, if: {any: [replied, {event: opened, stp: a}]}}", "if.any[1].stp", "unknown key `stp`"),
    ("{id: a, type: condition, if: {field: x, eq: 1, ne: 2}}", "if", "a comparison needs exactly one of"),
    ("{id: a, type: condition, if: {field: x, gt: soon}}", "if", "`gt` and `lt` compare numbers and dates"),
    ("{id: a, type: condition, if: {field: tags, eq: vip}}", "if", "`tags` is a list"),
    ("{id: a, type: condition, if: {field: attributes.email, eq: x}}", "if.field", "`email` is what the engine knows"),
    ("{id: a, type: condition, if: {event: opened, step: helo}}", "if.step", "there is no step `helo`"),
    ("{id: a, type: condition, if: {all: [{not: {event: opened, step: a}}]}}", "if.all[0].not.step", "step `a` is no"),
    ("{id: a, type: condition, if: {event: opened, since: soon}}", "if.since", "`soon` is not a duration"),
    ("{id: a, type: condition, if: purchase}", "if", "`purchase` is not known as `if`"),
    ("{id: a, type: condition, if: {event: a b}}", "if.event", "`a b` cannot be used as `event`"),
    ("{id: a, type: condition, if: {event: if_clickd}}", "if.event", "`if_clickd` is not known; the names that begin"),
    ("{id: a, type: condition, if: {event: not_clicked}}", "if.event", "`not_clicked` is not known; that it has not"),
    ("{id: a, type: condition, if: {event: paid, step: hello}}", "if.step", "`paid` is an event of your own, which is"),
    ("{id: a, type: condition, if: {not: {event: paid, step: x}}}", "if.not.step", "`paid` is an event of your own"),
    ("{id: a, type: condition, if: replied, else: [{type: delay}]}", "else[0]", "the delay is 0"),
    ("{id: a, type: split, variants: [{id: x}]}", "variants", "`variants` needs at least 2 entries"),
    ("{id: a, type: split, variants: [{id: x}, {id: x}]}", "variants[1].id", "the variant `x` is there twice"),
    ("{id: a, type: split, variants: [{id: x}, {id: y, weight: 0}]}", "variants[1].weight", "`weight` must be 1 or"),
    ("{id: a, type: action, action: dance}", "action", "`dance` is not known as `action`"),
    ("{id: a, type: action}", "action", "`action` is missing"),
    ("{id: a, type: action, action: enroll, sequence: s}", "sequence", "a sequence cannot enroll into itself"),
    ("{id: a, type: action, action: set_attribute, attribute: Email, value: x}", "attribute", "`email` is what the"),
    ('{id: a, type: action, action: notify_user, user: x, message: "{{ nmae }}"}', "message", "unknown merge field"),
    ("{id: a, type: action, action: tag_lead}", "", "`tag_lead` needs `add` or `remove`"),
    ("{id: a, type: action, action: assign_to_user}", "", "`assign_to_user` needs either `user` or `round_robin`"),
    ("{id: a, type: action, action: stop, reason: goal}", "reason", "the reason `goal` is given by what happens"),
    ('{type: exit, reason: " replied "}', "reason", "the reason `replied` is given by what happens"),
    ("{id: a, type: whatsapp}", "", "a whatsapp step needs either `body` or `template`"),
    ("{id: a, type: whatsapp, template: hello}", "", "`hello` is no ContentSid"),
    ("{id: a, type: whatsapp, body: x, variables: {a: b}}", "", "`variables` are those of a `template`"),
    ("{id: a, type: webhook, url: ftp://example.com}", "url", "`url` is no web address"),
    ('{id: a, type: webhook, url: "{{ company }}"}', "url", "`url` is no web address"),
    ('{id: a, type: webhook, url: "https://{{ company }}.com/"}', "url", "the host of `url` is fixed"),
    ("{id: a, type: webhook, url: https://u:p@example.com}", "url", "the host of `url` is fixed"),
    ("{id: a, type: webhook, url: https://x.org, headers: {Host: x}}", "headers.Host", "the header `Host` is set by"),
    ("{id: a, type: webhook, url: https://x.org, headers: {a b: x}}", "headers.a b", "`a b` is no name of a header"),
    ("{id: a, type: webhook, url: https://x.org, headers: {X: x, x: y}}", "headers.x", "the header `x` is there twice"),
    ("{id: a, type: webhook, url: https://x.org, save: {email: x}}", "save.email", "`email` is what the engine knows"),
    ("{id: a, type: webhook, url: https://x.org, save: {A b: x, a_b: y}}", "save.a_b", "`a_b` is the attribute `a_b`"),
    ("{id: a, type: webhook, url: https://x.org, save: {a: a..b}}", "save.a", "`a..b` cannot be used as `a`"),
    ("{id: a, type: webhook, url: https://x.org, timeout: 10m}", "timeout", "a request is given more than 0"),
    ('{id: a, type: webhook, url: https://x.org, data: {k: "{{ nmae }}"}}', "data.k", "unknown merge field `nmae`"),
    ("{id: a, type: wait_for, event: [], timeout: 1d}", "event", "`event` is empty"),
    ("{id: a, type: wait_for, event: a b, timeout: 1d}", "event", "`a b` cannot be used as `event`"),
    ("{id: a, type: wait_for, event: not_replied, timeout: 1d}", "event", "`not_replied` is asked by a condition"),
    ("{id: a, type: wait_for, event: [opened, always], timeout: 1d}", "event[1]", "`always` is asked by a condition"),
    ("{id: a, type: wait_for, event: if_replied, timeout: 1d}", "event", "`if_replied` is asked by a condition"),
    (
        "{id: a, type: condition, if: {event: won, since: 999999w}}",
        "if.since",
        "it is more than 0 and at most 366 days",
    ),
    ("{id: a, type: condition, if: {event: won, since: 0s}}", "if.since", "it is more than 0"),
    ("{id: a, type: wait_for, event: reply, timeout: 0s}", "timeout", "it is more than 0"),
    ("{id: a, type: wait_for, event: reply, timeout: 53w}", "timeout", "it is more than 0 and at most 366 days"),
    ("{id: a, type: task}", "title", "`title` is missing"),
    ("{id: a, type: task, title: Call, lapsed: [{type: exit}]}", "lapsed", "a task without `lapse` never lapses"),
    ('{id: a, type: task, title: "{{ nmae }}"}', "title", "unknown merge field `nmae`"),
    ("{type: goto, step: helo}", "step", "there is no step `helo`"),
    ("{type: goto, step: hello.7, times: 1}", "step", "there is no step `hello.7`"),
    ("{type: goto, step: hello}", "", "this goes round without a bound: hello → hello"),
    ("{type: goto, step: hello, times: 0}", "times", "`times` must be 1 or more, not 0"),
    ("{id: a, type: goto, step: hello}", "", "a goto without `times` is only a link"),
    ("{id: a, type: goto, step: a, times: 1}", "step", "a goto cannot lead to itself"),
    ("{id: a.1, type: sms, body: x}", "id", "`a.1` cannot be used as `id`"),
    ("{type: delay, until: soon}", "until", "`soon` is no time of day, weekday or date"),
    ("{type: delay, until: 2026-02-30}", "until", "`2026-02-30` is no time of day, weekday or date"),
    ('{type: delay, until: "24:00"}', "until", "`24:00` is no time of day, weekday or date"),
    ("{type: delay, until: monday, days: 1}", "", "a delay lasts for a duration or `until` a moment"),
    ('{type: delay, until: "09:00", at: "10:00"}', "", "`at` goes with `until` and a weekday or date"),
    ("{type: delay, until: {days: 2}}", "until", "a contact's date needs exactly one of before, after, on"),
    ("{type: delay, until: {before: x}}", "until", "`before` and `after` need a duration"),
    ("{type: delay, until: {on: x, days: 1}}", "until", "`before` and `after` need a duration"),
    ('{type: delay, until: {hours: 1, before: x}, at: "10:00"}', "", "`at` sets the time of day"),
    ("{type: delay, days: 1, if_missing: stop}", "", "`if_missing` goes with `until` and a contact's date"),
    ("{type: delay, until: monday, if_passed: stop}", "", "`if_passed` goes with `until` and a date"),
    ("{type: delay, until: 2026-12-24, if_passed: skip}", "", "`skip` passes over the step that follows"),
    ("{type: delay, days: 1, business_days: 1}", "", "count either `business_days` or `days` and `weeks`"),
    ("{type: delay, business_days: 261}", "", "the delay is longer than 260 business days"),
]


@pytest.mark.parametrize(("step", "path", "message"), LANGUAGE_ERRORS, ids=[e[0][:70] for e in LANGUAGE_ERRORS])
def test_a_fault_in_what_a_step_does_is_named_with_its_place(step: str, path: str, message: str) -> None:
    """One fault, one finding."""
    line, place, said, _ = one(f"{HEAD}{HELLO}  - {step}\n")
    assert (line, place) == (4, f"steps[1].{path}" if path else "steps[1]")
    assert said.startswith(message)


def test_a_goal_names_steps_that_are_there() -> None:
    """The goal is a condition like any other."""
    _, path, message, hint = one(f"goal: {{any: [replied, {{event: clicked, step: helo}}]}}\n{HEAD}{HELLO}")
    assert (path, message) == ("goal.any[1].step", "there is no step `helo`")
    assert "did you mean `hello`?" in hint


def test_an_event_of_ones_own_is_called_as_in_a_wait() -> None:
    """In a goal and in a condition; the plan says which, and what the sequence hears altogether."""
    plan = check(
        f"goal: {{any: [{{event: purchase, since: 30d}}, {{event: reply}}]}}\n{HEAD}{HELLO}"
        "  - {id: w, type: wait_for, event: [reply, call.booked], timeout: 1d}\n"
        "  - {id: a, type: condition, if: {not: {event: not_interested}}}\n"
    ).plan
    assert plan is not None
    assert plan.settings.goal == AnyOf(any=(EventTest(event="purchase", since="30d"), EventTest(event="replied")))
    assert plan.own_events() == {"purchase", "not_interested"}
    assert plan.hears() == {"purchase", "not_interested", "call.booked"}


@pytest.mark.parametrize(
    ("name", "meant"), [("open", "opened"), ("repleid", "replied"), ("unsubscribe", "unsubscribed")]
)
def test_an_event_that_looks_like_a_word_is_a_warning(name: str, meant: str) -> None:
    """It is a name like any other, and most likely a slip."""
    checked = check(f"goal: {{all: [{{event: {name}}}]}}\n{HEAD}{HELLO}")
    [found] = checked.diagnostics
    assert (found.severity, found.path) == ("warning", "goal.all[0].event")
    assert found.hint == f"did you mean `{meant}`?"
    assert checked.ok


UNREACHABLE = [
    ("  - {type: exit}\n  - {id: b, type: sms, body: x}\n  - {id: c, type: sms, body: x}\n", 5, "steps[2]"),
    ("  - {id: a, type: action, action: stop}\n  - {id: b, type: sms, body: x}\n", 5, "steps[2]"),
    ("  - {id: a, type: condition, if: replied, then: [{type: exit}, {type: exit}]}\n", 4, "steps[1].then[1]"),
    (
        "  - {id: a, type: condition, if: replied, then: [{type: exit}], else: [{type: goto, step: c}]}\n"
        "  - {id: b, type: split, variants: [{id: x, steps: [{id: d, type: sms, body: x}]}, {id: y}]}\n"
        "  - {id: e, type: sms, body: x}\n  - {type: goto, step: end}\n  - {id: c, type: sms, body: x}\n",
        5,
        "steps[2]",
    ),
]


@pytest.mark.parametrize(("steps", "line", "place"), UNREACHABLE)
def test_steps_that_nobody_comes_to_are_an_error(steps: str, line: int, place: str) -> None:
    """What can never be reached is not silently kept; of several in a row, the first is named."""
    found_line, path, message, _ = one(HEAD + HELLO + steps)
    assert (found_line, path) == (line, place)
    assert message.startswith("this step can never be reached")


def test_a_step_after_an_exit_may_be_reached_from_elsewhere() -> None:
    """A goto that leads there makes it part of the sequence; the exit is then what it looks like."""
    skip = "{id: a, type: condition, if: replied, then: [{type: goto, step: late}]}"
    assert check(f"{HEAD}{HELLO}  - {skip}\n  - {{type: exit}}\n  - {{id: late, type: sms, body: x}}\n").ok


def test_the_exit_that_cuts_steps_off_is_named_with_its_line() -> None:
    """The author sees both ends."""
    _, _, message, _ = one(f"{HEAD}{HELLO}  - {{type: exit}}\n  - {{id: b, type: sms, body: x}}\n")
    assert message == "this step can never be reached: the exit on line 4 ends every path to it"


def test_a_thread_that_not_everybody_got_is_an_error() -> None:
    """Its first email lies on every way to the reply, or the reply would begin with `Re:` out of nothing."""
    opener = "{id: m, type: email, subject: Hi, body: x}"
    reply = "  - {id: r, type: email, thread: m, body: x}\n"
    branch = f"  - {{id: a, type: condition, if: clicked, then: [{opener}]}}\n"
    _, path, message, _ = one(HEAD + HELLO + branch + reply)
    assert path == "steps[2].thread"
    assert message.startswith("step `m` is not on every way to this one")
    ends = f"  - {{id: a, type: condition, if: clicked, then: [{opener}], else: [{{type: exit}}]}}\n"
    assert check(HEAD + HELLO + ends + reply).ok


def test_the_cold_outreach_case_runs() -> None:
    """Its subjects that break threads are warned of."""
    checked = check((CASES / "cold-outreach.yaml").read_bytes())
    assert checked.ok
    assert {f.path for f in checked.diagnostics if f.severity == "warning"} == {
        "steps[3].subject",
        "steps[5].then[0].subject",
        "steps[5].else[0].subject",
    }
