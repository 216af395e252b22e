"""One report in one transaction: whom it is about, locked; its stored event; what it ends; what workflows hear."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from domain import ids
from domain.events import EventType, InboundMessage, MessageKind, StatusReport
from store.enrollments import ledger, signals
from store.enrollments.signals import OpenSignal
from store.gates import suppressions
from store.gates.suppressions import SuppressionReason
from store.inbound import matching, stops, waits
from store.inbound.matching import Match
from store.inbound.stops import Held, Rest, StopRule
from store.inbound.waits import ExitGoal
from store.pool import load_queries

_sql = load_queries("inbound/reception")


@dataclass(frozen=True)
class Received:
    """What became of a report."""

    event_id: UUID
    duplicate: bool
    """The provider reported it before; nothing was done this time."""
    type: EventType
    contact_id: UUID | None = None
    """None: nobody we know."""
    enrollment_id: UUID | None = None
    node_id: str | None = None
    """The step that it is about, or that it answers."""
    step_number: int = 0
    """1 for the first step; 0 when nothing had been sent."""
    kind: MessageKind | None = None
    """None: it is no message."""
    stopped: tuple[UUID, ...] = ()
    """The enrollments that it ended."""
    going_on: tuple[UUID, ...] = ()
    """The contact's live enrollments on the channel that a message did not stop."""
    signals: tuple[OpenSignal, ...] = ()
    """The signals that workflows have to get."""
    notice: UUID | None = None
    """The automatic answer that is owed for it."""
    rest: Rest | None = None
    """The enrollments that it ends as well, in transactions to come."""


