"""Settle an attempt: one method per outcome, each a few writes in the caller's transaction.

Whatever the outcome, what comes next is decided and recorded here, in the same transaction, and returned:
a message is never recorded as sent without its successor being scheduled.
"""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

import asyncpg
import structlog

from activities.clock import Clock
from activities.enrollments import Enroller
from activities.walk import Verdict, Walk
from content.spellings import spellings
from content.webhook import kept_of
from domain.enrollment import GOAL, Ending, EnrollmentStatus, ExecuteInput, Gate, StepResult, Upcoming
from domain.errors import (
    ConfigurationError,
    ContentError,
    OutsideHoursError,
    PermanentError,
    SenderRefusedError,
    SendError,
    TransientError,
)
from domain.messages import JobState, Receipt, Unknown
from domain.plan import DelayNode, ExitNode, MessageNode, Node, Outgoing, Plan
from domain.schedule import UntilField, Window
from scheduling.itinerary import LocalTime, may_go, next_stop, stop_at
from scheduling.window import NoAllowedInstant, next_allowed
from store.enrollments import actions, date_waits, ledger, steps
from store.enrollments.enrollments import Visited
from store.enrollments.ledger import Claim, ErrorClass
from store.enrollments.scope import Scope
from store.gates.suppressions import SuppressionReason, suppress
from store.pool import LOST, savepoint
from store.sequences import brake
from store.sequences.sequences import Version

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 10
"""Hand-overs that certainly failed before the message is given up: about five hours of back-off."""

MAX_RESENDS = 3
"""Under `on_ambiguous: resend`, after this many hand-overs in doubt a person decides."""

RECONCILE_FOR = timedelta(minutes=5)
"""How long a provider that can be asked is asked before the policy for ambiguous messages applies."""

_ANSWER_KEPT = 4000
"""Characters of a webhook's answer that the step's record keeps."""

_FIRST_BACKOFF = timedelta(seconds=15)
_LONGEST_BACKOFF = timedelta(hours=1)

_DAYTIME = Window(opens=time(8), closes=time(21))
"""Local hours in which nobody refuses a text for the hour (47 CFR 64.1200(c)(1))."""


def backoff(attempts: int, retry_after: timedelta | None) -> timedelta:
    """Doubling from 15 s to an hour; a provider's own Retry-After wins when it is longer."""
    doubled = min(_FIRST_BACKOFF * (1 << min(max(attempts - 1, 0), 12)), _LONGEST_BACKOFF)
    return max(doubled, retry_after or timedelta())


