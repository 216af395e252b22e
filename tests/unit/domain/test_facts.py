"""What each condition says of which facts."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from domain.condition import Condition
from domain.contact import Contact
from domain.facts import Facts, Happened, evaluate, fields_of

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
CONTACT = Contact(
    id=UUID(int=1),
    external_id="C1",
    name="Ada Byron Lovelace",
    email="ada@example.com",
    tags=("vip", "Press"),
    status="warm",
    attributes={"plan": "Pro", "seats": "12", "trial": "yes", "renewal": "2026-12-01", "blank": ""},
)
FACTS = Facts(
    fields=dict(fields_of(CONTACT)),
    happened=(
        Happened(event="opened", at=NOW - timedelta(days=3), step="intro"),
        Happened(event="clicked", at=NOW - timedelta(hours=1), step="offer"),
        Happened(event="replied", at=NOW - timedelta(days=3)),
        Happened(event="call.booked", at=NOW - timedelta(hours=5)),
        Happened(event="not_interested", at=NOW - timedelta(hours=5)),
    ),
)
parse = TypeAdapter[Condition](Condition).validate_python


def holds(written: Any, facts: Facts = FACTS) -> bool:
    return evaluate(parse(written), facts, NOW)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("always", True),
        ("replied", True),
        ("if_replied", True),
        ("not_replied", False),
        ("bounced", False),
        ("unsubscribed", False),
        ("not_opened", False),
        ({"event": "opened", "step": "intro"}, True),
        ({"event": "opened", "step": "offer"}, False),
        ({"event": "not_opened", "step": "offer"}, True),
        ({"event": "replied", "step": "intro"}, False),
        ({"event": "opened", "since": "3d"}, True),
        ({"event": "opened", "since": "2d"}, False),
        ({"event": "not_opened", "since": "2d"}, True),
        ({"event": "clicked", "step": "offer", "since": "1h"}, True),
        ({"event": "clicked", "step": "offer", "since": "59m"}, False),
        ({"event": "call.booked"}, True),
        ({"event": "call.booked", "since": "5h"}, True),
        ({"event": "call.booked", "since": "4h"}, False),
        ({"event": "call.Booked"}, False),
        ({"event": "purchase"}, False),
        ({"not": {"event": "purchase"}}, True),
        ({"event": "not_interested"}, True),
        ({"event": "reply"}, True),
    ],
)
def test_an_event_is_asked_for_by_step_and_by_time(written: Any, expected: bool) -> None:
    """A word about any message, or only one step's, or only lately; the ends of the time count."""
    assert holds(written) is expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"field": "attributes.plan", "eq": "pro"}, True),
        ({"field": "plan", "eq": " PRO "}, True),
        ({"field": "attributes.Plan", "ne": "pro"}, False),
        ({"field": "plan", "in": ["team", "pro"]}, True),
        ({"field": "plan", "in": ["team", 3]}, False),
        ({"field": "plan", "contains": "r"}, True),
        ({"field": "seats", "eq": 12}, True),
        ({"field": "seats", "eq": 12.0}, True),
        ({"field": "seats", "gt": 9}, True),
        ({"field": "seats", "lt": 9}, False),
        ({"field": "seats", "in": [11, 12]}, True),
        ({"field": "plan", "gt": 1}, False),
        ({"field": "plan", "lt": 1}, False),
        ({"field": "trial", "eq": True}, True),
        ({"field": "trial", "eq": False}, False),
        ({"field": "renewal", "gt": "2026-11-30"}, True),
        ({"field": "renewal", "lt": "2026-12-01T00:01"}, True),
        ({"field": "renewal", "gt": "2026-12-01"}, False),
        ({"field": "seats", "gt": "2026-11-30"}, False),
        ({"field": "tags", "contains": "VIP"}, True),
        ({"field": "tags", "contains": "vi"}, False),
        ({"field": "tags", "exists": True}, True),
        ({"field": "triggers", "exists": True}, False),
        ({"field": "status", "eq": "warm"}, True),
        ({"field": "attributes.status", "exists": True}, False),
        ({"field": "first_name", "eq": "ada"}, True),
        ({"field": "last_name", "eq": "byron lovelace"}, True),
    ],
)
def test_a_comparison_is_typed_by_its_operand(written: Any, expected: bool) -> None:
    """Numbers by size, dates by time, truth by its words, text without case; lists by their entries."""
    assert holds(written) is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ({"eq": "x"}, False),
        ({"ne": "x"}, True),
        ({"gt": 1}, False),
        ({"lt": 1}, False),
        ({"in": ["x"]}, False),
        ({"contains": "x"}, False),
        ({"exists": True}, False),
        ({"exists": False}, True),
    ],
)
@pytest.mark.parametrize("field", ["company", "nowhere", "blank"])
def test_a_field_without_a_value_equals_nothing(field: str, operator: dict[str, Any], expected: bool) -> None:
    """Only `exists: false` and `ne` hold of what is not there; an empty value is not there."""
    assert holds({"field": field, **operator}) is expected


