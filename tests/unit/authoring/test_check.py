"""Every kind of error is found, at its place, with its mend."""

from pathlib import Path
from textwrap import dedent

import pytest

from authoring.check import Checked, check

CASES = Path(__file__).parents[2] / "cases"

HEAD = "sequence: s\nsteps:\n"
HELLO = '  - {id: hello, type: sms, body: "Hi {{ name }}"}\n'
MAIL = '  - {id: mail, type: email, subject: "Hi {{ name }}", body: "Text"}\n'


def findings(checked: Checked) -> list[tuple[int, str, str]]:
    return [(found.line, found.path, found.message) for found in checked.diagnostics]


def one(text: str) -> tuple[int, str, str, str]:
    """The only finding about a text."""
    checked = check(dedent(text))
    assert len(checked.diagnostics) == 1, findings(checked)
    found = checked.diagnostics[0]
    return found.line, found.path, found.message, found.hint


HEADER_ERRORS = [
    ("trigger:\n", "trigger", "the trigger is empty: nobody would ever be enrolled by it", "cold_start"),
    ('trigger: ""\n', "trigger", "the trigger is empty: nobody would ever be enrolled by it", "cold_start"),
    ("trigger: []\n", "trigger", "the trigger is empty: nobody would ever be enrolled by it", "cold_start"),
    ('trigger: [a, " "]\n', "trigger", "the trigger is empty: nobody would ever be enrolled by it", "cold_start"),
    ("triger: a\n", "triger", "unknown key `triger`", "did you mean `trigger`?"),
    ("name: [a]\n", "name", "`name` must be text, not a list", ""),
    ("name: 3\n", "name", "`name` must be text, not the number 3", "put quotes around it"),
    ("window: 9\n", "window", "`window` must be a mapping (`key: value`), not the number 9", "window: {days"),
    ("window: {days: mon-fry}\n", "window.days", "`mon-fry` is not a day", "mon-fri"),
    ("window: {days: []}\n", "window", "the window holds no day", "days: mon-fri"),
    ('window: {from: "25:00"}\n', "window.from", "`25:00` is not an hour of the day", "09:00"),
    ("window: {from: 9}\n", "window.from", "`9` is not an hour of the day", '"09:00"'),
    ('window: {from: "24:00"}\n', "window", "the window holds no hour: it is open from 24:00 to 24:00", "17:00"),
    ("window: {from: 10:00, to: 10:00}\n", "window", "the window holds no hour: it is open from 10:00 to 10:00", ""),
    (
        "window: {timezone: Amerika/Lima}\n",
        "window.timezone",
        "`Amerika/Lima` is not a time zone",
        "America/Lima`?",
    ),
    ("window: {timezone: Mars}\n", "window.timezone", "`Mars` is not a time zone", "`contact`, `tenant`"),
    ("window: {holidays: US-XX}\n", "window.holidays", "`US-XX` is not a holiday calendar", "US-FL"),
    ("window: {holidays: [US, ZZ]}\n", "window.holidays[1]", "`ZZ` is not a holiday calendar", "US-FL"),
    ("window: {spread: 15}\n", "window.spread", "a duration needs its unit", "15m"),
    ("window: {spread: soon}\n", "window.spread", "`soon` is not a duration", "15m"),
    ("window: {spread: 90s}\n", "window", "`spread` is counted in whole minutes, not 90s", ""),
    (
        "window: {from: 10:00, to: 11:00, spread: 1h}\n",
        "window",
        "`spread` (1h) is as long as the window or longer",
        "",
    ),
    ("stop_on: [reply, bouncee]\n", "stop_on[1]", "`bouncee` is not known as `stop_on`", "did you mean `bounce`?"),
    ("on_failure: explode\n", "on_failure", "`explode` is not known as `on_failure`", "known: continue, stop"),
    ("on_ambiguous: hope\n", "on_ambiguous", "`hope` is not known as `on_ambiguous`", "assume_sent"),
    ("reenroll: always\n", "reenroll", "`always` is not known as `reenroll`", "never"),
]


