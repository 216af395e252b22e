"""No text makes `check` raise, hang or take memory: it is refused, in words."""

import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from authoring.check import MAX_PLAN, check
from authoring.explain import keys_of
from authoring.language.delay_step import DateOf, DelayStep
from authoring.language.graph import NODE_TYPES
from authoring.language.steps import ConditionStep, EmailStep, GotoStep, SplitStep, TaskStep, WaitForStep, WebhookStep
from authoring.shapes import STEP_TYPES
from domain.action import Stop
from domain.plan import ways_out
from tests.support.machine import assert_takes_at_most

FOLDER = Path(__file__).parents[2] / "cases"
CASES = [path.read_text() for path in sorted([*FOLDER.glob("*.yaml"), *FOLDER.glob("*.json")])]

LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 2000))
SMS = "sequence: s\nsteps:\n  - {id: a, type: sms, body: x}\n"

REFUSED: list[tuple[str, str | bytes, str, int]] = [
    ("ten megabytes", "# " + "x" * 10_000_000, "larger than 1024 KiB", 1),
    ("ten megabytes of bytes", b"x" * 10_000_000, "larger than 1024 KiB", 1),
    ("wide characters over the limit", "é" * 600_000, "larger than 1024 KiB", 1),
    ("billion laughs", LAUGHS, "more than 100,000 values", 6),
    ("one long text, many aliases", f"x: &x {'y' * 500_000}\nz: [{'*x,' * 1000}]", "more than 100,000 values", 2),
    ("many small values", f"[{'a,' * 500_000}]", "more than 100,000 values", 1),
    ("brackets", "[" * 1_000_000, "nested more than 32 levels", 1),
    ("question marks", "? " * 100_000, "nested more than 32 levels", 1),
    ("indentation", "".join(" " * n + "a:\n" for n in range(200)), "nested more than 32 levels", 34),
    ("depth by aliases", CHAIN, "nested more than 32 levels", 32),
    ("an alias to itself", "a: &a [*a]", "`*a` names no value above it", 1),
    ("not UTF-8", b"sequence: s\nname: \xff\n", "not UTF-8", 2),
    ("UTF-16", "sequence: s".encode("utf-16"), "not UTF-8", 1),
    ("half a character", "sequence: s\nname: \ud800", "half a character", 2),
    ("a control character", "sequence: s\nname: \x00", "character that YAML does not allow", 2),
    ("empty", "", "the file is empty", 1),
    ("only a comment", "# nothing\n", "the file is empty", 1),
    ("an empty document", "---\n...\n", "the file is empty", 1),
    ("a list", "- a\n", "a sequence is a mapping, not a list", 1),
    ("a word", "hello", "a sequence is a mapping, not the text `hello`", 1),
    ("two documents", SMS + "---\n" + SMS, "more than one document", 4),
    ("a tag", "sequence: !!python/object:os.system {}\n", "the YAML tag", 1),
    ("broken YAML", "sequence: s\nsteps: [a\nname: b\n", "this is not valid YAML", 3),
    ("a tab", "sequence: s\nsteps:\n\t- a\n", "this is not valid YAML", 3),
]


