"""The gates: may this message go, now? A pure function of what was read under the enrollment's lock."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.enrollment import Ending, EnrollmentStatus, Gate
from domain.plan import MessageNode, Outgoing, Plan
from scheduling.itinerary import stop_at
from store.enrollments.ledger import Claim

REVIEW_RECHECK = timedelta(minutes=15)
"""A decision wakes nobody: what it lets go leaves soon after it."""
SEQUENCE_RECHECK = timedelta(hours=1)
"""A held sequence wakes its enrollments when it goes on; this is the net under that."""

_SOON, _LATER = timedelta(seconds=1), timedelta(seconds=30)
"""What came in has its effect within moments; what it may concern looks again when it has waited as long once more."""

HOLDS = ("draft", "paused")
"""A sequence of these statuses holds everybody where they are; an archived one lets them finish."""


@dataclass(frozen=True)
class Go:
    """Nothing holds it back."""


@dataclass(frozen=True)
class Hold:
    """Not now."""

    gate: Gate
    until: datetime | None


@dataclass(frozen=True)
class Skip:
    """Never; the enrollment goes on without it."""

    reason: str


@dataclass(frozen=True)
class Over:
    """The enrollment has ended meanwhile."""

    ending: Ending


Verdict = Go | Hold | Skip | Over


def check_gates(claim: Claim, plan: Plan, node: Outgoing, now: datetime) -> Verdict:
    """Every gate, in the order in which an operator would want to hear of it."""
    scope = claim.scope
    if scope.ending is not None:
        return Over(scope.ending)
    if scope.status is EnrollmentStatus.PAUSED:
        return Hold(Gate.ENROLLMENT_PAUSED, None)
    if scope.sequence_status in HOLDS:
        return Hold(Gate.SEQUENCE_PAUSED, now + SEQUENCE_RECHECK)
    if claim.heard is not None:
        return Hold(Gate.INBOX, now + min(max(now - claim.heard, _SOON), _LATER))
    if claim.sent_before:
        return Skip("sent before the retry")
    if claim.suppressed:
        return Skip("suppressed")
    if claim.suspected:
        return Hold(Gate.REVIEW, now + REVIEW_RECHECK)
    if claim.address is None and isinstance(node, MessageNode):
        return Skip(f"no address for {node.channel}")
    stop = stop_at(plan, node, now, scope.where, not_before=scope.not_before)
    return Hold(stop.gate, stop.at) if stop.gate else Go()
