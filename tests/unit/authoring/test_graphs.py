"""A flow builder's graph: what it compiles to, and every fault named with its node."""

import json
from pathlib import Path
from typing import Any

import pytest

from authoring.check import Checked, check
from authoring.language.definition import GraphDefinition
from domain.plan import ConditionNode, ExitNode, GotoNode, MessageNode, Plan, SplitNode, TaskNode, WaitNode
from tests.support.machine import assert_takes_at_most

CASES = Path(__file__).parents[2] / "cases"
TEXT = {"body": "x"}


def node(node_id: str, kind: str, **data: Any) -> dict[str, Any]:
    return {"id": node_id, "type": kind, "data": data, "position": {"x": 1, "y": 2.5}}


def sms(node_id: str) -> dict[str, Any]:
    return node(node_id, "send-sms", **TEXT)


def edge(source: str, target: str, handle: str | None = None) -> dict[str, Any]:
    return {"source": source, "target": target, **({"sourceHandle": handle} if handle else {})}


START = node("t", "trigger", trigger="cold")


def graph(nodes: list[dict[str, Any]], *edges: dict[str, Any], **settings: Any) -> Checked:
    return check(json.dumps({"id": "g", **settings, "nodes": nodes, "edges": list(edges)}))


def plan_of(nodes: list[dict[str, Any]], *edges: dict[str, Any]) -> Plan:
    result = graph(nodes, *edges)
    assert result.ok, result.diagnostics
    assert result.plan is not None
    return result.plan


def test_the_cold_outreach_graph_compiles() -> None:
    """Its key is the document's id, its triggers are the trigger node's, and the path that ends ends."""
    result = check((CASES / "cold-outreach.graph.json").read_bytes())
    assert result.diagnostics == ()
    plan, definition = result.plan, result.definition
    assert plan is not None
    assert isinstance(definition, GraphDefinition)
    assert (definition.sequence, definition.trigger) == ("cold-outreach-graph", ("cold_start",))
    assert (plan.start, list(plan.nodes)) == ("n1", ["n1", "n2", "n3", "n4", "n5", "n6", "end"])
    assert plan.nodes["n3"] == ConditionNode(id="n3", order_index=2, condition="replied", then="n4", otherwise="n5")
    assert plan.nodes["n4"] == ExitNode(id="n4", order_index=3, reason="qualified")
    assert plan.nodes["end"] == ExitNode(id="end", order_index=6, implicit=True)
    assert [c.node_id for c in result.contents] == ["n1", "n5"]


def test_branches_may_join_again() -> None:
    """A node that several edges lead to comes after all of them, once."""
    plan = plan_of(
        [START, sms("join"), node("c", "condition", **{"if": "replied"}), sms("a"), sms("b")],
        *(edge("t", "c"), edge("c", "a", "true"), edge("c", "b", "false"), edge("a", "join"), edge("b", "join")),
    )
    assert list(plan.nodes) == ["c", "a", "b", "join", "end"]
    assert [n.next for n in plan.nodes.values() if isinstance(n, MessageNode)] == ["join", "join", "end"]


def test_every_kind_of_branch_has_its_handles() -> None:
    """True and false, event and time-out, a variant's id, a task's outcomes, a goto's two ways."""
    plan = plan_of(
        [
            *(START, sms("a"), sms("b"), node("x", "exit", reason="done")),
            node("w", "wait", event="reply", timeout="2d"),
            node("s", "split", variants=[{"id": "l"}, {"id": "r", "weight": 3}]),
            node("k", "task", title="Call", lapse="1d"),
            node("g", "goto", times=3),
        ],
        *(edge("t", "w"), edge("w", "s", "event"), edge("w", "k", "timeout"), edge("s", "a", "l"), edge("s", "b", "r")),
        *(edge("k", "a"), edge("k", "x", "skipped"), edge("k", "b", "lapsed"), edge("a", "g"), edge("b", "g")),
        *(edge("g", "w", "again"), edge("g", "x")),
    )
    nodes = plan.nodes
    wait, split, task, goto = nodes["w"], nodes["s"], nodes["k"], nodes["g"]
    assert isinstance(wait, WaitNode)
    assert (wait.then, wait.otherwise) == ("s", "k")
    assert isinstance(split, SplitNode)
    assert [(arm.id, arm.weight, arm.next) for arm in split.arms] == [("l", 1, "a"), ("r", 3, "b")]
    assert isinstance(task, TaskNode)
    assert (task.next, task.skipped, task.lapsed) == ("a", "x", "b")
    assert isinstance(goto, GotoNode)
    assert (goto.target, goto.times, goto.next) == ("w", 3, "x")


