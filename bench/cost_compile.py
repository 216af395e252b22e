"""What it costs to check and compile the largest graph that is allowed, with every kind of node in it."""

import json
import time
from itertools import pairwise
from statistics import median
from typing import Any

from authoring.check import check
from authoring.language.definition import MAX_STEPS

_TURNS = 5
_ROUND: tuple[tuple[str, dict[str, Any], tuple[str, ...]], ...] = (
    ("send-email", {"subject": "Hello {{ name }}", "body": "Hello {{ name }}."}, ("",)),
    ("delay", {"business_days": 2}, ("",)),
    ("condition", {"if": {"any": ["replied", {"field": "plan", "eq": "gold"}]}}, ("true", "false")),
    ("send-sms", {"body": "Hello {{ name }}."}, ("",)),
    ("split", {"variants": [{"id": "a"}, {"id": "b"}]}, ("a", "b")),
    ("action", {"action": "tag_lead", "add": ["met"]}, ("",)),
    ("wait", {"event": "clicked", "timeout": "2d"}, ("event", "timeout")),
    ("webhook", {"url": "https://example.com/", "data": {"name": "{{ name }}"}}, ("",)),
    ("task", {"title": "Call {{ name }}", "lapse": "1d"}, ("", "skipped", "lapsed")),
    ("goto", {"times": 2}, ("", "again")),
)
"""Node types with their data and their ways out."""


def run() -> dict[str, float]:
    """Seconds of CPU, the median of a few turns; the graph is read from its JSON each time."""
    text = _graph()
    seconds = []
    for _ in range(_TURNS):
        began = time.process_time()
        checked = check(text)
        seconds.append(time.process_time() - began)
        if checked.plan is None or len(checked.plan.nodes) < MAX_STEPS:
            raise ValueError(f"the benchmark's own graph has errors: {checked.diagnostics}")
    return {f"compile_{MAX_STEPS}_nodes_s": round(median(seconds), 2)}


def _graph() -> str:
    """Rounds of every kind of node one after the other; of each branch, one way skips a node, and gotos lead back."""
    kinds = [_ROUND[n % len(_ROUND)] for n in range(MAX_STEPS)]
    nodes: list[dict[str, Any]] = [{"id": "start", "type": "trigger", "data": {}}]
    nodes += [{"id": f"n{n}", "type": kind, "data": data} for n, (kind, data, _) in enumerate(kinds)]
    nodes.append({"id": "end", "type": "exit", "data": {}})
    names = [node["id"] for node in nodes]
    edges = [{"source": "start", "target": "n0"}]
    for n, ((source, following), (_, _, ways)) in enumerate(zip(pairwise(names[1:]), kinds, strict=True)):
        for number, way in enumerate(ways):
            skipping = names[min(n + 3, len(names) - 1)] if number else following
            target = names[max(n - 5, 1)] if way == "again" else skipping
            edges.append({"source": source, "target": target, **({"sourceHandle": way} if way else {})})
    return json.dumps({"sequence": "large", "nodes": nodes, "edges": edges})
