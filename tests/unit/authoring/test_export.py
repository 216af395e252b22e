"""Steps as a graph, a graph as steps, and back: unchanged in meaning."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from authoring.check import Checked, check
from authoring.export import as_yaml, export
from authoring.language.definition import StepContent
from authoring.source import read
from authoring.to_steps import TooNested
from domain.plan import Node, Plan
from tests.unit.authoring.sequences import graph_documents, step_documents

CASES = Path(__file__).parents[2] / "cases"
EXAMPLES = Path(__file__).parents[3] / "examples"
FILES = sorted([*CASES.glob("*.yaml"), *CASES.glob("*.json"), *EXAMPLES.glob("*.yaml")])
SLOW = settings(max_examples=200)


def meaning(checked: Checked) -> tuple[Plan, dict[str, StepContent]]:
    """The plan and what its nodes say, without the place of each in the author's order."""
    assert checked.plan is not None, checked.diagnostics
    nodes: dict[str, Node] = {
        node_id: node.model_copy(update={"order_index": 0}) for node_id, node in checked.plan.nodes.items()
    }
    said = {content.node_id: content.model_copy(update={"order_index": 0}) for content in checked.contents}
    return checked.plan.model_copy(update={"nodes": nodes}), said


def assert_same_both_ways(text: str | bytes) -> None:
    original = check(text)
    assert original.ok, original.diagnostics
    drawn = check(export(original, "graph"))
    listed = check(export(original, "yaml"))
    assert meaning(drawn) == meaning(listed) == meaning(original)
    assert meaning(check(export(drawn, "yaml"))) == meaning(check(export(listed, "graph"))) == meaning(original)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_sample_survives_both_exports(file: Path) -> None:
    """And the steps of a list keep their order as well."""
    assert_same_both_ways(file.read_bytes())
    original = check(file.read_bytes())
    assert check(export(check(export(original, "graph")), "yaml")).plan == original.plan


@SLOW
@given(step_documents())
def test_generated_steps_compile_or_report_and_survive_both_exports(document: dict[str, Any]) -> None:
    """Every step type, nested, with gotos anywhere: an answer always, and the same meaning where it is sound."""
    text = as_yaml(document)
    checked = check(text)
    assert checked.ok or checked.diagnostics
    if checked.ok:
        assert_same_both_ways(text)


@SLOW
@given(graph_documents())
def test_generated_graphs_survive_both_exports(document: dict[str, Any]) -> None:
    """Wherever branches part and meet, nested steps and gotos say the same."""
    assert_same_both_ways(json.dumps(document))


def test_conditions_that_let_people_out_do_not_nest() -> None:
    """Each goes on after the one before, not inside its `else`."""
    nodes: list[dict[str, Any]] = [{"id": "t", "type": "trigger"}]
    edges: list[dict[str, Any]] = [{"source": "t", "target": "c0"}]
    for n in range(50):
        nodes += [{"id": f"c{n}", "type": "condition", "data": {"if": "replied"}}, {"id": f"x{n}", "type": "exit"}]
        edges += [{"source": f"c{n}", "target": f"x{n}", "sourceHandle": "true"}]
        edges += [{"source": f"c{n}", "target": f"c{n + 1}" if n < 49 else "end", "sourceHandle": "false"}]
    nodes.append({"id": "end", "type": "exit"})
    checked = check(json.dumps({"sequence": "g", "nodes": nodes, "edges": edges}))
    steps = yaml.safe_load(export(checked, "yaml"))["steps"]
    assert [step["id"] for step in steps] == [f"c{n}" for n in range(50)]


def test_splits_within_splits_nest_as_deep_as_a_file_may_be() -> None:
    """Each takes four levels: what is written can be read, or is refused."""
    for count in range(1, 12):
        nodes: list[dict[str, Any]] = [{"id": "t", "type": "trigger"}]
        edges: list[dict[str, Any]] = [{"source": "t", "target": "s0"}]
        for n in range(count):
            nodes += [{"id": f"s{n}", "type": "split", "data": {"variants": [{"id": "a"}, {"id": "b"}]}}]
            nodes += [{"id": f"j{n}", "type": "delay", "data": {"days": 1}}]
            inner = f"s{n + 1}" if n < count - 1 else f"j{n}"
            edges += [{"source": f"s{n}", "target": inner, "sourceHandle": "a"}]
            edges += [{"source": f"s{n}", "target": f"j{n}", "sourceHandle": "b"}]
            edges += [{"source": f"j{n}", "target": f"j{n - 1}"}] if n else []
        text = json.dumps({"sequence": "g", "nodes": nodes, "edges": edges})
        if count <= 7:
            assert_same_both_ways(text)
        else:
            with pytest.raises(TooNested):
                export(check(text), "yaml")


def test_a_long_graph_exports_without_recursion() -> None:
    """A thousand nodes in a row are a thousand steps."""
    nodes: list[dict[str, Any]] = [{"id": "t", "type": "trigger"}]
    nodes += [{"id": f"a{n}", "type": "delay", "data": {"days": 1}} for n in range(1000)]
    edges = [{"source": "t", "target": "a0"}]
    edges += [{"source": f"a{n}", "target": f"a{n + 1}"} for n in range(999)]
    assert_same_both_ways(json.dumps({"sequence": "g", "nodes": nodes, "edges": edges}))


def test_branches_nested_too_deep_are_refused_by_name() -> None:
    """A list of steps would be deeper than a file may be."""
    nodes: list[dict[str, Any]] = [{"id": "t", "type": "trigger"}]
    edges: list[dict[str, Any]] = [{"source": "t", "target": "c0"}]
    for n in range(20):
        nodes += [{"id": f"c{n}", "type": "condition", "data": {"if": "replied"}}]
        nodes += [{"id": f"{side}{n}", "type": "delay", "data": {"days": 1}} for side in "jk"]
        # Each condition's branches meet in a step of its own, inside a branch of the one before.
        edges += [{"source": f"c{n}", "target": f"c{n + 1}" if n < 19 else "j19", "sourceHandle": "true"}]
        edges += [
            {"source": f"c{n}", "target": f"k{n}", "sourceHandle": "false"},
            {"source": f"k{n}", "target": f"j{n}"},
        ]
        if n:
            edges += [{"source": f"j{n}", "target": f"j{n - 1}"}]
    checked = check(json.dumps({"sequence": "g", "nodes": nodes, "edges": edges}))
    assert checked.ok, checked.diagnostics
    with pytest.raises(TooNested, match="more than 32 levels deep"):
        export(checked, "yaml")


_YAML_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"]), max_size=30)


@SLOW
@given(st.dictionaries(st.sampled_from(["a", "no", "1"]), _YAML_TEXT | st.lists(_YAML_TEXT, max_size=3), min_size=1))
def test_text_reads_back_as_it_was_written(document: dict[str, Any]) -> None:
    """Whatever words, signs and line breaks a text holds, and however YAML 1.1 would read it."""
    source = read(as_yaml(document))
    assert source.root is not None, source.diagnostics
    assert source.root.plain() == document