@pytest.mark.parametrize(
    "written",
    [
        {"field": "plan", "gt": "soon"},
        {"field": "plan", "lt": True},
        {"field": "tags", "eq": "vip"},
        {"field": "attributes.email", "eq": "x"},
        {"field": "attributes.", "eq": "x"},
        {"field": "plan", "eq": float("nan")},
        {"field": "plan"},
        {"field": "plan", "eq": 1, "ne": 2},
    ],
)
def test_a_comparison_that_could_never_hold_is_refused(written: Any) -> None:
    """When the sequence is checked, not when a contact falls through."""
    with pytest.raises(ValidationError):
        parse(written)


_TEXT = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=4)
_OPERANDS = st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False) | _TEXT
_LEAVES = st.one_of(
    st.sampled_from(["replied", "not_opened", "always", "bounced"]),
    st.builds(lambda op, v: {"field": "x", op: v}, st.sampled_from(["eq", "ne", "contains"]), _OPERANDS),
    st.builds(lambda v: {"field": "x", "exists": v}, st.booleans()),
    st.builds(lambda op, v: {"field": "x", op: v}, st.sampled_from(["gt", "lt"]), st.integers(-9, 9)),
)
_CONDITIONS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)
_FACTS = st.builds(
    lambda value, events: Facts(fields={"attributes.x": value} if value else {}, happened=tuple(events)),
    st.none() | _TEXT | st.integers(-9, 9).map(str),
    st.lists(st.builds(Happened, event=st.sampled_from(["replied", "opened"]), at=st.just(NOW)), max_size=2),
)


@given(_CONDITIONS, _FACTS)
def test_not_is_the_opposite(written: Any, facts: Facts) -> None:
    """Whatever the condition and the facts, exactly one of it and its negation holds."""
    assert holds({"not": written}, facts) is not holds(written, facts)


@given(st.lists(_CONDITIONS, min_size=1, max_size=4), _FACTS)
def test_any_and_all_are_those_of_their_parts(parts: list[Any], facts: Facts) -> None:
    """And De Morgan's law links the two."""
    each = [holds(part, facts) for part in parts]
    assert holds({"any": parts}, facts) is any(each)
    assert holds({"all": parts}, facts) is all(each)
    assert holds({"not": {"any": parts}}, facts) is holds({"all": [{"not": part} for part in parts]}, facts)


@given(_OPERANDS, _FACTS)
def test_ne_is_the_opposite_of_eq(operand: Any, facts: Facts) -> None:
    """Also of a value that is not there."""
    assert holds({"field": "x", "ne": operand}, facts) is not holds({"field": "x", "eq": operand}, facts)


@given(_CONDITIONS, st.booleans(), st.booleans())
def test_a_condition_reads_back_as_itself(written: Any, by_alias: bool, brief: bool) -> None:
    """However a plan or a history stores it: with either name of a key, with or without what is unset."""
    condition = parse(written)
    dump = TypeAdapter[Condition](Condition).dump_python
    stored = dump(condition, mode="json", by_alias=by_alias, exclude_unset=brief)
    assert parse(stored) == condition