@pytest.mark.parametrize(("line", "path", "message", "hint"), HEADER_ERRORS, ids=[e[0].strip() for e in HEADER_ERRORS])
def test_a_faulty_setting_is_named_with_its_line_and_mend(line: str, path: str, message: str, hint: str) -> None:
    """A fault in one setting gives one finding on that setting's line."""
    found = one("sequence: s\n" + line + "steps:\n" + HELLO)
    assert found[:3] == (2, path, message)
    assert hint in found[3]


STEP_ERRORS = [
    ("{id: a, type: emial, body: x}", "type", "unknown step type `emial`", "did you mean `email`?"),
    ("{id: a, body: x}", "type", "`type` is missing", "email, sms"),
    ("hello", "", "a step is a mapping, not the text `hello`", "type: delay"),
    ("", "", "this entry is empty", "remove the line"),
    ("{type: sms, body: x}", "id", "`id` is missing", "follow-up"),
    ("{id: a.b, type: sms, body: x}", "id", "`a.b` cannot be used as `id`", "letters, digits"),
    ("{id: 7, type: sms, body: x}", "id", "`id` must be text, not the number 7", "quotes"),
    ("{id: end, type: sms, body: x}", "id", "the id `end` is reserved for the sequence's own end", "another id"),
    ("{id: hello, type: sms, body: x}", "id", "the id `hello` is used twice, first on line 3", "of its own"),
    ("{id: a, type: sms}", "body", "`body` is missing", "body: |"),
    ("{id: a, type: sms, body: }", "body", "`body` is empty", "body: |"),
    ('{id: a, type: sms, body: " "}', "body", "`body` is empty", "body: |"),
    ("{id: a, type: sms, body: x, boddy: y}", "boddy", "unknown key `boddy`", "did you mean `body`?"),
    ("{id: a, type: sms, body: x, thread: hello}", "thread", "unknown key `thread`", "keys here: id, window"),
    ("{id: a, type: sms, body: x, media_url: a.pdf}", "media_url", "`media_url` is no web address", "https://"),
    ('{id: a, type: sms, body: "{{ nmae }}"}', "body", "unknown merge field `nmae`", "did you mean `name`?"),
    ('{id: a, type: sms, body: "{{ plan }}"}', "body", "unknown merge field `plan`", "attributes.plan"),
    ('{id: a, type: sms, body: "{{ name"}', "body", "`{{` is never closed", "add `}}`"),
    ('{id: a, type: sms, body: "{{ name | upcas }}"}', "body", "unknown filter `upcas`", "`upcase`?"),
    (f"{{id: a, type: sms, body: {'x' * 1601}}}", "body", "`body` has 1,601 characters, sms takes 1,600", "shorten"),
    ("{id: a, type: email, body: x}", "subject", "`subject` is missing", "subject:"),
    (
        f"{{id: a, type: email, body: x, subject: {'x' * 999}}}",
        "subject",
        "`subject` has 999 characters, email takes 998",
        "shorten",
    ),
    (
        '{id: a, type: email, body: x, subject: "Hi\\nBcc: x"}',
        "subject",
        "`subject` has a line break",
        "a line such as",
    ),
    ('{id: a, type: email, body: x, subject: "Hi\\u2028you"}', "subject", "`subject` has a line break", ""),
    ('{id: a, type: sms, body: x, media_url: "https://x.org/\\na"}', "media_url", "`media_url` has a line break", ""),
    ("{id: a, type: email, body: x, thread: hello}", "thread", "step `hello` is no email: it is of type sms", "email"),
    ("{id: a, type: email, body: x, thread: mial}", "thread", "there is no step `mial`", "did you mean `mail`?"),
    ("{id: a, type: email, body: x, thread: a}", "thread", "step `a` does not come before this one", "earlier"),
    ("{id: a, type: email, body: x, thread: late}", "thread", "step `late` does not come before this one", "earlier"),
    ('{id: a, type: sms, body: x, window: {to: "00:00"}}', "window", "the window holds no hour", ""),
    ("{id: a, type: sms, body: x, window: {timezone: X}}", "window.timezone", "`X` is not a time zone", ""),
    ("{id: a, type: sms, body: x, on_failure: retry}", "on_failure", "`retry` is not known", "continue, stop"),
    ("{type: delay}", "", "the delay is 0", "weeks"),
    ("{type: delay, days: 0}", "", "the delay is 0", "weeks"),
    ("{type: delay, days: 366, seconds: 1}", "", "the delay is longer than 366 days", "weeks"),
    ("{type: delay, days: -3}", "days", "`days` must be 0 or more, not -3", "whole numbers for any of seconds"),
    ("{type: delay, weeks: -1e99}", "weeks", "`weeks` must be 0 or more, not -1e+99", "at most 366 days"),
    ("{type: delay, weeks: 1e20}", "", "the delay is longer than 366 days", "at most 366 days"),
    ("{type: delay, hours: 1, days: }", "days", "`days` is empty", "whole numbers for any of seconds"),
    ("{id: a, type: sms, body: x, window: {days: }}", "window.days", "`days` is empty", "`days: mon-fri`"),
    ('{type: delay, days: "3"}', "days", "`days` must be a whole number, not the text `3`", ""),
    ("{type: delay, days: 1.5}", "days", "`days` must be a whole number, not the number 1.5", ""),
    ("{type: delay, days: true}", "days", "`days` must be a whole number, not `true`", ""),
]