@dataclass
class Reception:
    """One report in one transaction: match or hold it, store it, then give it its effects.

    Locks are taken in the order in which the methods stand here; those of suppressions come behind those of messages,
    which whoever ends an enrollment locks, and before goals, which may ask whether an address is suppressed.
    """

    tx: asyncpg.Connection
    report: StatusReport | InboundMessage
    event_id: UUID
    address: str | None
    """Where it comes from, or whom it is about, normalised."""
    written_since: datetime
    """How far back an address is searched (UTC)."""
    now: datetime
    found: Match = field(default_factory=Match)
    held: list[Held] = field(default_factory=list)
    """Every enrollment that it may end, locked."""
    rest: Rest | None = None
    _ended: list[UUID] = field(default_factory=list)
    _going_on: tuple[UUID, ...] = ()
    _spared: set[UUID] = field(default_factory=set)
    """No rule stops these: the report is a branch of theirs, or is none of their business."""
    _signals: list[OpenSignal] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        tx: asyncpg.Connection,
        tenant_id: UUID,
        report: StatusReport | InboundMessage,
        address: str | None,
        *,
        written_since: datetime,
        now: datetime,
    ) -> "Reception":
        """Name it by the provider's id; nothing is read yet."""
        event_id = ids.event_id(tenant_id, report.provider, report.provider_event_id)
        return cls(tx, report, event_id, address, written_since, now)

    # --- whom it is about ------------------------------------------------------------------------------

    async def match(self) -> None:
        """Find whom it is about, and lock nothing."""
        self.found = await matching.match(self.tx, self.report, self.address, self.written_since)

    async def hold(self) -> None:
        """Find whom it is about, with everything locked that it may end.

        Asked again under the locks: a settlement that was waited for may be what it is about, and of somebody else at
        the same address. A message that names nothing of ours is from somebody at its address, so there the locks
        come first.
        """
        report = self.report
        if isinstance(report, InboundMessage) and not (report.job_id or report.message_ids or report.enrollment_id):
            await self._lock([self.address] if self.address else [], None)
            await self.match()
            is_all = stops.more_after(self.held) is None
            if self.found.contact_id is None or (is_all and self.found.contact_id in {e.contact_id for e in self.held}):
                return
        else:
            await self.match()
        while True:
            before = self.found.contact_id
            await self._lock(self.addresses, before)
            await self.match()
            if self.found.contact_id == before:
                return

    async def _lock(self, addresses: Sequence[str], contact_id: UUID | None) -> None:
        self.held = await stops.hold(self.tx, self.report.channel, addresses, contact_id, at=self.report.at)

    @property
    def addresses(self) -> list[str]:
        """Where the message went; and where an answer comes from, which may be another address."""
        named = {self.found.recipient or self.address}
        if isinstance(self.report, InboundMessage):
            named.add(self.address)
        return sorted(address for address in named if address is not None)

    def own_goals(self) -> list[ExitGoal]:
        """The goals of the contact's live enrollments, of those that are held."""
        return waits.goals_among(self.held, self.found.contact_id)

    def awaiting(self, *events: str) -> list[Held]:
        """The contact's enrollments that wait for one of these events, of those that are held."""
        return [e for e in self.held if e.contact_id == self.found.contact_id and not e.awaits.isdisjoint(events)]

    # --- its event -------------------------------------------------------------------------------------

    def row(self, node_id: str | None) -> dict[str, object]:
        """The columns of the stored event."""
        report, found = self.report, self.found
        return {
            "id": self.event_id,
            "provider": report.provider,
            "provider_event_id": report.provider_event_id,
            "type": report.type,
            "channel": report.channel,
            "contact_id": found.contact_id,
            "enrollment_id": found.enrollment_id,
            "node_id": node_id,
            "job_id": found.job_id,
            "matched_by": found.by,
            "machine": isinstance(report, StatusReport) and report.machine,
            "payload": report.model_dump(mode="json"),
            "occurred_at": report.at,
            "now": self.now,
        }

    async def known(self, event_id: UUID | None = None) -> Received:
        """How an event that came before was attributed, and what workflows still have not heard of it.

        `event_id`: where it came under another id.
        """
        id_ = event_id or self.event_id
        row = await _sql.read_event(self.tx, id=id_)
        open_signals = await signals.of_event(self.tx, id_)
        return Received(id_, duplicate=True, type=self.report.type, **row, signals=tuple(open_signals))

    # --- its effects -----------------------------------------------------------------------------------

    def spare_contact(self) -> None:
        """Let no rule stop the contact's own enrollments."""
        self._spared |= {e.id for e in self.held if e.contact_id == self.found.contact_id}

    async def branch(self, enrollment_ids: Sequence[UUID], *events: str) -> None:
        """Note on each wait for one of these events that it has happened: what is awaited is a branch, and no stop."""
        waiting = [id_ for id_ in enrollment_ids if id_ not in self._spared and id_ not in self._ended]
        met = await waits.note_event(self.tx, self.event_id, waiting, events, self.now)
        self._spared |= {signal.enrollment_id for signal in met}
        self._signals += met

    async def stop(self, *rules: StopRule) -> None:
        """Stop what the rules stop, one rule after the other; what one has stopped gets no other."""
        contact_id = self.found.contact_id
        for rule in rules:
            self.rest = self.rest or stops.left_over(self.held, rule, self.report.channel, self.addresses, contact_id)
            stopped = await stops.apply(
                self.tx, self.event_id, self._left(), rule, contact_id, at=self.report.at, now=self.now
            )
            self._ended += stopped.ended
            self._signals += stopped.told
        self._going_on = tuple(e.id for e in self._left() if e.goes_on(contact_id))

    def _left(self) -> list[Held]:
        return [e for e in self.held if e.id not in self._spared and e.id not in self._ended]

    async def suppress(self, reason: SuppressionReason) -> None:
        """Bar its addresses."""
        at, now, event_id = self.report.at, self.now, self.event_id
        for one in self.addresses:
            await suppressions.suppress(self.tx, self.report.channel, one, reason, at=at, now=now, event_id=event_id)

    async def lift(self) -> None:
        """Take back the opt-outs of its addresses."""
        at, now, event_id = self.report.at, self.now, self.event_id
        for one in self.addresses:
            await suppressions.lift(self.tx, self.report.channel, one, at=at, now=now, event_id=event_id)

    async def reach_goals(self, goals: Sequence[ExitGoal]) -> None:
        """End those whose goal holds now that it is stored, of what it has not stopped."""
        left = [goal for goal in goals if goal.enrollment_id not in self._ended]
        reached = await waits.end_at_goal(self.tx, self.event_id, left, self.now)
        self._ended += [signal.enrollment_id for signal in reached]
        self._signals += reached

    async def settle_doubt(self) -> None:
        """Let the workflow settle a message that is proven to have gone out, and go on.

        Nobody goes on with an enrollment that has ended, so there it is settled here. Whoever holds the enrollment at
        this moment finds what was heard when he comes to the message; to wait for him with the message held would be
        to wait in a circle.
        """
        found = self.found
        if not found.unsettled or found.enrollment_id is None or found.job_id is None:
            return
        if await stops.hold_if_free(self.tx, found.enrollment_id):
            await ledger.settle_late(self.tx, found.job_id, self.now)
        else:
            self._signals += await signals.leave(self.tx, self.event_id, "nudge", [found.enrollment_id], now=self.now)

    def received(self, node_id: str | None, *, step_number: int = 0, kind: MessageKind | None = None) -> Received:
        """What became of it."""
        return Received(
            event_id=self.event_id,
            duplicate=False,
            type=self.report.type,
            contact_id=self.found.contact_id,
            enrollment_id=self.found.enrollment_id,
            node_id=node_id,
            step_number=step_number,
            kind=kind,
            stopped=tuple(self._ended),
            going_on=self._going_on,
            signals=tuple(self._signals),
            rest=self.rest,
        )
