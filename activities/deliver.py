"""Execute a node; deliver one message: claim it, hand it to a provider, settle it with what comes next.

Two transactions around one hand-over. The first makes the claim durable, so that a crash leaves a job that
says `sending`. The second holds the enrollment's row lock from a last look until the outcome is recorded:
whoever stops the enrollment (a reply, an opt-out) takes the same lock, so its commit comes either before the
last look, and nothing is sent, or after the hand-over. No message follows a committed stop.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol
from uuid import UUID

import asyncpg
import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from activities.arrive import arrive
from activities.clock import Clock, heartbeats
from activities.enrolling import Desk, Launch
from activities.judge import HOLDS, SEQUENCE_RECHECK, Go, Hold, Over, Skip, judge
from activities.settle import Settlement
from activities.versions import Versions
from content.compose import Composer
from content.liquid import rendered
from content.webhook import compose_webhook
from domain.enrollment import EnrollmentInput, EnrollmentStatus, ExecuteInput, Gate, StepResult
from domain.errors import (
    AmbiguousError,
    ConfigurationError,
    ContentError,
    NotReady,
    PermanentError,
    SendError,
    TransientError,
)
from domain.messages import Absent, JobState, Lookup, OutgoingMessage, Receipt, Unknown
from domain.plan import Outgoing, WebhookNode
from providers.base import Provider
from providers.registry import Registry
from scheduling.itinerary import Whereabouts
from store import enrollments, ledger
from store.ledger import Claim
from store.pool import Database, Session
from store.sequences import Version

log = structlog.get_logger(__name__)

_ASK_AGAIN = timedelta(seconds=20)


class Starter(Protocol):
    """What an `enroll` action asks of Temporal; the composition root provides it."""

    async def start(self, enrollment: EnrollmentInput, contact_id: UUID, version: int) -> None:
        """Start an enrollment's workflow unless one runs or ran."""
        ...


