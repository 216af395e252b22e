"""Steps of a working copy, one by one: the others stay as they are, and where they are."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authoring import editing
from authoring.check import check
from authoring.drafted import readable, text_of
from authoring.listed import Position
from domain.errors import Conflict, NotFound, TouchlineError
from tests.unit.authoring.sequences import graph_documents, step_documents


def sms(name: str, body: str = "x") -> dict[str, Any]:
    return {"id": name, "type": "sms", "body": body}


TREE: dict[str, Any] = {
    "sequence": "tour",
    "steps": [
        sms("a"),
        {"type": "delay", "days": 1},
        {"id": "c", "type": "condition", "if": "replied", "then": [sms("t"), {"type": "exit"}]},
        {
            "id": "s",
            "type": "split",
            "variants": [{"id": "one", "steps": [sms("v")]}, {"id": "two", "weight": 2}],
        },
        {"type": "goto", "step": "a"},
        sms("a", "twin"),
    ],
}
GRAPH: dict[str, Any] = {
    "sequence": "drawn",
    "nodes": [
        {"id": "start", "type": "trigger", "data": {}},
        {"id": "a", "type": "send-sms", "position": {"x": 1, "y": 2}, "data": {"body": "x"}},
        {"id": "c", "type": "condition", "data": {"if": "replied"}},
        {"id": "z", "type": "exit", "data": {}},
    ],
    "edges": [
        {"id": "e0", "source": "start", "target": "a"},
        {"id": "e1", "source": "a", "target": "c"},
        {"id": "e2", "source": "c", "sourceHandle": "true", "target": "z"},
        {"id": "e3", "source": "c", "sourceHandle": "false", "target": "z"},
    ],
}


def outline(definition: dict[str, Any]) -> list[tuple[str | None, str]]:
    return [(step.step, step.path) for step in editing.steps_of(definition)]


def edges(definition: dict[str, Any]) -> set[tuple[str, str | None, str]]:
    return {(edge["source"], edge.get("sourceHandle"), edge["target"]) for edge in definition["edges"]}


def test_every_step_is_listed_with_its_name_and_place() -> None:
    """Those in branches as well; unnamed ones are called as records call them, links are not called at all."""
    assert outline(TREE) == [
        ("a", "steps[0]"),
        ("a.1", "steps[1]"),
        ("c", "steps[2]"),
        ("t", "steps[2].then[0]"),
        ("t.1", "steps[2].then[1]"),
        ("s", "steps[3]"),
        ("v", "steps[3].variants[0].steps[0]"),
        (None, "steps[4]"),
        ("a", "steps[5]"),
    ]
    by_path = {step.path: step for step in editing.steps_of(TREE)}
    assert (by_path["steps[2].then[0]"].inside, by_path["steps[2].then[0]"].way) == ("c", "then")
    assert (by_path["steps[3].variants[0].steps[0]"].inside, by_path["steps[3].variants[0].steps[0]"].way) == (
        "s",
        "one",
    )
    assert by_path["steps[2]"].ways == ("then", "else")
    assert by_path["steps[2]"].definition == {"id": "c", "type": "condition", "if": "replied"}


@given(step_documents())
@settings(max_examples=30)
def test_steps_are_called_as_the_plan_calls_its_nodes(document: dict[str, Any]) -> None:
    """Over generated sequences: the list has the stages of the flow, in its order, and links besides."""
    checked = check(json.dumps(document))
    if checked.flow is not None:
        names = [step.step for step in editing.steps_of(document) if step.step is not None]
        assert names == list(checked.flow.stages)


@given(st.one_of(step_documents(), graph_documents()), st.data())
@settings(max_examples=40)
def test_what_is_listed_put_back_changes_nothing(document: dict[str, Any], data: st.DataObject) -> None:
    """Each step, replaced by what the list says of it, leaves the whole as it was; added and removed, as well."""
    document = readable(document)
    step = data.draw(st.sampled_from(editing.steps_of(document)))
    assert editing.put(document, step.path, step.definition)[0] == document
    grown, added = editing.add(document, {"id": "brand-new", "type": "sms", "body": "x"}, Position())
    assert editing.remove(grown, added.path) == document
    assert readable(text_of(document)) == document


@pytest.mark.parametrize(
    ("place", "path"),
    [
        (Position(), "steps[6]"),
        (Position("c"), "steps[3]"),
        (Position("c", before=True), "steps[2]"),
        (Position("a.1"), "steps[2]"),
        (Position("t", before=True), "steps[2].then[0]"),
        (Position("steps[5]", before=True), "steps[5]"),
        (Position(inside="c", way="then"), "steps[2].then[2]"),
        (Position(inside="c", way="else"), "steps[2].else[0]"),
        (Position(inside="s", way="two"), "steps[3].variants[1].steps[0]"),
    ],
)
def test_a_step_goes_where_it_was_told(place: Position, path: str) -> None:
    """Beside another, in a branch, or last; the others keep their order."""
    grown, added = editing.add(TREE, sms("new"), place)
    assert (added.step, added.path) == ("new", path)
    others = [step for step in editing.steps_of(grown) if step.step != "new"]
    assert [s.definition for s in others] == [s.definition for s in editing.steps_of(TREE)]


@pytest.mark.parametrize(
    ("step", "place", "error"),
    [
        ({"id": "t"}, Position(), "already: steps\\[2\\].then\\[0\\]"),
        (sms("new"), Position("a"), "several steps are called `a`"),
        (sms("new"), Position("nobody"), "no step `nobody`"),
        (sms("new"), Position(inside="c", way="completed"), "no branch `completed`"),
        (sms("new"), Position(inside="t", way="then"), "no branch `then`"),
    ],
)
def test_a_place_that_is_not_there_is_refused(step: dict[str, Any], place: Position, error: str) -> None:
    """Nothing is guessed: a name that several have is asked about."""
    with pytest.raises(TouchlineError, match=error):
        editing.add(TREE, step, place)


def test_a_step_keeps_what_lies_inside_it() -> None:
    """Unless its new text holds branches of its own; what would be lost unsaid is refused."""
    told, _ = editing.put(TREE, "c", {"id": "c2", "type": "wait_for", "event": "reply", "timeout": "2d"})
    assert (told["steps"][2]["id"], told["steps"][2]["then"]) == ("c2", TREE["steps"][2]["then"])
    told, _ = editing.put(TREE, "c", {"id": "c", "type": "condition", "if": "opened", "then": []})
    assert told["steps"][2]["then"] == []
    arms = [{"id": "two"}, {"id": "one", "weight": 3}]
    told, _ = editing.put(TREE, "s", {"id": "s", "type": "split", "variants": arms})
    assert told["steps"][3]["variants"] == [{"id": "two"}, {"id": "one", "weight": 3, "steps": [sms("v")]}]
    for lossy in (sms("c"), {"id": "c", "type": "task", "title": "Call."}):
        with pytest.raises(Conflict, match="under `then`"):
            editing.put(TREE, "c", lossy)
    with pytest.raises(Conflict, match="under `one`"):
        editing.put(TREE, "s", {"id": "s", "type": "split", "variants": [{"id": "two"}]})
    with pytest.raises(Conflict, match="`t` already"):
        editing.put(TREE, "c", {"id": "t", "type": "condition"})


def test_a_step_is_taken_away_with_all_inside_it() -> None:
    """By name or by place; the others stay."""
    assert outline(editing.remove(TREE, "c"))[2] == ("s", "steps[2]")
    assert editing.remove(TREE, "steps[5]")["steps"] == TREE["steps"][:5]
    assert editing.remove(TREE, "t")["steps"][2]["then"] == [{"type": "exit"}]
    with pytest.raises(NotFound):
        editing.remove(TREE, "steps[6]")


def test_a_node_is_put_on_an_edge() -> None:
    """After another by one of its ways, or before one on every way to it; alone where no place is named."""
    new = {"id": "n", "type": "send-sms", "data": {"body": "x"}}
    after, _ = editing.add(GRAPH, new, Position("a"))
    assert edges(after) == edges(GRAPH) - {("a", None, "c")} | {("a", None, "n"), ("n", None, "c")}
    onway, _ = editing.add(GRAPH, new, Position("c", way="no"))
    assert edges(onway) == edges(GRAPH) - {("c", "false", "z")} | {("c", "false", "n"), ("n", None, "z")}
    before, _ = editing.add(GRAPH, {**new, "type": "condition"}, Position("z", before=True))
    assert edges(before) >= {("c", "true", "n"), ("c", "false", "n"), ("n", "true", "z")}
    first, _ = editing.add(GRAPH, new, Position("start"))
    assert edges(first) >= {("start", None, "n"), ("n", None, "a")}
    alone, added = editing.add(GRAPH, new, Position())
    assert (edges(alone), added.path) == (edges(GRAPH), "nodes[4]")
    assert len({edge["id"] for edge in onway["edges"]}) == len(onway["edges"])
    for place in (Position("c"), Position("c", way="maybe"), Position("z")):
        with pytest.raises(Conflict, match="not clear"):
            editing.add(GRAPH, new, place)
    for taken in ("a", "start"):
        with pytest.raises(Conflict, match="already"):
            editing.add(GRAPH, {**new, "id": taken}, Position())


def test_a_node_keeps_its_place_and_its_edges() -> None:
    """Also under another id; taken away, what led to it goes on where it led, if that is clear."""
    told, _ = editing.put(GRAPH, "a", {"id": "b", "type": "send-email", "data": {}})
    assert told["nodes"][1] == {"id": "b", "type": "send-email", "position": {"x": 1, "y": 2}, "data": {}}
    assert edges(told) == {(*(x.replace("a", "b") if x == "a" else x for x in edge),) for edge in edges(GRAPH)}
    assert edges(editing.remove(GRAPH, "a")) == edges(GRAPH) - {("start", None, "a"), ("a", None, "c")} | {
        ("start", None, "c")
    }
    parted = {**GRAPH, "edges": [*GRAPH["edges"][:3], {"source": "c", "sourceHandle": "false", "target": "start"}]}
    assert edges(editing.remove(parted, "c")) == {("start", None, "a")}
    with pytest.raises(NotFound):
        editing.remove(GRAPH, "start")


JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(["a", "then", "split", "steps", "goto"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["id", "type", "then", "variants", "steps", "data", "source", "target", "sourceHandle"]),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@given(st.sampled_from(["steps", "nodes"]), JUNK, JUNK, JUNK, st.data())
@settings(max_examples=300)
def test_a_wrong_draft_can_be_edited_too(key: str, junk: Any, edges: Any, step: Any, data: st.DataObject) -> None:
    """Whatever lies in it: an edit is done, or refused in words."""
    document = {"sequence": "x", key: junk, **({"edges": edges} if key == "nodes" else {})}
    step = step if isinstance(step, dict) else {"id": "new", "type": step}
    names = [step.path for step in editing.steps_of(document)]
    reference = data.draw(st.sampled_from([*names, "nobody"]))
    place = data.draw(
        st.sampled_from(
            [Position(), Position(reference), Position(reference, before=True), Position(inside=reference, way="then")]
        )
    )
    for edit in (
        lambda: editing.add(document, step, place),
        lambda: editing.put(document, reference, step),
        lambda: editing.remove(document, reference),
    ):
        try:
            edit()
        except TouchlineError:
            continue