def test_a_tasks_outcomes_lead_where_its_completion_leads() -> None:
    """Unless edges say otherwise."""
    plan = plan_of([START, node("k", "task", title="Call", lapse="1d"), sms("a")], edge("t", "k"), edge("k", "a"))
    task = plan.nodes["k"]
    assert isinstance(task, TaskNode)
    assert (task.next, task.skipped, task.lapsed) == ("a", "a", "a")


@pytest.mark.parametrize("channel", ["email", "sms", "whatsapp"])
def test_a_message_node_names_its_channel(channel: str) -> None:
    """`send-message` is any of them."""
    said = {"body": "x", **({"subject": "y"} if channel == "email" else {})}
    plan = plan_of([START, node("m", "send-message", channel=channel, **said)], edge("t", "m"))
    message = plan.nodes["m"]
    assert isinstance(message, MessageNode)
    assert message.channel == channel


def test_the_end_may_be_drawn() -> None:
    """An exit called `end` that says nothing is the sequence's own end."""
    plan = plan_of([START, sms("a"), node("end", "exit")], edge("t", "a"), edge("a", "end"))
    assert plan.nodes["end"] == ExitNode(id="end", order_index=1, implicit=True)
    assert not graph([START, sms("a"), node("end", "exit", reason="x")], edge("t", "a"), edge("a", "end")).ok


def test_positions_are_kept_and_mean_nothing() -> None:
    """The stored definition has them; moving a node, or naming it, is no new version. Words are."""
    plain = json.loads((CASES / "cold-outreach.graph.json").read_text())
    first = check(json.dumps({**plain, "viewport": {"x": 0, "y": 0, "zoom": 1.5}}))
    assert first.definition is not None
    document = first.definition.document()
    assert [n["position"] for n in document["nodes"]] == [n["position"] for n in plain["nodes"]]
    assert document["viewport"]["zoom"] == 1.5
    assert GraphDefinition.model_validate(document) == first.definition
    plain["nodes"][1] |= {"position": {"x": 7, "y": 7}, "selected": True, "measured": {"width": 9}}
    plain["nodes"][1]["data"]["label"] = "Another label"
    assert check(json.dumps(plain)).content_hash == first.content_hash
    plain["nodes"][1]["data"]["body"] = "Other words."
    assert check(json.dumps(plain)).content_hash != first.content_hash
    plain = json.loads((CASES / "cold-outreach.graph.json").read_text())
    plain["edges"][3]["target"], plain["edges"][4]["target"] = "n5", "n4"
    assert check(json.dumps(plain)).content_hash != first.content_hash


def test_settings_stand_beside_nodes_and_edges() -> None:
    """The same as of a sequence of steps."""
    result = graph([START, sms("a")], edge("t", "a"), window={"days": "mon-fri"}, stop_on="reply", goal="clicked")
    assert result.ok
    assert result.plan is not None
    assert (result.plan.settings.stop_on, result.plan.settings.goal) == (("reply",), "clicked")