class Deliveries:
    """The activity, with what it needs from outside."""

    def __init__(
        self, database: Database, providers: Registry, composer: Composer, versions: Versions, runs: Starter
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
            async with self.database.session(order.tenant_id) as session:
                return await _Delivery(self, session, order).run()


@dataclass(frozen=True)
class _Claimed:
    """A claim that was made: what to send, by whom, and how to settle it."""

    message: OutgoingMessage
    provider: Provider
    settlement: Settlement


class _Delivery:
    """One attempt."""

    def __init__(self, parts: Deliveries, session: Session, order: ExecuteInput) -> None:
        self._parts = parts
        self._session = session
        self._order = order
        self._clock = Clock()
        self._desk = Desk(order.tenant_id, parts.versions, parts.providers.must_carry)

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
        async with self._session.transaction() as tx:
            await enrollments.mark_started(tx, [launch.start.enrollment_id], self._clock.now())

    async def _run(self) -> StepResult:
        async with self._session.transaction(lock_enrollment=self._order.enrollment_id) as tx:
            claimed = await self._reach(tx)
        if isinstance(claimed, StepResult):
            return claimed
        async with self._session.transaction(lock_enrollment=self._order.enrollment_id) as tx:
            return await self._hand_over(tx, claimed)

    # --- claim ---------------------------------------------------------------------------------------

    async def _reach(self, tx: asyncpg.Connection) -> _Claimed | StepResult:
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

    async def _claim(self, tx: asyncpg.Connection, claim: Claim) -> _Claimed | StepResult:
        order = self._order
        version = await self._parts.versions.get(tx, claim.version_id)
        node = version.plan.nodes[order.node_id]
        if not isinstance(node, Outgoing):
            raise ApplicationError(f"node {order.node_id} sends no message", non_retryable=True)
        where = Whereabouts(claim.contact.zones, claim.tenant_zone, order.enrollment_id, claim.holidays)
        if order.instruction == "send_now" and claim.not_before is not None:
            # The operator knows better than an automatic answer.
            await enrollments.come_back(tx, order.enrollment_id)
            claim = replace(claim, not_before=None)
        settlement = Settlement(tx, order, claim, version, node, where, self._clock, self._desk)

        match claim.state:
            case JobState.SENT | JobState.FAILED | JobState.CANCELLED if claim.stands_at(order.visit):
                # Moved to a version that comes to it again: nobody gets it twice.
                return await settlement.passed_over()
            case JobState.SENT | JobState.FAILED | JobState.CANCELLED:
                # An earlier attempt settled it and died before it could say so.
                return settlement.recorded()
            case _ if claim.heard_of:
                return await settlement.heard_of()
            case JobState.SENDING:
                if (settled := await self._reconcile(claim, settlement)) is not None:
                    return settled
            case JobState.AMBIGUOUS if order.instruction == "assume_sent" and claim.ending is None:
                return await settlement.sent(None)
            case JobState.AMBIGUOUS if order.instruction is None and claim.ending is None:
                return settlement.held(Gate.AMBIGUOUS, None)
            case _:
                pass

        waits = claim.state is JobState.PENDING and claim.ending is None and claim.status is not EnrollmentStatus.PAUSED
        if waits and (ended := await settlement.goal()) is not None:
            return ended
        match judge(claim, version.plan, node, where, self._clock.now()):
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
    ) -> _Claimed | StepResult:
        try:
            provider = self._parts.providers.for_channel(node.channel)
            message = await self._message(claim, version, node)
        except NotReady as error:
            return await settlement.misconfigured(ConfigurationError(provider="touchline", message=str(error)))
        except ContentError as error:
            return await settlement.unrenderable(error)
        await ledger.begin_sending(tx, self._order.visit, message, provider.name, self._clock.now())
        return _Claimed(message, provider, settlement)

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

    async def _hand_over(self, tx: asyncpg.Connection, claimed: _Claimed) -> StepResult:
        settlement = claimed.settlement.within(tx)
        clear = await ledger.still_clear(tx, self._order.enrollment_id, claimed.message.job_id)
        if clear.ending is not None:
            return await settlement.overtaken(clear.ending)
        if clear.suppressed:
            return await settlement.skipped("suppressed")
        if clear.status is EnrollmentStatus.PAUSED:
            return await settlement.hold(Gate.ENROLLMENT_PAUSED, None)
        attempted_at = self._clock.now()
        if clear.sequence_status in HOLDS:
            return await settlement.hold(Gate.SEQUENCE_PAUSED, attempted_at + SEQUENCE_RECHECK)
        if (held := settlement.held_back(attempted_at, clear.not_before)) is not None:
            return await settlement.hold(*held)
        try:
            receipt = await claimed.provider.send(claimed.message)
        except PermanentError as error:
            return await settlement.refused(error)
        except TransientError as error:
            return await settlement.retry(error)
        except ConfigurationError as error:
            return await settlement.misconfigured(error)
        except AmbiguousError as error:
            lookup = await _look_up(claimed.provider, claimed.message, attempted_at)
            return await self._conclude(settlement, lookup, error, attempted_at)
        return await settlement.sent(receipt)

    # --- find out what became of an earlier hand-over ---------------------------------------------------

    async def _reconcile(self, claim: Claim, settlement: Settlement) -> StepResult | None:
        """Settle a job that an earlier attempt left `sending`; None: it certainly never left, go on."""
        if claim.claimed_at is None or claim.provider is None:
            raise LookupError(f"job {claim.job_id} is sending but was never claimed")
        error = AmbiguousError(
            provider=claim.provider, message="the worker ended during the hand-over", code="worker_lost"
        )
        lookup = await self._ask_provider(claim)
        log.info("reconciled", job=str(claim.job_id), outcome=type(lookup).__name__)
        if isinstance(lookup, Absent):
            if claim.ending is not None:
                return await settlement.overtaken(claim.ending)
            await settlement.release()
            return None
        return await self._conclude(settlement, lookup, error, claim.claimed_at)

    async def _ask_provider(self, claim: Claim) -> Lookup:
        try:
            provider = self._parts.providers.for_channel(claim.channel)
        except NotReady as error:
            return Unknown(reason=str(error))
        if provider.name != claim.provider or claim.claimed_at is None:
            return Unknown(reason=f"provider {claim.provider} is no longer the one for {claim.channel}")
        return await _look_up(provider, claim.message(self._order.tenant_id), claim.claimed_at)

    async def _conclude(
        self, settlement: Settlement, lookup: Lookup, error: SendError, attempted_at: datetime
    ) -> StepResult:
        match lookup:
            case Receipt():
                return await settlement.sent(lookup)
            case Absent():
                return await settlement.retry(
                    TransientError(provider=error.provider, message=error.message, code=error.code)
                )
            case Unknown():
                return await settlement.in_doubt(error, lookup, attempted_at)


async def _look_up(provider: Provider, message: OutgoingMessage, attempted_at: datetime) -> Lookup:
    try:
        return await provider.lookup(message, attempted_at)
    except SendError as error:
        return Unknown(reason=str(error), ask_again_after=_ASK_AGAIN)