@pytest.mark.parametrize(("step", "path", "message", "hint"), STEP_ERRORS, ids=[e[0][:60] for e in STEP_ERRORS])
def test_a_faulty_step_is_named_with_its_line_and_mend(step: str, path: str, message: str, hint: str) -> None:
    """A fault in one step gives one finding on that step's line."""
    late = '  - {id: late, type: email, subject: "Late", body: "Text"}\n'
    line, place, said, mend = one(f"{HEAD}{HELLO}{MAIL}  - {step}\n{late}")
    assert (line, place) == (5, f"steps[2].{path}" if path else "steps[2]")
    assert said.startswith(message)
    assert hint in mend


@pytest.mark.parametrize(
    ("feature", "step"),
    [
        ("whatsapp", "{id: a, type: whatsapp, body: x}"),
        ("webhook", '{id: a, type: webhook, url: "https://example.com"}'),
        ("wait_for", "{id: a, type: wait_for, event: reply, timeout: 3d, then: [{type: exit}]}"),
        ("condition", "{id: a, type: condition, if: {any: [if_replied, {event: opened, step: hello, since: 2d}]}}"),
        ("split", "{id: a, type: split, variants: [{id: x, weight: 2}, {id: y, steps: [{type: exit}]}]}"),
        ("action", "{id: a, type: action, action: tag_lead, add: vip}"),
        ("task", "{id: a, type: task, title: Call}"),
        ("goto", "{type: goto, step: hello, times: 2}"),
        ("delay until", "{type: delay, until: monday}"),
        ("delay business_days", "{type: delay, business_days: 2}"),
    ],
)
@pytest.mark.usefixtures("as_released")
def test_what_does_not_run_yet_is_refused_by_name_and_nothing_else(feature: str, step: str) -> None:
    """A well-formed step of a later kind gives exactly one error, with its name, and compiles all the same."""
    checked = check(f"{HEAD}{HELLO}  - {step}\n")
    (found,) = checked.diagnostics
    assert found.message == f"`{feature}` does not run in this release yet"
    assert found.path.startswith("steps[1]")
    assert not checked.ok
    assert checked.plan is not None


@pytest.mark.usefixtures("as_released")
def test_what_does_not_run_yet_is_said_once() -> None:
    """Ten conditions are one sentence."""
    steps = "".join(f"  - {{id: c{n}, type: condition, if: replied}}\n" for n in range(10))
    assert [found.line for found in check(f"{HEAD}{HELLO}{steps}").diagnostics] == [4]
    goal = check(f"goal: replied\n{HEAD}{HELLO}").diagnostics
    assert [(found.path, found.message) for found in goal] == [("goal", "`goal` does not run in this release yet")]


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
    ("{id: a, type: wait_for, event: reply, timeout: 0s}", "timeout", "a wait is more than 0"),
    ("{id: a, type: wait_for, event: reply, timeout: 53w}", "timeout", "a wait is more than 0 and at most 366 days"),
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