A, B = sms("a"), sms("b")
COND = node("c", "condition", **{"if": "replied"})
FAULTS = [
    ([A], [], "nodes", "the graph has no trigger"),
    (
        [START, {**START, "id": "u"}, A],
        [edge("t", "a")],
        "nodes[1]",
        "node `u`: the graph has two triggers: `t` and `u`",
    ),
    ([START, A], [], "nodes[0]", "node `t`: no edge leaves the trigger"),
    ([START, A, B], [edge("t", "a")], "nodes[2]", "node `b`: no way leads here from the trigger"),
    (
        [START, A],
        [edge("t", "a"), edge("a", "aa")],
        "edges[1].target",
        "the edge `a` → `aa` dangles: there is no node `aa`",
    ),
    (
        [START, A],
        [edge("t", "a"), edge("z", "a")],
        "edges[1].source",
        "the edge `z` → `a` dangles: there is no node `z`",
    ),
    (
        [START, COND, A],
        [edge("t", "c"), edge("c", "a", "true")],
        "nodes[1]",
        "node `c`: the branch `false` is missing: no edge leaves that handle",
    ),
    (
        [START, node("w", "wait", event="reply", timeout="1d"), A],
        [edge("t", "w"), edge("w", "a", "event")],
        "nodes[1]",
        "node `w`: the branch `timeout` is missing: no edge leaves that handle",
    ),
    (
        [START, node("s", "split", variants=[{"id": "l"}, {"id": "r"}]), A],
        [edge("t", "s"), edge("s", "a", "l")],
        "nodes[1]",
        "node `s`: the branch `r` is missing: no edge leaves that handle",
    ),
    (
        [START, node("g", "goto", times=2), A],
        [edge("t", "a"), edge("a", "g")],
        "nodes[1]",
        "node `g`: the branch `again` is missing: no edge leaves that handle",
    ),
    ([START, A, B], [edge("t", "a"), edge("a", "b"), edge("b", "a")], "nodes[2]", "node `b`: this goes round without"),
    ([START, A, B], [edge("t", "a"), edge("t", "b")], "edges[1]", "two edges leave `t`: to `a` and to `b`"),
    (
        [START, COND, A, B],
        [edge("t", "c"), edge("c", "a", "true"), edge("c", "b", "yes"), edge("c", "b", "no")],
        "edges[2]",
        "two edges leave the handle `yes` of `c`: to `a` and to `b`",
    ),
    (
        [START, COND, A],
        [edge("t", "c"), edge("c", "a", "treu"), edge("c", "a", "false")],
        "edges[1].sourceHandle",
        "the edge from `c` to `a`: node `c` has no handle `treu`",
    ),
    (
        [START, COND, A],
        [edge("t", "c"), edge("c", "a")],
        "edges[1].sourceHandle",
        "the edge from `c` to `a`: node `c` needs its handle named",
    ),
    ([START, A], [edge("t", "a"), edge("a", "t")], "edges[1].target", "an edge leads from `a` into the trigger `t`"),
    (
        [START, node("x", "exit"), A],
        [edge("t", "x"), edge("x", "a")],
        "edges[1].source",
        "an edge leaves `x`, which ends the sequence",
    ),
    (
        [START, node("x", "action", action="stop"), A],
        [edge("t", "x"), edge("x", "a")],
        "edges[1].source",
        "an edge leaves `x`, which ends the sequence",
    ),
    ([START, {**A, "type": "send-emial"}], [], "nodes[1].type", "node `a`: unknown node type `send-emial`"),
    ([START, {**A, "type": None}], [], "nodes[1].type", "node `a`: `type` is empty"),
    ([START, A, A], [edge("t", "a")], "nodes[2].id", "node `a`: the id `a` is used twice"),
    ([START, {**A, "id": "a b"}], [], "nodes[1].id", "node `a b`: `a b` cannot be used as `id`"),
    ([START, node("a", "send-sms")], [edge("t", "a")], "nodes[1].data.body", "node `a`: `body` is missing"),
    (
        [START, node("a", "send-sms", body="{{ nmae }}")],
        [edge("t", "a")],
        "nodes[1].data.body",
        "node `a`: unknown merge field `nmae`",
    ),
    (
        [START, node("a", "send-sms", body="x", boddy="y")],
        [edge("t", "a")],
        "nodes[1].data.boddy",
        "node `a`: unknown key `boddy`",
    ),
    (
        [START, node("m", "send-message", body="x", channel="fax")],
        [edge("t", "m")],
        "nodes[1].data.channel",
        "node `m`: `fax` is no channel",
    ),
    (
        [START, node("c", "condition", **{"if": "replied", "then": []}), A],
        [edge("t", "c"), edge("c", "a", "true"), edge("c", "a", "false")],
        "nodes[1].data.then",
        "node `c`: unknown key `then`",
    ),
    ([node("t", "trigger", triger="x"), A], [edge("t", "a")], "nodes[0].data.triger", "node `t`: unknown key `triger`"),
    (
        [node("t", "trigger", trigger=""), A],
        [edge("t", "a")],
        "nodes[0].data.trigger",
        "node `t`: the trigger is empty: nobody would ever be enrolled by it",
    ),
    (
        [START, node("k", "task", title="x"), A],
        [edge("t", "k"), edge("k", "a"), edge("k", "a", "lapsed")],
        "nodes[1]",
        "node `k`: a task without `lapse` never lapses",
    ),
    (
        [START, COND, node("m", "send-email", subject="x", body="x"), node("r", "send-email", thread="m", body="x")],
        [edge("t", "c"), edge("c", "m", "true"), edge("c", "r", "false"), edge("m", "r")],
        "nodes[3].data.thread",
        "node `r`: step `m` is not on every way to this one",
    ),
]


@pytest.mark.parametrize(("nodes", "edges", "path", "message"), FAULTS, ids=[fault[3][:60] for fault in FAULTS])
def test_a_fault_of_a_graph_is_named_with_its_node(
    nodes: list[dict[str, Any]], edges: list[dict[str, Any]], path: str, message: str
) -> None:
    """One fault, one error, at the node or the edge."""
    found = [(f.path, f.message) for f in graph(nodes, *edges).diagnostics if f.severity == "error"]
    assert len(found) == 1, found
    assert found[0][0] == path
    assert found[0][1].startswith(message)