@pytest.mark.parametrize(("text", "message", "line"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_hostile_file_is_refused_fast_and_small(text: str | bytes, message: str, line: int) -> None:
    """One clear error, in well under a second, without memory that grows with what the file pretends to be."""
    # By itself: tracing memory makes it several times slower than it is.
    assert_takes_at_most(1, lambda: check(text))
    tracemalloc.start()
    checked = check(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert not checked.ok
    assert [found.line for found in checked.diagnostics if message in found.message] == [line], checked.diagnostics
    assert len(checked.diagnostics) == 1
    assert peak < 80 * 1024 * 1024


def test_a_key_given_twice_names_both_lines() -> None:
    """The first value does not silently lose to the second."""
    checked = check("sequence: s\nname: a\n" + SMS.removeprefix("sequence: s\n") + "name: b\n")
    assert [(f.line, f.path, f.message) for f in checked.diagnostics] == [
        (5, "name", "`name` is given twice, first on line 2")
    ]


def test_merge_fields_without_quotes_get_the_right_advice() -> None:
    """`{{ name }}` unquoted is a mapping to YAML; the author is told about quotes."""
    checked = check(SMS.replace("body: x", "body: {{ name }}"))
    assert any('"{{ name }}"' in found.hint for found in checked.diagnostics)


def test_a_colon_in_unquoted_text_gets_the_right_advice() -> None:
    """`default: "you"` outside quotes is the mistake that authors make most."""
    (found,) = check(SMS.replace("{id: a, type: sms, body: x}", 'body: Hi {{ name | default: "you" }}')).diagnostics
    assert found.line == 3
    assert "needs quotes" in found.hint


@pytest.mark.parametrize("word", ["no", "on", "yes", "off", "10:00", "2026-01-02", "0x1F", "1_000", "=", "<<"])
def test_words_are_text_by_yaml_1_2(word: str) -> None:
    """Only true, false, null and plain numbers are anything but text."""
    checked = check(f"name: {word}\n{SMS}")
    assert checked.ok, checked.diagnostics
    assert checked.definition is not None
    assert checked.definition.name == word


@pytest.mark.parametrize("word", ["true", "12", "-3", "1.5", "1e3"])
def test_numbers_and_truth_values_are_not_text(word: str) -> None:
    """A name that looks like a number must be quoted, and the author is told so."""
    found = check(f"name: {word}\n{SMS}").diagnostics
    assert [(f.path, f.hint) for f in found] == [("name", "put quotes around it to make it text")]


def test_a_flood_of_faults_is_cut_off() -> None:
    """500 findings are enough for anybody, and looking for more would cost minutes."""
    flood = SMS + "".join(f"key{n}: 1\n" for n in range(20_000))
    assert len(check(flood).diagnostics) == 500
    assert_takes_at_most(2, lambda: check(flood))


def test_a_faulty_text_repeated_by_aliases_is_judged_once() -> None:
    """Aliases multiply a text, not the work of judging it."""
    text = "{{ nope | }} " * 1900
    repeated = f"sequence: s\nx: &x {{type: sms, id: a, body: '{text}'}}\nsteps: [{'*x,' * 300}]\n"
    assert not check(repeated).ok
    assert_takes_at_most(5, lambda: check(repeated))


def _asking(steps: int) -> str:
    """A file of some 85 kB whose steps all ask the same, by aliases."""
    asked = ", ".join(f"{{field: attributes.a{n}, eq: '{'x' * 900}'}}" for n in range(90))
    asks = "".join(
        f"  - {{id: c{n}, type: condition, if: *asked, then: [{{id: m{n}, type: sms, body: x}}]}}\n"
        for n in range(steps)
    )
    first = f"  - {{id: c, type: condition, if: &asked {{any: [{asked}]}}, then: [{{id: m, type: sms, body: x}}]}}\n"
    return f"sequence: s\nsteps:\n{first}{asks}"


def test_what_aliases_stand_for_is_as_long_as_a_file_at_most() -> None:
    """By the command line as by the API, which gets it written out; the line is that of what is repeated."""
    assert check(_asking(5)).ok
    [found] = check(_asking(40)).diagnostics
    assert (found.line, "at most 1024 are allowed" in found.message) == (3, True)


def test_a_plan_fits_into_what_temporal_takes() -> None:
    """It goes there with each enrollment: one that is refused then would be enrolled, and never start."""
    [found] = check(_asking(11)).diagnostics
    assert found.path.startswith("steps[")
    assert "bytes, at most 900,000 are allowed; `c" in found.message
    assert found.hint
    plan = check(_asking(8)).plan
    assert plan is not None
    assert 700_000 < len(plan.model_dump_json()) <= MAX_PLAN


def test_too_many_steps_are_refused() -> None:
    """A thousand steps are the most."""
    steps = "".join(f"  - {{id: a{n}, type: sms, body: x}}\n" for n in range(1001))
    found = check(f"sequence: s\nsteps:\n{steps}").diagnostics
    assert [f.message for f in found] == ["the sequence has 1,001 steps, at most 1,000 are allowed"]


def test_gotos_that_are_only_links_are_no_steps() -> None:
    """They do not count towards the limit, up to as many again."""
    link = "  - {{id: c{}, type: condition, if: replied, then: [{{type: goto, step: c{}}}]}}\n"
    steps = "".join(link.format(n, n + 1) for n in range(999))
    last = "  - {id: c999, type: sms, body: x}\n"
    assert check(f"sequence: s\nsteps:\n{steps}{last}").ok
    assert not check(f"sequence: s\nsteps:\n{steps}{last}  - {{type: exit}}\n").ok
    assert not check("sequence: s\nsteps:\n" + "  - {type: goto, step: end}\n" * 2001).ok


@settings(max_examples=500)
@given(st.data())
def test_damaged_files_never_raise(data: st.DataObject) -> None:
    """Cut, swap, repeat or overwrite any part of a real file: `check` answers, and only sound files compile."""
    text = data.draw(st.sampled_from(CASES))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 20)))
        junk = data.draw(st.sampled_from(_JUNK) | st.text(max_size=6))
        text = text[:start] + junk + text[end:]
    _assert_sane(text)


