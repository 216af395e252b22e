"""Execute a node; deliver one message: claim it, hand it to a provider, settle it with what comes next.

A line to the provider is got first. Then the claim, in one transaction under the enrollment's lock: every gate, the
message frozen, `sending`. Then the hand-over, which holds nothing and looks once more immediately before the message
leaves: whoever has said no by then prevents it. Then the settlement, in one transaction under the lock, whatever has
happened meanwhile. What was under way when somebody said no is let go, and named by whoever recorded the no.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from uuid import UUID

import asyncpg
import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from activities.clock import Clock, heartbeats
from activities.enrollments import Enroller, Launch
from activities.gates import HOLDS, Go, Hold, Over, Skip, check_gates
from activities.hand_over import (
    LIMIT,
    MOST_REFUSALS,
    NEXT_LINE_S,
    Claimed,
    InDoubt,
    Left,
    Outcome,
    UnderWay,
    Word,
    conclude,
    find_out,
    uninterrupted,
    what_became,
)
from activities.runs import Runs
from activities.settle import Settlement
from activities.version_cache import Versions
from activities.wake_up import arrive
from content.compose import Composer
from content.liquid import rendered
from content.webhook import compose_webhook
from domain.enrollment import LIVE, EnrollmentStatus, ExecuteInput, Gate, StepResult
from domain.errors import (
    AmbiguousError,
    ConfigurationError,
    ContentError,
    NotCleared,
    NotReady,
    PermanentError,
    TransientError,
)
from domain.messages import Absent, JobState, OutgoingMessage, Receipt, Unknown
from domain.plan import Outgoing, WebhookNode
from providers.base import Later, Line, Soon
from providers.registry import Registry
from store.enrollments import enrollments, ledger
from store.enrollments.ledger import Claim
from store.last_look import Made
from store.pool import LOST, Database
from store.sequences.sequences import Version

log = structlog.get_logger(__name__)

_STILL_UNDER_WAY = timedelta(seconds=10)
"""When a message is looked at again that somebody else may still be handing over."""

_SETTLED_WITHIN_S = 20.0
"""How long a hand-over's outcome is kept for a database that is away; after that only the provider can tell it."""

_SETTLE_AGAIN_S = 0.5

_BRIEFLY_S = 0.25
"""For a line of the tenant's share, with nothing held but a place in the worker; slower receivers put it off."""


class Deliveries:
    """The activity, with what it needs from outside."""

    def __init__(
        self, database: Database, providers: Registry, composer: Composer, versions: Versions, runs: Runs
    ) -> None:
        self.database = database
        self.providers = providers
        self.composer = composer
        self.versions = versions
        self.runs = runs

    @activity.defn
    async def deliver(self, order: ExecuteInput) -> StepResult:
        """Execute one node and what follows at once, up to one message. Safe to repeat: the record is the answer."""
        with heartbeats():
            return await _Delivery(self, order).run()


@dataclass(frozen=True)
class _Wanted:
    """No line to its provider is free."""

    next_line: Callable[[], Awaitable[Line]]


@dataclass(frozen=True)
class _Busy:
    """The tenant has its share of the lines: one may be free in a moment, where receivers answer."""


@dataclass(frozen=True)
class _Claimed(Claimed):
    """A claim that was made, and how to settle it."""

    settlement: Settlement

    @property
    def number(self) -> int:
        """Which claim of the message it is."""
        return self.settlement.claim.claims + 1


