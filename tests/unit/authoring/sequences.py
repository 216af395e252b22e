"""Generated sequences: lists of steps with every step type, and graphs whose ways part and meet anywhere."""

from typing import Any

from hypothesis import strategies as st

Document = dict[str, Any]

_TEXTS = st.sampled_from(
    [
        "x",
        "Hi {{ name }}",
        "two\nlines\n",
        "no",
        "09:00",
        "1e3",
        "- a: b",
        "#x",
        "é “q”",
        " x ",
        "'",
        '"',
        "a\n\n b",
        "x:",
    ]
)
_DURATIONS = st.sampled_from(["90s", "15m", "2h", "3d", "1w"])
_AWAITED = st.sampled_from(["reply", "tick", ["clicked", "tick"]])
_POLICIES = st.sampled_from(["stop", "continue"])
_DATE_POLICIES = st.sampled_from(["stop", "continue", "skip"])
_WINDOWS = st.sampled_from([{"days": "mon-fri"}, {"from": "09:00", "to": "17:00", "spread": "30m"}])
_DELAYS: st.SearchStrategy[Document] = st.one_of(
    st.fixed_dictionaries({"days": st.integers(1, 9)}, optional={"hours": st.integers(1, 5)}),
    st.fixed_dictionaries({"business_days": st.integers(1, 9)}),
    st.fixed_dictionaries({"until": st.sampled_from(["09:00", "monday", "tue 10:00", "2030-01-01"])}),
    st.fixed_dictionaries(
        {"until": st.fixed_dictionaries({"days": st.integers(1, 9), "before": st.just("due")})},
        optional={"at": st.just("10:00"), "if_missing": _DATE_POLICIES, "if_passed": _DATE_POLICIES},
    ),
)
_ACTIONS: st.SearchStrategy[Document] = st.sampled_from(
    [
        {"action": "tag_lead", "add": ["a", "no"]},
        {"action": "tag_lead", "remove": ["a"]},
        {"action": "update_status", "status": "warm"},
        {"action": "set_attribute", "attribute": "Two Words", "value": "{{ name }}"},
        {"action": "set_attribute", "attribute": "due", "value": "2031-05-01"},
        {"action": "assign_to_user", "round_robin": ["ana", "ben"]},
        {"action": "assign_to_user", "user": "ana"},
        {"action": "notify_user", "user": "ana", "message": "See {{ name }}"},
        {"action": "mark_qualified"},
        {"action": "add_to_campaign", "campaign": "spring"},
        {"action": "enroll", "sequence": "other"},
    ]
)


def _conditions(ids: list[str]) -> st.SearchStrategy[Any]:
    leaves: st.SearchStrategy[Any] = st.one_of(
        st.sampled_from(["replied", "if_not_opened", "always"]),
        st.sampled_from([{"event": "tick"}, {"event": "tick", "since": "2d"}, {"event": "reply"}]),
        st.sampled_from([{"field": "plan", "in": ["a", 1]}, {"field": "tags", "contains": "x"}]),
        st.sampled_from([{"field": "x", "exists": False}, {"field": "x", "gt": 1.5}, {"field": "x", "ne": "no"}]),
    )
    if ids:
        leaves |= st.builds(lambda step: {"event": "clicked", "step": step, "since": "2d"}, st.sampled_from(ids))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(lambda part: {"not": part}, inner),
            st.builds(lambda word, parts: {word: parts}, st.sampled_from(["any", "all"]), st.lists(inner, min_size=1)),
        ),
        max_leaves=3,
    )


