"""Definition → plan and content: the last step of publishing, for a definition that `check` found sound."""

from collections.abc import Iterator

from authoring.language.definition import SequenceHeader, StepContent
from authoring.language.delay_step import DelayStep
from authoring.language.flow import END, Flow, Stage
from authoring.language.steps import (
    ConditionStep,
    EmailStep,
    ExitStep,
    GotoStep,
    SmsStep,
    SplitStep,
    TaskStep,
    WaitForStep,
    WebhookStep,
    WhatsappStep,
)
from domain.action import ActionStep
from domain.fields import duration_seconds
from domain.messages import Channel
from domain.plan import (
    ActionNode,
    Arm,
    ConditionNode,
    DelayNode,
    ExitNode,
    GotoNode,
    MessageNode,
    Node,
    Plan,
    Settings,
    SplitNode,
    TaskNode,
    WaitNode,
    WebhookNode,
)


def compile_flow(header: SequenceHeader, flow: Flow) -> tuple[Plan, tuple[StepContent, ...]]:
    """What a workflow interprets, and what its nodes say; every path ends in an exit."""
    nodes = {stage.id: _node(stage, index, flow) for index, stage in enumerate(flow.stages.values())}
    if flow.start == END or any(END in flow.ways(stage_id) for stage_id in nodes):
        nodes[END] = ExitNode(id=END, order_index=len(nodes), implicit=True)
    settings = Settings(
        window=header.window.window if header.window else None,
        stop_on=header.stop_on,
        on_failure=header.on_failure,
        on_ambiguous=header.on_ambiguous,
        reenroll=header.reenroll,
        shared_addresses=header.shared_addresses,
        purpose=header.purpose,
        goal=header.goal,
        brake=header.brake,
    )
    plan = Plan(sequence=header.sequence, start=flow.start, nodes=nodes, settings=settings)
    return plan, tuple(_contents(flow))


def same_subject(subject: str, root: str) -> bool:
    """Mailboxes join two messages only when their subjects are equal but for `Re:`."""
    return subject.strip().removeprefix("Re:").strip() == root.strip().removeprefix("Re:").strip()


def _node(stage: Stage, index: int, flow: Flow) -> Node:
    step, ways = stage.step, stage.ways
    match step:
        case EmailStep() | SmsStep() | WhatsappStep():
            return MessageNode(
                id=stage.id,
                order_index=index,
                channel=Channel(step.type),
                thread=step.thread if isinstance(step, EmailStep) else None,
                window=step.window.window if step.window else None,
                on_failure=step.on_failure,
                next=ways["next"],
            )
        case DelayStep():
            past = flow.past(stage)
            return DelayNode(id=stage.id, order_index=index, delay=step.wait, next=ways["next"], skip_to=past)
        case ConditionStep():
            return ConditionNode(
                id=stage.id, order_index=index, condition=step.if_, then=ways["then"], otherwise=ways["else"]
            )
        case WaitForStep():
            return WaitNode(
                id=stage.id,
                order_index=index,
                events=step.event,
                timeout_seconds=duration_seconds(step.timeout),
                then=ways["then"],
                otherwise=ways["else"],
            )
        case SplitStep():
            arms = tuple(Arm(id=v.id, weight=v.weight, next=ways[v.id]) for v in step.variants)
            return SplitNode(id=stage.id, order_index=index, arms=arms)
        case WebhookStep():
            return WebhookNode(
                id=stage.id,
                order_index=index,
                timeout_seconds=duration_seconds(step.timeout),
                on_failure=step.on_failure,
                next=ways["next"],
            )
        case TaskStep():
            return TaskNode(
                id=stage.id,
                order_index=index,
                lapse_seconds=duration_seconds(step.lapse) if step.lapse else None,
                next=ways["completed"],
                skipped=ways["skipped"],
                lapsed=ways.get("lapsed"),
            )
        case GotoStep():
            return GotoNode(
                id=stage.id, order_index=index, target=ways["again"], times=step.times or 1, next=ways["next"]
            )
        case ExitStep():
            return ExitNode(id=stage.id, order_index=index, reason=step.reason)
        case action:
            return _action(stage, action, index)


def _action(stage: Stage, action: ActionStep, index: int) -> ActionNode:
    return ActionNode(id=stage.id, order_index=index, action=action, next=stage.ways.get("next"))


def _contents(flow: Flow) -> Iterator[StepContent]:
    subjects: dict[str, str] = {}
    for index, stage in enumerate(flow.stages.values()):
        step = stage.step
        match step:
            case EmailStep():
                subject = subjects[stage.id] = step.subject or _reply_subject(subjects[step.thread or ""])
                said = {"subject": subject, "body": step.body, "html": step.html}
            case SmsStep():
                said = {"body": step.body, "media_url": step.media_url}
            case WhatsappStep():
                said = {"body": step.body, "media_url": step.media_url, "template": step.template}
                said |= _inside("variables", step.variables)
            case WebhookStep():
                said = {"url": step.url, **_inside("headers", step.headers), **_inside("data", step.data)}
                said |= _inside("save", step.save)
            case TaskStep():
                said = {"title": step.title, "instructions": step.instructions, "assignee": step.assignee}
            case _:
                continue
        written = {name: text for name, text in said.items() if text is not None}
        yield StepContent(node_id=stage.id, order_index=index, kind=step.type, templates=written)


def _inside(key: str, values: dict[str, str]) -> dict[str, str | None]:
    return {f"{key}.{name}": text for name, text in values.items()}


def _reply_subject(subject: str) -> str:
    return subject if subject.startswith("Re:") else f"Re: {subject}"
