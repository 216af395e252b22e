"""The plan: what a workflow interprets. Control flow only; content is read at send time by (version, step).

It travels in the workflow's input, so it stays small; it is immutable, so a history recorded with it
replays with it.
"""

from typing import Annotated, Literal

from pydantic import Field

from domain.base import Frozen
from domain.messages import Channel
from domain.schedule import Delay, Window

FailurePolicy = Literal["continue", "stop"]
AmbiguousPolicy = Literal["hold", "resend", "assume_sent"]
ReenrollPolicy = Literal["never", "after_end"]
StopEvent = Literal["reply", "unsubscribe", "bounce", "own_channel"]
"""What ends an enrollment; `own_channel` narrows `reply` to answers on a channel that the sequence uses."""


class Settings(Frozen):
    """What holds for the whole sequence."""

    window: Window | None = None
    stop_on: tuple[StopEvent, ...] = ("reply", "unsubscribe", "bounce")
    on_failure: FailurePolicy = "stop"
    on_ambiguous: AmbiguousPolicy = "hold"
    reenroll: ReenrollPolicy = "after_end"
    """`never`: once in a lifetime; `after_end`: again when no live enrollment is left."""


class MessageNode(Frozen):
    """Hand one message to a provider."""

    kind: Literal["message"] = "message"
    id: str
    order_index: int
    """Position of the step in the author's order, from 0."""
    channel: Channel
    thread: str | None = None
    """An earlier email node whose conversation this one continues."""
    window: Window | None = None
    """Overrides the sequence's window; None takes the sequence's."""
    on_failure: FailurePolicy | None = None
    next: str


class DelayNode(Frozen):
    """Wait."""

    kind: Literal["delay"] = "delay"
    id: str
    order_index: int
    delay: Delay
    next: str


class ExitNode(Frozen):
    """The end of a path; every path has one, written by the author or added by the compiler."""

    kind: Literal["exit"] = "exit"
    id: str
    order_index: int
    reason: str | None = None
    implicit: bool = False
    """Added by the compiler: it is no step of the author's, so it is not recorded as one."""


Node = Annotated[MessageNode | DelayNode | ExitNode, Field(discriminator="kind")]


class Plan(Frozen):
    """One published version's graph of nodes."""

    sequence: str
    """The author's key for the sequence."""
    start: str
    nodes: dict[str, Node]
    settings: Settings = Settings()

    def window_of(self, node: MessageNode) -> Window | None:
        """The window that holds for a message."""
        return node.window or self.settings.window

    def failure_policy_of(self, node: MessageNode) -> FailurePolicy:
        """What a permanent failure of this message does to the enrollment."""
        return node.on_failure or self.settings.on_failure

    def channels(self) -> frozenset[Channel]:
        """Every channel this plan may send on."""
        return frozenset(n.channel for n in self.nodes.values() if isinstance(n, MessageNode))