class _Author:
    """Writes one sequence; remembers what it named."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.names: list[str] = []
        self.messages: list[str] = []

    def name(self) -> str:
        self.names.append(f"s{len(self.names)}")
        return self.names[-1]

    def message(self) -> Document:
        step: Document = {"id": self.name(), "type": self.draw(st.sampled_from(["sms", "email", "whatsapp"]))}
        step["body"] = self.draw(_TEXTS)
        if step["type"] == "email":
            step["subject"] = "Subject"
        if self.draw(st.integers(0, 3)) == 0:
            step |= self.draw(st.fixed_dictionaries({}, optional={"window": _WINDOWS, "on_failure": _POLICIES}))
        self.messages.append(step["id"])
        return step

    def plain(self) -> Document:
        """A step without branches."""
        kind = self.draw(st.sampled_from(["message", "message", "delay", "delay", "action", "webhook"]))
        if kind == "message":
            return self.message()
        if kind == "delay":
            named = {"id": self.name()} if self.draw(st.booleans()) else {}
            return {**named, "type": "delay", **self.draw(_DELAYS)}
        if kind == "action":
            return {"id": self.name(), "type": "action", **self.draw(_ACTIONS)}
        return {
            "id": self.name(),
            "type": "webhook",
            "url": "https://example.com/{{ name }}",
            "headers": {"X-Team": self.draw(st.sampled_from(["a", "no"]))},
            "save": {"My Score": "result.score"},
        }

    def branching(self) -> tuple[Document, list[str]]:
        """A step with branches, and the names of them."""
        kind = self.draw(st.sampled_from(["condition", "condition", "wait_for", "split", "task"]))
        step: Document = {"id": self.name(), "type": kind}
        if kind == "condition":
            return {**step, "if": self.draw(_conditions(self.messages))}, ["then", "else"]
        if kind == "wait_for":
            return {**step, "event": self.draw(_AWAITED), "timeout": self.draw(_DURATIONS)}, ["then", "else"]
        if kind == "task":
            return {**step, "title": "Call", "lapse": self.draw(_DURATIONS)}, ["completed", "skipped", "lapsed"]
        arms = ["a", "b", "c"][: self.draw(st.integers(2, 3))]
        return {**step, "variants": [{"id": arm, "weight": self.draw(st.integers(1, 3))} for arm in arms]}, arms


@st.composite
def step_documents(draw: Any) -> Document:
    """A list of steps, sound but for where its gotos lead."""
    author = _Author(draw)
    gotos: list[Document] = []

    def written(depth: int) -> list[Document]:
        steps: list[Document] = []
        for _ in range(draw(st.integers(0 if depth else 1, 4))):
            kind = draw(st.sampled_from(["plain", "plain", "branching", "goto"] if depth < 3 else ["plain"]))
            if kind == "plain":
                steps.append(author.plain())
            elif kind == "goto":
                goto: Document = {"type": "goto", "times": draw(st.integers(1, 9))}
                gotos.append(goto)
                steps.append(goto)
            else:
                step, branches = author.branching()
                for number, branch in enumerate(branches):
                    inner = written(depth + 1)
                    if inner and step["type"] == "split":
                        step["variants"][number]["steps"] = inner
                    elif inner:
                        step[branch] = inner
                steps.append(step)
        if depth and draw(st.integers(0, 3)) == 0:
            last: Document = draw(
                st.sampled_from(
                    [
                        *({"type": "exit", "reason": "no"}, {"type": "exit"}, {"type": "goto"}),
                        {"type": "action", "action": "stop", "reason": "enough"},
                    ]
                )
            ).copy()
            if last["type"] == "goto":
                gotos.append(last)
            steps.append(last)
        return steps

    document: Document = {"sequence": "s", "steps": written(0)}
    for goto in gotos:
        goto["step"] = draw(st.sampled_from([*author.names, "end"]))
    if draw(st.booleans()):
        document |= {"trigger": ["a"], "goal": draw(_conditions(author.messages)), "stop_on": ["reply"]}
    return document


_TYPES = {"email": "send-email", "sms": "send-sms", "whatsapp": "send-message", "wait_for": "wait"}
_HANDLES = {"condition": {"then": "true", "else": "false"}, "wait_for": {"then": "event", "else": "timeout"}}


@st.composite
def graph_documents(draw: Any) -> Document:
    """A sound graph: each way leads to any later node, so branches part and meet where they like; gotos lead back."""
    author = _Author(draw)
    count = draw(st.integers(0, 12))
    steps: list[tuple[Document, list[str]]] = [(author.message(), [""])]
    for _ in range(count):
        kind = draw(st.sampled_from(["plain", "branching", "branching", "exit", "goto"]))
        del author.messages[1:]  # nodes that nobody comes to are left out below, and must not be asked about
        if kind == "branching":
            steps.append(author.branching())
        elif kind == "plain":
            # What a delay may skip has one way out, which chance does not see to here.
            step = {key: value for key, value in author.plain().items() if value != "skip"}
            steps.append(({"id": step.get("id") or author.name(), **step}, [""]))
        elif kind == "exit":
            steps.append(({"id": author.name(), "type": "exit"}, []))
        else:
            steps.append(({"id": author.name(), "type": "goto", "times": 2}, [""]))
    ids = [step["id"] for step, _ in steps]
    edges: list[Document] = [{"source": "t", "target": ids[0]}]
    nodes: list[Document] = [{"id": "t", "type": "trigger", "data": {}}]
    reached = {ids[0], "end"}
    for number, (step, ways) in enumerate(steps):
        if step["id"] not in reached:
            continue
        data = {key: value for key, value in step.items() if key not in ("id", "type")}
        if step["type"] == "whatsapp":
            data["channel"] = "whatsapp"
        nodes.append({"id": step["id"], "type": _TYPES.get(step["type"], step["type"]), "data": data})
        for way in ways:
            # Mostly somewhere near, for long and branched sequences.
            target = draw(st.sampled_from([*ids[number + 1 : number + 5], "end"]))
            reached.add(target)
            handle = _HANDLES.get(step["type"], {}).get(way, way)
            edges.append({"source": step["id"], "target": target, **({"sourceHandle": handle} if handle else {})})
        if step["type"] == "goto":
            back = draw(st.sampled_from([name for name in ids[:number] if name in reached] or ["end"]))
            edges.append({"source": step["id"], "target": back, "sourceHandle": "again"})
    if any(edge["target"] == "end" for edge in edges):
        nodes.append({"id": "end", "type": "exit", "data": {}})
    return {"sequence": "g", "nodes": nodes, "edges": edges}
