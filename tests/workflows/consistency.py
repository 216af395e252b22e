"""Whether what was recorded of an enrollment is one story: its path, its messages, its counts and its history."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from temporalio.contrib.pydantic import pydantic_data_converter

from domain.enrollment import Ending, ExecuteInput, Visit
from domain.plan import (
    ActionNode,
    ConditionNode,
    DelayNode,
    ExitNode,
    GotoNode,
    MessageNode,
    Outgoing,
    Plan,
    SplitNode,
    TaskNode,
    WaitNode,
    WebhookNode,
    ways_out,
)
from tests.store.counted import COUNTED
from tests.support.harness import Rig

Step = dict[str, Any]
Place = tuple[str, int]
"""A node, and the lap in which it is visited."""

STATES = {"success": "sent", "failed": "failed", "skipped": "cancelled"}
"""What a step's fate means for its message."""


@dataclass
class Path:
    """How an enrollment went, by its records."""

    visited: list[Place] = field(default_factory=list)
    """Those with a fate of their own."""
    last: str = ""
    """The node at which it ended."""
    ending: tuple[str, str | None] | None = None
    """What the path says of the end; None: it was ended from outside, or by an event."""


def path_of(plan: Plan, steps: dict[Place, Step]) -> Path:
    """Walk the plan by the recorded outcomes alone."""
    path, node_id, lap, cut = Path(), plan.start, 0, False
    while True:
        node, path.last = plan.nodes[node_id], node_id
        if isinstance(node, ExitNode) and node.implicit:
            path.ending = None if cut else ("completed", None)
            return path
        step = steps.get((node_id, lap))
        if step is None or "bypassed_at" in step["result"]:
            return path
        path.visited.append((node_id, lap))
        if "ended" in step["result"]:
            # Whoever waits has a record of each delay and of what comes after them.
            if not isinstance(node, DelayNode):
                return path
            node_id, cut = node.next, True
            continue
        if isinstance(node, ExitNode):
            path.ending = ("completed", node.reason)
            return path
        following = _following(plan, node_id, step)
        if following is None:
            return path
        lap += isinstance(node, GotoNode) and step["result"]["way"] == "back"
        node_id = following


def _following(plan: Plan, node_id: str, step: Step) -> str | None:
    """The next node; None: the enrollment ended here."""
    node, result, failed = plan.nodes[node_id], step["result"], step["status"] == "failed"
    match node:
        case MessageNode() | WebhookNode():
            return None if failed and plan.failure_policy_of(node) == "stop" else node.next
        case ConditionNode() | WaitNode():
            return {"then": node.then, "else": node.otherwise}[result["branch"]]
        case SplitNode():
            return next(arm.next for arm in node.arms if arm.id == result["arm"])
        case GotoNode():
            return {"back": node.target, "on": node.next}[result["way"]]
        case ActionNode():
            return None if failed and plan.settings.on_failure == "stop" else node.next
        case TaskNode() if failed:
            return None if plan.settings.on_failure == "stop" else node.skipped
        case TaskNode():
            ways = {"completed": node.next, "skipped": node.skipped, "lapsed": node.lapsed or node.skipped}
            return ways[result["outcome"]]
        case DelayNode():
            policies = {"missing": "if_missing", "passed": "if_passed"}
            policy = getattr(node.delay, policies[result["date"]]) if "date" in result else "continue"
            return {"stop": None, "skip": node.skip_to or node.next, "continue": node.next}[policy]
        case _:
            raise AssertionError(f"no way on from {node}")


async def _error_outside(rig: Rig, row: dict[str, Any]) -> str | None:
    """The error as Temporal may know it: of a provider's refusal its class and its source, and none of its words."""
    for job in await rig.jobs(row["id"]):
        if row["error"] == f"{job['node_id']}: {job['error']}" and "scripted: " in job["error"]:
            return f"{job['node_id']}: {job['error_class']} (scripted)"
    error: str | None = row["error"]
    return error


async def assert_one_story(rig: Rig, enrollment: UUID, plan: Plan, told: tuple[str, str | None]) -> Path:
    """Every record of an ended enrollment agrees with every other, with the plan and with the workflow's history."""
    row = await rig.enrollment(enrollment)
    assert (row["status"], row["reason"] or await _error_outside(rig, row)) == told
    recorded = await rig.steps(enrollment)
    steps = {(step["node_id"], step["lap"]): step for step in recorded}
    assert len(steps) == len(recorded)
    assert {step["status"] for step in recorded} <= set(STATES), recorded
    path = path_of(plan, steps)
    if told == ("stopped", "goal"):
        # It is looked at before each step, the last included.
        path.ending = None
    if path.ending is not None or told[0] == "completed":
        assert path.ending == told, path
    _assert_fates(plan, steps, path)
    await _assert_ledger(rig, enrollment, plan, steps, path)
    assert (row["last_node"], row["last_lap"]) == _last_sent(plan, steps, path)
    assert await rig.rows("SELECT FROM tasks WHERE enrollment_id = $1 AND state = 'open'", enrollment) == []
    await _assert_history(rig, enrollment, path, told)
    return path