def test_a_block_of_one_line_may_be_a_subject() -> None:
    """The line end that YAML keeps at the end of a block is no break; a second line is one, with its line."""
    text = "sequence: s\nsteps:\n  - id: a\n    type: email\n    body: x\n    subject: |\n      Hello\n"
    assert check(text).ok
    line, path, message, _ = one(text + "      World\n")
    assert (line, path, message) == (7, "steps[0].subject", "`subject` has a line break: it must be one line")


def test_a_whole_number_may_be_written_as_json_writes_it() -> None:
    """`3.0` days are 3 days."""
    written, plain = (check(f"{HEAD}{HELLO}  - {{type: delay, days: {days}}}\n") for days in ("3.0", "3"))
    assert written.ok
    assert written.content_hash == plain.content_hash


def test_a_fault_in_a_block_of_text_has_its_own_line() -> None:
    """Liquid errors inside `body: |` point at the line of the text, unknown fields and syntax errors alike."""
    text = """\
        sequence: s
        steps:
          - id: a
            type: sms
            body: |
              Hi {{ name }},

              this is {{ comapny }}
          - id: b
            type: sms
            body: |
              {{ name | }}
              {{ | }}
              {% if company %}open
        """
    assert [(line, path) for line, path, _ in findings(check(dedent(text)))] == [
        (8, "steps[0].body"),
        (12, "steps[1].body"),
        (13, "steps[1].body"),
        (14, "steps[1].body"),
    ]


def test_all_faults_are_reported_at_once_in_the_order_of_the_file() -> None:
    """No fault hides another: not in the same step, not in a later one, not between shape and meaning."""
    text = """\
        sequence: s
        trigger:
        window: {timezone: Mars, colour: red}
        steps:
          - {id: a, type: sms, boddy: x, body: "{{ nmae }}"}
          - {id: a, type: email, thread: zzz, body: "{{ x", days: 3}
          - {type: delay}
        """
    assert [(line, path) for line, path, _ in findings(check(dedent(text)))] == [
        (2, "trigger"),
        (3, "window.colour"),
        (3, "window.timezone"),
        (5, "steps[0].boddy"),
        (5, "steps[0].body"),
        (6, "steps[1].body"),
        (6, "steps[1].days"),
        (6, "steps[1].id"),
        (6, "steps[1].thread"),
        (7, "steps[2]"),
    ]


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


@pytest.mark.parametrize("steps", ["", " []", " text", " {a: 1}"])
def test_a_sequence_without_steps_is_an_error(steps: str) -> None:
    """`steps` is a list with something in it."""
    line, path, message, _ = one(f"sequence: s\nsteps:{steps}\n")
    assert (line, path) == (2, "steps")
    assert "`steps`" in message


def test_a_sequence_that_sends_nothing_is_warned_of() -> None:
    """No message at all is allowed, and said."""
    checked = check(f"{HEAD}  - {{type: delay, days: 1}}\n")
    assert checked.ok
    assert [(found.severity, found.message) for found in checked.diagnostics] == [
        ("warning", "no step sends a message")
    ]


def test_another_subject_within_a_thread_is_warned_of() -> None:
    """Mailboxes thread by equal subject; `Re:` before it is equal."""
    second = '  - {{id: b, type: email, thread: mail, subject: "{}", body: x}}\n'
    checked = check(HEAD + MAIL + second.format("Other"))
    assert checked.ok
    assert [(found.severity, found.path) for found in checked.diagnostics] == [("warning", "steps[1].subject")]
    for same in ("Hi {{ name }}", "Re: Hi {{ name }}"):
        assert not check(HEAD + MAIL + second.format(same)).diagnostics


@pytest.mark.usefixtures("as_released")
def test_the_cold_outreach_case_lacks_only_what_does_not_run_yet() -> None:
    """Its subjects that break threads are warned of."""
    checked = check((CASES / "cold-outreach.yaml").read_bytes())
    assert [(f.line, f.message) for f in checked.diagnostics if f.severity == "error"] == [
        (22, "`condition` does not run in this release yet"),
        (55, "`action` does not run in this release yet"),
    ]
    assert {f.path for f in checked.diagnostics if f.severity == "warning"} == {
        "steps[3].subject",
        "steps[5].then[0].subject",
        "steps[5].else[0].subject",
    }