_JUNK = ["", "\n", " ", "{{", "}}", "{%", "%}", "|", "- ", ": ", "[", "]", "{", "}", '"', "'", "&a ", "*a", "!", "null"]
_MODELS = (EmailStep, ConditionStep, Stop, SplitStep, DelayStep, DateOf, TaskStep, GotoStep, WebhookStep, WaitForStep)
_KEYS = sorted({"steps", *(key for model in _MODELS for key in keys_of(model))})
_GRAPH_KEYS = ["id", "type", "data", "source", "target", "sourceHandle", "position"]
_WORDS = [
    *STEP_TYPES,
    *NODE_TYPES,
    "x",
    "replied",
    "stop",
    "tag_lead",
    "mon-fri",
    "09:00",
    "3d",
    "end",
    "{{ name }}",
    "{{ nope",
]
_LEAVES = st.sampled_from([None, True, -1, 0, 3, 1.5, "", *_WORDS])
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=5),
    max_leaves=12,
)


@settings(max_examples=500)
@given(
    st.lists(st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=6), max_size=4),
    st.dictionaries(st.sampled_from(["trigger", "window", "stop_on", "name"]), _VALUES, max_size=2),
)
@example([{"type": "split", "id": "a", "variants": [{"steps": 3}, None, {"steps": [None]}]}], {})
def test_wrong_shapes_never_raise(steps: list[Any], header: dict[str, Any]) -> None:
    """Any value under any key is answered with findings."""
    _assert_sane(yaml.safe_dump({"sequence": "s", **header, "steps": steps}, allow_unicode=True))


@settings(max_examples=500)
@given(
    st.lists(st.dictionaries(st.sampled_from(_GRAPH_KEYS), _VALUES, max_size=6), max_size=4) | _VALUES,
    st.lists(st.dictionaries(st.sampled_from(_GRAPH_KEYS), _VALUES, max_size=6), max_size=4) | _VALUES,
)
@example([{"id": "t", "type": "trigger"}, {"id": "m", "type": "send-message", "data": {"channel": "delay"}}], [])
def test_wrong_graphs_never_raise(nodes: Any, edges: Any) -> None:
    """Any value under any key of a node or an edge is answered with findings."""
    _assert_sane(yaml.safe_dump({"sequence": "s", "nodes": nodes, "edges": edges}, allow_unicode=True))


@settings(max_examples=500)
@given(st.binary(max_size=200))
def test_random_bytes_never_raise(data: bytes) -> None:
    """Not a sequence, not even text."""
    _assert_sane(data)


def _assert_sane(text: str | bytes) -> None:
    checked = check(text)
    lines = len(text.splitlines()) + 1
    assert checked.ok == (checked.plan is not None)
    assert checked.ok or checked.diagnostics
    assert all(1 <= found.line <= lines for found in checked.diagnostics)
    if checked.plan:
        for node in checked.plan.nodes.values():
            assert all(way in checked.plan.nodes for way in ways_out(node))
