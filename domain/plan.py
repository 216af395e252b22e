"""The plan: what a workflow interprets. Control flow only; content is read at send time by (version, step).

It travels in the workflow's input, so it stays small; it is immutable, so a history recorded with it
replays with it.
"""

from typing import Annotated, Literal

from pydantic import Field

from domain.action import ActionStep
from domain.base import Frozen
from domain.brake import Brake
from domain.condition import Condition, own_events
from domain.fields import HEARD
from domain.messages import Channel
from domain.schedule import Delay, Until, Window

FailurePolicy = Literal["continue", "stop"]
AmbiguousPolicy = Literal["hold", "resend", "assume_sent"]
ReenrollPolicy = Literal["never", "after_end"]
SharingPolicy = Literal["refuse", "allow"]
"""May two contacts of one email address, or one phone, be in the sequence at a time?"""
Purpose = Literal["marketing", "service"]
"""What a sequence writes for; laws on the hours of solicitation hold for `marketing` alone."""
StopEvent = Literal["reply", "unsubscribe", "bounce", "own_channel"]
"""What ends an enrollment; `own_channel` narrows `reply` to answers on a channel that the sequence uses."""


class Settings(Frozen):
    """What holds for the whole sequence."""

    window: Window | None = None
    stop_on: tuple[StopEvent, ...] = ("reply", "unsubscribe", "bounce")
    on_failure: FailurePolicy = "stop"
    on_ambiguous: AmbiguousPolicy | None = None
    """None: as the tenant has it."""
    reenroll: ReenrollPolicy = "after_end"
    """`never`: once in a lifetime; `after_end`: again when no live enrollment is left."""
    shared_addresses: SharingPolicy = "refuse"
    """`refuse`: whoever shares an address on a channel that it uses with somebody in it stays out."""
    purpose: Purpose = "marketing"
    goal: Condition | None = None
    """Ends the enrollment as `goal`, wherever it stands."""
    brake: Brake | None = Brake()
    """None: it never pauses itself, however many messages fail."""


class MessageNode(Frozen):
    """Hand one message to a provider."""

    kind: Literal["message"] = "message"
    id: str
    order_index: int
    """Position of the step in the author's order, from 0."""
    channel: Channel
    thread: str | None = None
    """An email node that lies on every path to this one, whose conversation it continues."""
    window: Window | None = None
    """Overrides the sequence's window; None takes the sequence's."""
    on_failure: FailurePolicy | None = None
    next: str


class DelayNode(Frozen):
    """Wait."""

    kind: Literal["delay"] = "delay"
    id: str
    order_index: int
    delay: Delay | Until
    next: str
    skip_to: str | None = None
    """Where the policy `skip` of a date leads: past `next`. Set where one of the delay's policies is `skip`."""


class ConditionNode(Frozen):
    """Take one of two ways."""

    kind: Literal["condition"] = "condition"
    id: str
    order_index: int
    condition: Condition
    then: str
    otherwise: str


class WaitNode(Frozen):
    """Wait until one of these events (`then`) or the time-out (`otherwise`)."""

    kind: Literal["wait_for"] = "wait_for"
    id: str
    order_index: int
    events: tuple[str, ...]
    """`reply`, `opened`, `clicked`, `bounced`, `unsubscribed`, or a name that the API posts."""
    timeout_seconds: int
    then: str
    otherwise: str


class Arm(Frozen):
    """One way out of a split."""

    id: str
    weight: int
    next: str


class SplitNode(Frozen):
    """Take one of several ways by `domain.split.choose`."""

    kind: Literal["split"] = "split"
    id: str
    order_index: int
    arms: tuple[Arm, ...]


class ActionNode(Frozen):
    """Do something to the contact, the enrollment or a user."""

    kind: Literal["action"] = "action"
    id: str
    order_index: int
    action: ActionStep
    next: str | None
    """None for `stop`, which leads nowhere."""


class WebhookNode(Frozen):
    """One signed POST; what it says is content."""

    kind: Literal["webhook"] = "webhook"
    id: str
    order_index: int
    timeout_seconds: int
    on_failure: FailurePolicy | None = None
    next: str

    @property
    def channel(self) -> Channel:
        """It goes through the ledger like a message."""
        return Channel.WEBHOOK


class TaskNode(Frozen):
    """Wait until a person has done something; what, is content."""

    kind: Literal["task"] = "task"
    id: str
    order_index: int
    lapse_seconds: int | None = None
    """None: it waits for as long as it takes."""
    next: str
    """Where it leads when it was completed."""
    skipped: str
    lapsed: str | None = None
    """Set when it can lapse."""


class GotoNode(Frozen):
    """Lead to `target`, at most `times` times in an enrollment; then to `next`."""

    kind: Literal["goto"] = "goto"
    id: str
    order_index: int
    target: str
    times: int
    next: str


class ExitNode(Frozen):
    """The end of a path; every path has one, written by the author or added by the compiler."""

    kind: Literal["exit"] = "exit"
    id: str
    order_index: int
    reason: str | None = None
    implicit: bool = False
    """Added by the compiler: it is no step of the author's, so it is not recorded as one."""


Node = Annotated[
    MessageNode
    | DelayNode
    | ConditionNode
    | WaitNode
    | SplitNode
    | ActionNode
    | WebhookNode
    | TaskNode
    | GotoNode
    | ExitNode,
    Field(discriminator="kind"),
]


Outgoing = MessageNode | WebhookNode
"""What is handed over, through the ledger."""


def ways_out(node: Node) -> tuple[str, ...]:
    """Every node that may come next."""
    match node:
        case ExitNode():
            return ()
        case ConditionNode() | WaitNode():
            return node.then, node.otherwise
        case SplitNode():
            return tuple(arm.next for arm in node.arms)
        case TaskNode():
            return (node.next, node.skipped, *((node.lapsed,) if node.lapsed else ()))
        case GotoNode():
            return node.target, node.next
        case DelayNode():
            return (node.next, *((node.skip_to,) if node.skip_to else ()))
        case MessageNode() | WebhookNode() | ActionNode():
            return (node.next,) if node.next else ()


class Plan(Frozen):
    """One published version's graph of nodes."""

    sequence: str
    """The author's key for the sequence."""
    start: str
    nodes: dict[str, Node]
    settings: Settings = Settings()

    def window_of(self, node: Outgoing) -> Window | None:
        """The window that holds for a message; a system may be told at any hour."""
        return None if isinstance(node, WebhookNode) else node.window or self.settings.window

    def failure_policy_of(self, node: Outgoing) -> FailurePolicy:
        """What a permanent failure of this node does to the enrollment."""
        return node.on_failure or self.settings.on_failure

    def channels(self) -> frozenset[Channel]:
        """Every channel this plan may send on."""
        return frozenset(n.channel for n in self.nodes.values() if isinstance(n, Outgoing))

    def own_events(self) -> set[str]:
        """The events of the tenant's own system that its conditions and its goal ask about."""
        asked = [node.condition for node in self.nodes.values() if isinstance(node, ConditionNode)]
        return own_events([*asked, self.settings.goal] if self.settings.goal else asked)

    def hears(self) -> set[str]:
        """Every event of the tenant's own system that something may come of."""
        awaited = {event for node in self.nodes.values() if isinstance(node, WaitNode) for event in node.events}
        return awaited.difference(HEARD) | self.own_events()