class _Delivery:
    """One attempt."""

    def __init__(self, parts: Deliveries, order: ExecuteInput) -> None:
        self._parts = parts
        self._order = order
        self._clock = Clock()
        self._desk = Enroller(order.tenant_id, parts.versions, parts.providers.must_carry)
        self._line: Line | None = None
        self._has_waited = False
        self._refusals = 0
        self._word: Word | None = None

    async def run(self) -> StepResult:
        result = await self._run()
        for launch in self._desk.launches:
            await self._launch(launch)
        return result

    async def _launch(self, launch: Launch) -> None:
        """Start what an action has enrolled; what cannot be started now, the reconciler starts."""
        try:
            await self._parts.runs.start(launch.start, launch.contact_id, launch.version)
        except RPCError as error:
            log.warning("start_failed", enrollment=str(launch.start.enrollment_id), error=error.message)
            return
        await self._parts.database.repeat(lambda: self._mark_started(launch.start.enrollment_id))

    async def _mark_started(self, enrollment_id: UUID) -> None:
        async with self._parts.database.transaction(self._order.tenant_id) as tx:
            await enrollments.mark_started(tx, [enrollment_id], self._clock.now())

    async def _run(self) -> StepResult:
        try:
            while True:
                found = await self._parts.database.repeat(self._anew())
                match found:
                    case StepResult():
                        return found
                    case _Wanted(next_line):
                        await self._wait_for(next_line)
                    case _Busy():
                        self._has_waited = True
                        await asyncio.sleep(_BRIEFLY_S)
                    case Left():
                        self._word = await find_out(self._parts.providers, found)
                    case _Claimed():
                        if (settled := await uninterrupted(self._send(found))) is not None:
                            return settled
        finally:
            self._give_line_back()

    def _anew(self) -> Callable[[], Awaitable["_Found"]]:
        """One transaction, which begins where this attempt stands also when it is done anew."""
        order, line, launches = self._order, self._line, len(self._desk.launches)

        async def reach() -> "_Found":
            if self._line is not line:
                self._give_line_back()
            self._order, self._line = order, line
            del self._desk.launches[launches:]
            async with self._transaction() as tx:
                return await self._reach(tx)

        return reach

    def _transaction(self) -> AbstractAsyncContextManager[asyncpg.Connection]:
        return self._parts.database.transaction(self._order.tenant_id, lock_enrollment=self._order.enrollment_id)

    # --- a line to the provider ------------------------------------------------------------------------

    async def _wait_for(self, next_line: Callable[[], Awaitable[Line]]) -> None:
        """Hold nothing meanwhile: what is true of the message is asked when there is a line."""
        self._has_waited = True
        with suppress(TimeoutError):
            async with asyncio.timeout(NEXT_LINE_S):
                self._line = await next_line()

    def _give_line_back(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.release()

    # --- claim ---------------------------------------------------------------------------------------

    async def _reach(self, tx: asyncpg.Connection) -> "_Found":
        """Claim the message; where the node is none, walk to the next that is, and claim it if it may go at once."""
        claim = await ledger.read_claim(tx, self._order.visit)
        if claim is None:
            result = await arrive(tx, self._order, self._desk, self._clock)
            ahead = result.next
            if ahead is None or ahead.gate is not None or ahead.at is None or ahead.at > self._clock.now():
                return result
            self._order = self._order.model_copy(
                update={"node_id": ahead.node_id, "lap": ahead.lap, "instruction": None}
            )
            claim = await ledger.read_claim(tx, self._order.visit)
            if claim is None:
                return result
        return await self._claim(tx, claim)

    async def _claim(self, tx: asyncpg.Connection, claim: Claim) -> "_Found":
        order = self._order
        version = await self._parts.versions.get(tx, claim.scope.version_id)
        node = version.plan.nodes[order.node_id]
        if not isinstance(node, Outgoing):
            raise ApplicationError(f"node {order.node_id} sends no message", non_retryable=True)
        if order.instruction == "send_now" and claim.scope.not_before is not None:
            # The operator knows better than an automatic answer.
            await enrollments.clear_away(tx, order.enrollment_id)
            claim = replace(claim, scope=replace(claim.scope, not_before=None))
        settlement = Settlement(tx, order, claim, version, node, self._clock, self._desk)

        match claim.state:
            case JobState.SENT | JobState.FAILED | JobState.CANCELLED if claim.stands_at(order.visit):
                # Moved to a version that comes to it again: nobody gets it twice.
                return await settlement.passed_over()
            case JobState.SENT | JobState.FAILED | JobState.CANCELLED:
                # An earlier attempt settled it and died before it could say so.
                return settlement.recorded()
            case _ if claim.heard_of:
                # Whatever state it was left in: what was heard of it proves more than any question could.
                return await settlement.heard_of()
            case JobState.SENDING:
                left = self._left(claim)
                if self._word is None or self._word.which != left.which:
                    return left
                if (settled := await self._reconcile(tx, left, self._word, settlement)) is not None:
                    return settled
            case JobState.AMBIGUOUS if order.instruction == "assume_sent" and settlement.ending is None:
                return await settlement.sent(None)
            case JobState.AMBIGUOUS if order.instruction is None and settlement.ending is None:
                return settlement.held(Gate.AMBIGUOUS, None)
            case _:
                pass

        is_paused = claim.scope.status is EnrollmentStatus.PAUSED
        waits = claim.state is JobState.PENDING and settlement.ending is None and not is_paused
        if waits and (ended := await settlement.goal()) is not None:
            return ended
        match check_gates(claim, version.plan, node, self._clock.now()):
            case Over():
                return settlement.recorded()
            case Hold(gate, until):
                return await settlement.hold(gate, until)
            case Skip(reason):
                return await settlement.skipped(reason)
            case Go():
                return await self._freeze(tx, claim, version, node, settlement)

    async def _freeze(
        self, tx: asyncpg.Connection, claim: Claim, version: Version, node: Outgoing, settlement: Settlement
    ) -> "_Found":
        try:
            provider = self._parts.providers.for_channel(node.channel)
            if self._refusals == MOST_REFUSALS:
                return await settlement.put_off()
            if self._line is None:
                match provider.free_line(self._order.tenant_id):
                    case Soon(next_line):
                        return await settlement.put_off() if self._has_waited else _Wanted(next_line)
                    case Later(after):
                        return await settlement.put_off(after) if self._has_waited else _Busy()
                    case line:
                        self._line = line
            message = await self._message(claim, version, node)
        except NotReady as error:
            return await settlement.misconfigured(ConfigurationError(provider="touchline", message=str(error)))
        except ContentError as error:
            return await settlement.unrenderable(error)
        now = self._clock.now()
        ledger.begin_sending(tx, self._order.visit, message, provider.name, now)
        return _Claimed(provider, message, now, settlement)

    async def _message(self, claim: Claim, version: Version, node: Outgoing) -> OutgoingMessage:
        if claim.content is not None:
            return claim.message(self._order.tenant_id)
        if isinstance(node, WebhookNode):
            said = version.contents[node.id]
            now, visit = self._clock.now(), self._order.visit
            url, document = await rendered(
                partial(compose_webhook, node, visit, said, claim.contact, sequence=claim.sequence_key, now=now)
            )
            return OutgoingMessage(
                tenant_id=self._order.tenant_id,
                job_id=claim.job_id,
                to=url,
                content=document,
                allow=claim.webhook_allow,
            )
        if claim.address is None:
            raise LookupError("judged sendable without an address")
        compose = partial(
            self._parts.composer.compose,
            tenant_id=self._order.tenant_id,
            job_id=claim.job_id,
            node=node,
            templates=version.contents[node.id],
            contact=claim.contact,
            imprint=claim.imprint,
            sent_emails=claim.sent_emails,
            now=self._clock.now(),
        )
        content = await rendered(compose)
        return OutgoingMessage(tenant_id=self._order.tenant_id, job_id=claim.job_id, to=claim.address, content=content)

    # --- hand over -----------------------------------------------------------------------------------

    async def _send(self, claimed: _Claimed) -> StepResult | None:
        """Hand it over and settle it; None: it was not cleared, and the claim says what holds it."""
        line, self._line = self._line, None
        if line is None:
            raise LookupError("claimed without a line")
        look, settle = partial(self._look, claimed), partial(self._settle, claimed)
        settled = await conclude(self._parts.database.last_looks, claimed, line, look, settle)
        if not isinstance(settled, NotCleared):
            return settled
        log.info("not_cleared", reason=str(settled))
        self._refusals += 1
        self._word = Word(claimed.number, Absent(), own=True)
        return None

    async def _look(self, claimed: _Claimed) -> float:
        """Did anything end, bar or hold the message since its claim? Raises NotCleared; answers when it was asked."""
        looks = self._parts.database.last_looks
        found = await looks.at_message(self._order.tenant_id, claimed.message.job_id, claimed)
        now = self._clock.now()
        if found is None or (found.state, found.claims) != (JobState.SENDING, claimed.number):
            raise NotCleared("another attempt has it")
        if now - claimed.at > LIMIT / 2:
            raise NotCleared("its claim is too old")
        if found.status not in LIVE or found.status is EnrollmentStatus.PAUSED:
            raise NotCleared(found.status)
        if found.sequence_status in HOLDS:
            raise NotCleared(f"sequence {found.sequence_status}")
        if found.heard is not None:
            raise NotCleared("something came in")
        if found.suppressed:
            raise NotCleared("suppressed")
        if (held := claimed.settlement.held_back(now, found.not_before)) is not None:
            raise NotCleared(held[0])
        return found.asked

    # --- settle --------------------------------------------------------------------------------------

    async def _settle(self, claimed: _Claimed, outcome: Outcome) -> StepResult:
        """Record it, also through a short absence of the database: nobody else knows the outcome."""
        give_up = time.monotonic() + _SETTLED_WITHIN_S
        launches = len(self._desk.launches)

        async def settle() -> StepResult:
            del self._desk.launches[launches:]
            async with self._transaction() as tx:
                return await self._record(tx, claimed, outcome)

        while True:
            try:
                return await self._parts.database.repeat(settle)
            except LOST:
                if time.monotonic() > give_up:
                    raise
                log.warning("settled_later", job=str(claimed.message.job_id), outcome=type(outcome).__name__)
                await asyncio.sleep(_SETTLE_AGAIN_S)

    async def _record(self, tx: asyncpg.Connection, claimed: _Claimed, outcome: Outcome) -> StepResult:
        status = await ledger.read_status(tx, self._order.visit, claimed.settlement.scope)
        settlement = claimed.settlement.after(tx, status.scope)
        if (status.state, status.claims) != (JobState.SENDING, claimed.number):
            # Somebody else has settled it; what a provider said of it is a proof all the same.
            if isinstance(outcome, Receipt) and status.claims == claimed.number:
                await ledger.note_receipt(tx, claimed.message.job_id, outcome)
            return settlement.recorded()
        match outcome:
            case Receipt():
                return await settlement.sent(outcome)
            case PermanentError():
                return await settlement.refused(outcome)
            case TransientError():
                return await settlement.retry(outcome)
            case ConfigurationError():
                return await settlement.misconfigured(outcome)
            case InDoubt(error, unknown):
                return await settlement.in_doubt(error, unknown, claimed.at)

    # --- find out what became of an earlier hand-over ---------------------------------------------------

    def _left(self, claim: Claim) -> Left:
        if claim.claimed_at is None or claim.provider is None:
            raise LookupError(f"job {claim.job_id} is sending but was never claimed")
        made = Made(claim.claimed_at, claim.claimed_on)
        return Left(claim.claims, made, claim.channel, claim.provider, claim.message(self._order.tenant_id))

    async def _reconcile(
        self, tx: asyncpg.Connection, left: Left, word: Word, settlement: Settlement
    ) -> StepResult | None:
        """Settle a job that an attempt left `sending`; None: it certainly never left, go on."""
        job_id = left.message.job_id
        log.info("reconciled", job=str(job_id), outcome=type(word.lookup).__name__, own=word.own)
        now = self._clock.now()
        match await what_became(tx, job_id, left.made, word, now):
            case Receipt() as receipt:
                return await settlement.sent(receipt)
            case UnderWay():
                return await settlement.under_way(now + _STILL_UNDER_WAY)
            case Absent():
                if settlement.ending is not None:
                    return await settlement.overtaken(settlement.ending)
                await settlement.release(handed_over=not word.own)
                return None
            case Unknown() as unknown:
                error = AmbiguousError(left.provider, "the worker ended during the hand-over", "worker_lost")
                return await settlement.in_doubt(error, unknown, left.made.at)


_Found = _Claimed | _Wanted | _Busy | Left | StepResult
"""What a claim comes to."""
