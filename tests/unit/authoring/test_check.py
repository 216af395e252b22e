"""Every kind of error is found, at its place, with its fix."""

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
