"""Definition → plan and content: the last step of publishing, for a definition that `check` found sound."""

from collections.abc import Iterator, Sequence
from datetime import time

from domain.definition import (
    DelayStep,
    EmailStep,
    ExitStep,
    SequenceDefinition,
    SmsStep,
    Step,
    StepContent,
    WindowSpec,
)
from domain.messages import Channel
from domain.plan import DelayNode, ExitNode, MessageNode, Node, Plan, Settings
from domain.schedule import Delay, Window

END = "end"
"""Id of the exit that the compiler adds; no step may carry it."""


def compile_definition(definition: SequenceDefinition) -> tuple[Plan, tuple[StepContent, ...]]:
    """Link the steps in order; every path ends in an exit.

    Raises ValueError for a step type that is not supported yet, which `check` reports before.
    """
    steps = definition.steps
    ids = node_ids(steps)
    nodes: dict[str, Node] = {}
    for index, (node_id, step) in enumerate(zip(ids, steps, strict=True)):
        nodes[node_id] = _node(step, node_id, index, following=(*ids, END)[index + 1])
    if not isinstance(steps[-1], ExitStep):
        nodes[END] = ExitNode(id=END, order_index=len(steps), implicit=True)
    settings = Settings(
        window=_window(definition.window),
        stop_on=definition.stop_on,
        on_failure=definition.on_failure,
        on_ambiguous=definition.on_ambiguous,
        reenroll=definition.reenroll,
    )
    plan = Plan(sequence=definition.sequence, start=ids[0], nodes=nodes, settings=settings)
    return plan, tuple(_contents(steps))


def node_ids(steps: Sequence[Step]) -> list[str]:
    """The id of each step; one without counts on from the named step before it: `intro.1`, `intro.2`.

    Steps before the first named one count from `_`, which no author's id can be.
    So an id changes only when its own neighbourhood does, and enrollments find their place in a later version.
    """
    ids: list[str] = []
    named, since = "_", 0
    for step in steps:
        if step.id is None:
            since += 1
            ids.append(f"{named}.{since}")
        else:
            named, since = step.id, 0
            ids.append(step.id)
    return ids


def same_subject(subject: str, root: str) -> bool:
    """Mailboxes join two messages only when their subjects are equal but for `Re:`."""
    return subject.strip().removeprefix("Re:").strip() == root.strip().removeprefix("Re:").strip()


def _node(step: Step, node_id: str, index: int, *, following: str) -> Node:
    match step:
        case EmailStep() | SmsStep():
            return MessageNode(
                id=node_id,
                order_index=index,
                channel=Channel(step.type),
                thread=step.thread if isinstance(step, EmailStep) else None,
                window=_window(step.window),
                on_failure=step.on_failure,
                next=following,
            )
        case DelayStep():
            delay = Delay(days=step.calendar_days, seconds=step.elapsed_seconds)
            return DelayNode(id=node_id, order_index=index, delay=delay, next=following)
        case ExitStep():
            return ExitNode(id=node_id, order_index=index, reason=step.reason)
        case _:
            raise ValueError(f"step type `{step.type}` is not supported yet")


def _window(spec: WindowSpec | None) -> Window | None:
    if spec is None:
        return None
    return Window(
        days=spec.days,
        opens=time.fromisoformat(spec.from_),
        closes=time(0) if spec.to == "24:00" else time.fromisoformat(spec.to),
        timezone=spec.timezone,
        holidays=spec.holidays,
        spread_minutes=spec.spread_minutes,
    )


def _contents(steps: Sequence[Step]) -> Iterator[StepContent]:
    subjects: dict[str, str] = {}
    for index, step in enumerate(steps):
        if isinstance(step, EmailStep):
            subject = step.subject or _reply_subject(subjects[step.thread or ""])
            subjects[step.id] = subject
            templates = {"subject": subject, "body": step.body, "html": step.html}
        elif isinstance(step, SmsStep):
            templates = {"body": step.body, "media_url": step.media_url}
        else:
            continue
        written = {name: text for name, text in templates.items() if text is not None}
        yield StepContent(node_id=step.id, order_index=index, channel=Channel(step.type), templates=written)


def _reply_subject(subject: str) -> str:
    return subject if subject.startswith("Re:") else f"Re: {subject}"