def test_every_fault_of_a_graph_is_named_at_once() -> None:
    """A wrong edge hides no missing branch elsewhere, and a node that cannot be read is not one that is missing."""
    second = {**COND, "id": "d"}
    edges = [edge("t", "c"), edge("c", "a", "treu"), edge("c", "d", "false"), edge("d", "z", "true"), edge("z", "a")]
    found = graph([START, COND, second, A, {**B, "id": "z", "type": "zap"}], *edges, edge("a", "gone")).diagnostics
    assert sorted((fault.path, fault.message) for fault in found) == [
        ("edges[1].sourceHandle", "the edge from `c` to `a`: node `c` has no handle `treu`"),
        ("edges[5].target", "the edge `a` → `gone` dangles: there is no node `gone`"),
        ("nodes[4].type", "node `z`: unknown node type `zap`"),
    ]
    second_edges = [edge("t", "c"), edge("c", "a", "true"), edge("c", "d", "false"), edge("d", "a", "true")]
    found = graph([START, COND, second, A], *second_edges, edge("a", "gone")).diagnostics
    assert [(fault.path, fault.message) for fault in found] == [
        ("edges[4].target", "the edge `a` → `gone` dangles: there is no node `gone`"),
        ("nodes[2]", "node `d`: the branch `false` is missing: no edge leaves that handle"),
    ]


def test_every_round_without_a_bound_is_named() -> None:
    """Mending one of them does not bring up the next."""
    edges = [edge("t", "a"), edge("a", "c"), edge("c", "a", "true"), edge("c", "d", "false"), edge("d", "d", "true")]
    found = graph([START, A, COND, {**COND, "id": "d"}, B], *edges, edge("d", "b", "false")).diagnostics
    assert [(fault.path, fault.message.partition(":  ")[0]) for fault in found] == [
        ("nodes[2]", "node `c`: this goes round without a bound: a → c → a"),
        ("nodes[3]", "node `d`: this goes round without a bound: d → d"),
    ]


def test_a_misspelt_type_or_handle_gets_the_right_word() -> None:
    """The hint says what was probably meant."""
    (found,) = graph([START, {**A, "type": "send-smss"}]).diagnostics
    assert found.hint == "did you mean `send-sms`?"
    found = graph([START, COND, A], edge("t", "c"), edge("c", "a", "treu"), edge("c", "a", "no")).diagnostics[0]
    assert found.hint == "did you mean `true`?"


def test_steps_and_a_graph_in_one_file_are_refused() -> None:
    """Nobody could say which of them holds."""
    result = graph([START, A], edge("t", "a"), steps=[{"id": "a", "type": "sms", "body": "x"}])
    assert [f.path for f in result.diagnostics if f.severity == "error"] == ["steps"]


def test_a_round_through_a_goto_has_a_bound() -> None:
    """The goto's `again` closes the cycle, so it is none."""
    nodes = [START, A, node("g", "goto", times=5)]
    assert plan_of(nodes, edge("t", "a"), edge("a", "g"), edge("g", "a", "again")).nodes["g"] == GotoNode(
        id="g", order_index=1, target="a", times=5, next="end"
    )


def test_what_the_canvas_leaves_empty_is_no_fault() -> None:
    """It writes `null` for a handle that has no name and for what it has not measured."""
    plain = {**edge("t", "a"), "sourceHandle": None, "targetHandle": None, "label": None}
    assert graph([START, {**A, "parentId": None, "selected": False}], plain).diagnostics == ()


def test_a_thousand_nodes_compile_within_a_second() -> None:
    """Reading, checking and compiling the largest graph that is allowed, with branches that join all along."""
    nodes, edges = [START], [edge("t", "c0")]
    for n in range(250):
        following = f"c{n + 1}" if n < 249 else "end"
        nodes += [node(f"c{n}", "condition", **{"if": {"event": "clicked", "step": "a0"}})]
        nodes += [sms(f"a{n}"), sms(f"b{n}"), node(f"d{n}", "delay", days=1)]
        edges += [edge(f"c{n}", f"a{n}", "true"), edge(f"c{n}", f"b{n}", "false")]
        edges += [edge(f"a{n}", f"d{n}"), edge(f"b{n}", f"d{n}"), edge(f"d{n}", following)]
    text = json.dumps({"id": "g", "nodes": [*nodes, node("end", "exit")], "edges": edges})
    result = check(text)
    assert result.ok
    assert result.plan is not None
    assert len(result.plan.nodes) == 1001
    assert_takes_at_most(1, lambda: check(text))