def _assert_fates(plan: Plan, steps: dict[Place, Step], path: Path) -> None:
    """What was visited has its outcome, in order; what was not is skipped, or still lay ahead when it ended early."""
    bypassed = {place for place, step in steps.items() if "bypassed_at" in step["result"]}
    assert bypassed | set(path.visited) == set(steps)
    assert {steps[place]["status"] for place in bypassed} <= {"skipped"}
    been = {node for node, _ in path.visited}
    assert not been & {node for node, _ in bypassed}
    written = {node.id for node in plan.nodes.values() if not (isinstance(node, ExitNode) and node.implicit)}
    without = written - {node for node, _ in steps}
    assert not without if path.ending else without <= _ahead(plan, path.last)
    done = [steps[place]["completed_at"] for place in path.visited]
    assert done == sorted(done), list(zip(path.visited, done, strict=True))
    for place in path.visited:
        began = steps[place]["started_at"]
        assert began is None or began <= steps[place]["completed_at"]


def _ahead(plan: Plan, start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        if (node := waiting.pop()) not in found:
            found.add(node)
            waiting += ways_out(plan.nodes[node])
    return found


async def _assert_ledger(rig: Rig, enrollment: UUID, plan: Plan, steps: dict[Place, Step], path: Path) -> None:
    """One message for each visit of a node that sends, in the state that the step says; the counts are theirs."""
    jobs = {(job["node_id"], job["lap"]): job for job in await rig.jobs(enrollment)}
    sending = [place for place in path.visited if isinstance(plan.nodes[place[0]], Outgoing)]
    assert set(jobs) == set(sending)
    for place, job in jobs.items():
        assert job["state"] == STATES[steps[place]["status"]], (place, job)
        assert job["id"] == Visit(enrollment, *place).job_id
    logged = await rig.rows(
        "SELECT node_id FROM messages WHERE enrollment_id = $1 AND direction = 'out' AND kind = 'step'", enrollment
    )
    texts = Counter(n for (n, _), job in jobs.items() if job["state"] == "sent" and job["channel"] != "webhook")
    assert Counter(row["node_id"] for row in logged) == texts
    row = await rig.enrollment(enrollment)
    counted: dict[str, dict[str, int]] = {}
    for one in await rig.rows(
        "SELECT node_id, sum(pending)::int AS pending, sum(sent)::int AS sent, sum(failed)::int AS failed,"
        " sum(ambiguous)::int AS ambiguous, sum(cancelled)::int AS cancelled FROM step_counters"
        " WHERE sequence_id = $1 GROUP BY node_id",
        row["sequence_id"],
    ):
        node_id = one.pop("node_id")
        if any(one.values()):
            counted[node_id] = {state: count for state, count in one.items() if count}
    expected: dict[str, Counter[str]] = defaultdict(Counter)
    for (node, _), job in jobs.items():
        expected[node][job["state"]] += 1
    assert counted == expected
    arms = await rig.rows("SELECT node_id, arm FROM split_choices WHERE enrollment_id = $1", enrollment)
    splits = {place[0]: steps[place] for place in path.visited if isinstance(plan.nodes[place[0]], SplitNode)}
    chosen = {node: step["result"].get("arm") for node, step in splits.items() if "arm" in step["result"]}
    assert {(one["node_id"], one["arm"]) for one in arms} == set(chosen.items())


def _last_sent(plan: Plan, steps: dict[Place, Step], path: Path) -> tuple[str | None, int]:
    sent = [
        place
        for place in path.visited
        if isinstance(plan.nodes[place[0]], MessageNode) and steps[place]["status"] == "success"
    ]
    return sent[-1] if sent else (None, 0)


async def _assert_history(rig: Rig, enrollment: UUID, path: Path, told: tuple[str, str | None]) -> None:
    """The activities went along the path, never back, and the workflow ended as its record did."""
    handle = rig.engine.runs.handle(enrollment)
    ending = Ending.model_validate(await handle.result())
    assert (str(ending.status), ending.reason) == told
    order = {place: number for number, place in enumerate(path.visited)}
    along = []
    for event in (await handle.fetch_history()).events:
        scheduled = event.activity_task_scheduled_event_attributes
        if scheduled.activity_type.name in ("deliver", "finish"):
            [given] = await pydantic_data_converter.decode(list(scheduled.input.payloads), [ExecuteInput])
            # The sequence's own end has no record.
            along.append(order.get((given.node_id, given.lap), len(order)))
    assert along == sorted(along)


async def counts_are_exact(rig: Rig) -> None:
    """The counters of every step say what a full count says."""
    for row in await rig.rows(COUNTED):
        assert row["counts"] == row["truth"], row