@dataclass(frozen=True)
class Settlement:
    """One claimed (or unclaimable) message, and everything that is needed to record its outcome."""

    tx: asyncpg.Connection
    order: ExecuteInput
    claim: Claim
    version: Version
    node: Outgoing
    clock: Clock
    desk: Enroller
    attempts: int = 0
    """Hand-overs so far, the present one included."""

    @property
    def plan(self) -> Plan:
        """What the workflow interprets."""
        return self.version.plan

    @property
    def scope(self) -> Scope:
        """How the enrollment stands."""
        return self.claim.scope

    @property
    def ending(self) -> Ending | None:
        """How the enrollment ended; None while it lives."""
        return self.scope.ending

    @property
    def where(self) -> LocalTime:
        """What local time means for the enrollment."""
        return self.scope.where

    def after(self, tx: asyncpg.Connection, scope: Scope) -> "Settlement":
        """Settle after the hand-over, with what has happened meanwhile."""
        claim = replace(self.claim, scope=scope)
        return replace(self, tx=tx, claim=claim, attempts=self.claim.attempts + 1)

    def recorded(self) -> StepResult:
        """Nothing to do: what the database says is the answer."""
        if self.ending is not None:
            return StepResult(verdict="ended", ended=self.ending)
        return StepResult(verdict="deferred", next=self.scope.next)

    def held(self, gate: Gate, until: datetime | None) -> StepResult:
        """It is held already, and so recorded."""
        due = self.clock.now() if gate in (Gate.WINDOW, Gate.POSTPONED) else None
        upcoming = Upcoming(node_id=self.node.id, at=until, gate=gate, due=due, lap=self.order.lap)
        return StepResult(verdict="deferred", next=upcoming)

    def held_back(self, now: datetime, not_before: datetime | None) -> tuple[Gate, datetime | None] | None:
        """What came between since the claim, and until when; None: nothing."""
        away = not_before is not None and not_before > now
        if not away and may_go(self.plan, self.node, now, self.where):
            return None
        stop = stop_at(self.plan, self.node, now, self.where, not_before=not_before)
        return (stop.gate, stop.at) if stop.gate else None

    # --- it went out -----------------------------------------------------------------------------------

    async def sent(self, receipt: Receipt | None) -> StepResult:
        """A provider took it over; without a receipt, policy or an operator says so."""
        now = self.clock.now()
        result: dict[str, Any] = {"assumed": True}
        if receipt is not None:
            result = {"provider_message_id": receipt.provider_message_id}
            if receipt.answer is not None:
                result |= {"detail": receipt.detail, "answer": receipt.answer[:_ANSWER_KEPT]}
                await self._save(receipt.answer, now)
        await ledger.settle_sent(self.tx, self.order.visit, receipt, sent_at=now, result=result)
        log.info("sent", channel=self.node.channel, attempts=self.attempts)
        return await self._go_on("sent", now, sent=self.node)

    async def _save(self, answer: str, now: datetime) -> None:
        """What the step keeps of a webhook's answer belongs to the contact."""
        if kept := kept_of(answer, self.version.contents[self.node.id]):
            contact = self.claim.contact.id
            await actions.set_attributes(self.tx, contact, kept, now)
            await date_waits.changed(self.tx, [contact], now, but=self.order.enrollment_id)

    async def heard_of(self) -> StepResult:
        """A report of it proves that an earlier hand-over succeeded, whatever is held or said meanwhile."""
        now = self.clock.now()
        sent_at = await ledger.settle_late(self.tx, self.claim.job_id, now)
        log.info("sent", channel=self.node.channel, by="report")
        return await self._go_on("sent", now, since=sent_at, sent=self.node)

    # --- it never will ---------------------------------------------------------------------------------

    async def skipped(self, reason: str) -> StepResult:
        """It must not be sent; the enrollment goes on without it."""
        now = self.clock.now()
        await steps.end_waits(self.tx, self.order.visit, now)
        await ledger.settle_skipped(self.tx, self.order.visit, reason, now=now)
        log.info("skipped", reason=reason)
        return await self._go_on("skipped", now)

    async def passed_over(self) -> StepResult:
        """It was settled on an earlier visit; the enrollment goes on."""
        return await self._go_on("skipped", self.clock.now())

    async def overtaken(self, ending: Ending) -> StepResult:
        """The enrollment ended after the claim, and the message certainly did not leave."""
        reason = ending.reason or ending.status
        await ledger.settle_skipped(self.tx, self.order.visit, reason, now=self.clock.now())
        return StepResult(verdict="ended", ended=ending)

    async def refused(self, error: PermanentError) -> StepResult:
        """The provider says never; what it says about the address holds for every sequence."""
        now = self.clock.now()
        await self._fail(str(error), "permanent", error.code, now, bounced=error.effect == "bounced")
        if error.effect != "none" and self.claim.address is not None:
            reason: SuppressionReason = "bounced" if error.effect == "bounced" else "unsubscribed"
            contact, address = self.claim.contact, self.claim.address
            await suppress(self.tx, self.node.channel, address, reason, at=now, now=now, contact_id=contact.id)
            event = {"bounced": "bounce", "opted_out": "unsubscribe"}[error.effect]
            # Frozen with the claim: the contact may have got another meanwhile, which is not dead.
            is_old = event == "bounce" and contact.address_for(self.node.channel) not in (None, *spellings(address))
            if event in self.plan.settings.stop_on and self.ending is None and not is_old:
                ending = Ending(status=EnrollmentStatus.STOPPED, reason=reason)
                return await self._after_failure(await self._end(ending, now))
        if error.passing:
            return await self._after_failure(await self._go_on("failed", now))
        return await self._go_on_after_failure(str(error), now, kind=f"permanent ({error.source})")

    async def unrenderable(self, error: ContentError) -> StepResult:
        """The message has no text for this contact."""
        now = self.clock.now()
        await steps.end_waits(self.tx, self.order.visit, now)
        await self._fail(str(error), "content", None, now)
        return await self._go_on_after_failure(str(error), now)

    # --- not yet ---------------------------------------------------------------------------------------

    async def release(self, *, handed_over: bool) -> None:
        """It certainly did not leave; the job waits again, with the same bytes.

        `handed_over`: an attempt was made at it, and counts.
        """
        await ledger.release(self.tx, self.claim.job_id, handed_over=handed_over)

    async def put_off(self, after: timedelta = _FIRST_BACKOFF) -> StepResult:
        """It could not even be handed over: no line came free, or the database fell silent. That is no attempt."""
        until = self.clock.now() + after
        await self._hold(JobState.PENDING, Gate.PROVIDER_RETRY, until)
        log.warning("put_off", channel=self.node.channel, until=until.isoformat())
        return self.held(Gate.PROVIDER_RETRY, until)

    async def under_way(self, until: datetime) -> StepResult:
        """Another process may still be handing it over: nothing is decided before that is over."""
        await self._hold(JobState.SENDING, Gate.RECONCILE, until)
        return self.recorded() if self.ending is not None else self.held(Gate.RECONCILE, until)

    async def hold(self, gate: Gate, until: datetime | None) -> StepResult:
        """A gate holds it back before any hand-over."""
        await self._hold(JobState.PENDING, gate, until)
        return self.held(gate, until)

    async def retry(self, error: TransientError) -> StepResult:
        """Certainly not sent; later perhaps. After MAX_ATTEMPTS, never."""
        if self.ending is not None:
            return await self.overtaken(self.ending)
        now = self.clock.now()
        attempts = max(self.attempts, self.claim.attempts)
        if attempts >= MAX_ATTEMPTS:
            text = f"given up after {attempts} attempts: {error}"
            await self._fail(text, "transient", error.code, now)
            return await self._go_on_after_failure(text, now, kind=f"transient ({error.source})")
        until = now + backoff(attempts, error.retry_after)
        if isinstance(error, OutsideHoursError):
            until = max(until, self._daytime(now))
        await self._hold(JobState.PENDING, Gate.PROVIDER_RETRY, until, error, "transient")
        log.warning("send_retried", error=str(error), attempts=attempts, until=until.isoformat())
        return self.held(Gate.PROVIDER_RETRY, until)

    def _daytime(self, now: datetime) -> datetime:
        """The next hour (UTC) that is allowed in every zone that the contact may be in; an hour on, where it is day."""
        zones, home = self.where.contact_zones, self.where.tenant_zone
        opening = next_allowed(now, _DAYTIME, contact_zones=zones, tenant_zone=home)
        return opening if opening > now else now + _LONGEST_BACKOFF

    async def misconfigured(self, error: ConfigurationError) -> StepResult:
        """Every contact would fail like this: hold them all, this one included, until a person has acted.

        Without a brake one receiver's refusal of us is a failure of this message.
        """
        if isinstance(error, SenderRefusedError) and self.plan.settings.brake is None:
            return await self.refused(PermanentError(error.provider, error.message, error.code, error.status))
        now = self.clock.now()
        reason = f"paused by itself, nothing could be sent: {error}"
        is_paused = await ledger.pause_sequence(self.tx, self.scope.sequence_id, reason)
        if self.ending is not None:
            return await self.overtaken(self.ending)
        if not is_paused:
            # To wait for whoever enrolls people in it, with this enrollment held, might be to wait in a circle.
            until = now + _FIRST_BACKOFF
            await self._hold(JobState.PENDING, Gate.PROVIDER_RETRY, until, error, "configuration")
            return self.held(Gate.PROVIDER_RETRY, until)
        until = now + timedelta(hours=1)
        await self._hold(JobState.PENDING, Gate.SEQUENCE_PAUSED, until, error, "configuration")
        log.error("sequence_paused", sequence=self.claim.sequence_key, error=str(error))
        return self.held(Gate.SEQUENCE_PAUSED, until)

    async def in_doubt(self, error: SendError, unknown: Unknown, attempted_at: datetime) -> StepResult:
        """Nobody knows whether it went out: ask again while that helps, then the sequence's policy decides."""
        now = self.clock.now()
        if unknown.ask_again_after is not None and now - attempted_at < RECONCILE_FOR:
            until = now + unknown.ask_again_after
            await self._hold(JobState.SENDING, Gate.RECONCILE, until, error, "ambiguous")
            return self.recorded() if self.ending is not None else self.held(Gate.RECONCILE, until)
        policy = self.plan.settings.on_ambiguous or self.claim.on_ambiguous
        attempts = max(self.attempts, self.claim.attempts)
        log.warning("send_ambiguous", error=str(error), policy=policy, reason=unknown.reason)
        if self.ending is None:
            if policy == "assume_sent":
                return await self.sent(None)
            if policy == "resend" and attempts < MAX_RESENDS:
                until = now + backoff(attempts, None)
                await self._hold(JobState.PENDING, Gate.PROVIDER_RETRY, until, error, "ambiguous")
                return self.held(Gate.PROVIDER_RETRY, until)
        # Whoever decides is told why nobody knows.
        doubt = replace(error, message=f"{error.message}; {unknown.reason}")
        await self._hold(JobState.AMBIGUOUS, Gate.AMBIGUOUS, None, doubt, "ambiguous")
        if self.ending is not None:
            return self.recorded()
        return self.held(Gate.AMBIGUOUS, None)

    # --- mechanics -------------------------------------------------------------------------------------

    async def _hold(
        self,
        state: JobState,
        gate: Gate,
        until: datetime | None,
        error: SendError | None = None,
        error_class: ErrorClass | None = None,
    ) -> None:
        await ledger.hold(
            self.tx,
            self.order.visit,
            state=state,
            gate=gate,
            until=until,
            now=self.clock.now(),
            error=str(error) if error else None,
            error_class=error_class,
            error_code=error.code if error else None,
        )

    async def _fail(
        self, text: str, error_class: ErrorClass, code: str | None, now: datetime, *, bounced: bool = False
    ) -> None:
        await ledger.settle_failed(
            self.tx,
            self.order.visit,
            error=text,
            error_class=error_class,
            error_code=code,
            bounced=bounced,
            now=now,
        )
        log.warning("send_failed", error=text, error_class=error_class, code=code)

    async def _go_on_after_failure(self, text: str, now: datetime, *, kind: str | None = None) -> StepResult:
        """`kind`: what may be said of it outside of the database, where the text has a provider's words."""
        if self.ending is not None or self.plan.failure_policy_of(self.node) == "continue":
            return await self._after_failure(await self._go_on("failed", now))
        ending = Ending(status=EnrollmentStatus.FAILED, reason=f"{self.node.id}: {kind or text}")
        return await self._after_failure(await self._end(ending, now, error=f"{self.node.id}: {text}"))

    async def _after_failure(self, result: StepResult) -> StepResult:
        """One failure too many holds everybody else; what becomes of this enrollment is settled by then."""
        await brake.after_failure(self.tx, self.scope.sequence_id, self.node.channel, self.plan.settings.brake)
        return result

    async def _go_on(
        self, verdict: Verdict, now: datetime, *, since: datetime | None = None, sent: Outgoing | None = None
    ) -> StepResult:
        """The author's waits count from `since` (UTC), which is now unless it came to light later."""
        if self.ending is not None:
            return self.recorded()
        # An answer answers what the contact got.
        visited = Visited(sent, self.order.lap) if isinstance(sent, MessageNode) else None
        start = self.plan.nodes[self.node.next]
        if self.plan.settings.goal is None and self._only_waits(start, since or now):
            return await self._walk(now).go_on(start.id, since or now, verdict=verdict, sent=visited)
        launches = len(self.desk.launches)
        try:
            async with savepoint(self.tx):
                return await self._walk(now).go_on(start.id, since or now, verdict=verdict, sent=visited)
        except LOST:
            raise
        except Exception as error:
            # What was handed over must be recorded, whatever is wrong with what follows: that is tried by itself.
            del self.desk.launches[launches:]
            log.exception("walk_put_off", node=start.id, error=str(error))
            return await self._walk(now).stay(start, since or now, verdict=verdict, sent=visited)

    def _only_waits(self, start: Node, since: datetime) -> bool:
        """Nothing is done before the next wake-up, so nothing can fail."""
        if isinstance(start, Outgoing | ExitNode):
            return True
        if not isinstance(start, DelayNode) or isinstance(start.delay, UntilField):
            return False
        try:
            stop = next_stop(
                self.plan, start.id, since, self.where, not_before=self.scope.not_before, lap=self.order.lap
            )
        except NoAllowedInstant:
            return False
        return any(wait.ends > since for wait in stop.waits)

    async def goal(self) -> StepResult | None:
        """The end, if the sequence's goal was reached before this message; None: go on."""
        walk = self._walk(self.clock.now())
        return await walk.end(GOAL) if await walk.is_at_goal() else None

    def _walk(self, now: datetime) -> Walk:
        return Walk(
            self.tx,
            self.order.visit,
            contact_id=self.claim.contact.id,
            version=self.version,
            where=self.where,
            desk=self.desk,
            now=now,
            not_before=self.scope.not_before,
        )

    async def _end(self, ending: Ending, now: datetime, *, error: str | None = None) -> StepResult:
        return await self._walk(now).end(ending, error=error)
