"""The A/B report: how the arms of a split compare, and when one of them may be called the winner.

Intervals are Newcombe's hybrid score ("method 10": Statistics in Medicine 17, 1998, 873-890): made of the Wilson
intervals of both rates, and good for small numbers and for rates near 0 and 1, where the textbook's normal one is not.
"""

import asyncio
from itertools import combinations
from math import hypot
from typing import Literal
from uuid import UUID

import asyncpg
from pydantic import ConfigDict, Field

from domain.base import Frozen
from store.analytics import splits
from store.analytics.splits import Arm

Measure = Literal["opened", "clicked", "answered", "unsubscribed", "reached_goal"]
MEASURES: tuple[Measure, ...] = ("opened", "clicked", "answered", "unsubscribed", "reached_goal")
CONFIDENCE = 0.95
"""Of all statements about one split together (Bonferroni: each pair of arms gets an equal share of the doubt)."""
ENOUGH = 100
"""Enrollments that every arm must have taken before one may win."""


class Difference(Frozen):
    """An arm's rate less that of the leading arm, and what it may be in truth."""

    difference: float
    low: float
    high: float


class ArmReport(Arm):
    """One arm, and how it compares."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    rates: dict[Measure, float | None]
    """Share of those who entered; null while nobody did."""
    against_leader: dict[Measure, Difference] | None
    """Null: it is the leading arm, one that newer versions dropped, or there is nothing to compare."""


class SplitReport(Frozen):
    """One split."""

    model_config = ConfigDict(
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [
                {
                    "split": "ab",
                    "measure": "answered",
                    "confidence": 0.95,
                    "leader": "short",
                    "winner": None,
                    "verdict": "not yet: long took 40 of the 100 that it needs",
                    "arms": [
                        {
                            "arm": "short",
                            "last_version": 1,
                            "entered": 120,
                            "opened": 60,
                            "clicked": 0,
                            "answered": 12,
                            "unsubscribed": 1,
                            "reached_goal": 0,
                            "rates": {"answered": 0.1},
                            "against_leader": None,
                        },
                        {
                            "arm": "long",
                            "last_version": 1,
                            "entered": 40,
                            "opened": 18,
                            "clicked": 0,
                            "answered": 3,
                            "unsubscribed": 0,
                            "reached_goal": 0,
                            "rates": {"answered": 0.075},
                            "against_leader": {"answered": {"difference": -0.025, "low": -0.105083, "high": 0.104867}},
                        },
                    ],
                }
            ]
        },
    )

    split: str
    """The step's id."""
    measure: Measure
    """What decides: the goal, where the newest version has one, else answers."""
    confidence: float = Field(default=CONFIDENCE)
    """That all intervals by which the arms are compared hold together."""
    leader: str | None
    """The arm with the highest rate, and the first of several; null while nobody entered."""
    winner: str | None
    """Named when every arm took enough contacts and no interval of the leader's lead reaches 0."""
    verdict: str
    """The outcome in words; where there is no winner, what is missing."""
    arms: list[ArmReport]
    """Those of the newest version in its order, then those that it has no more."""


async def split_report(tx: asyncpg.Connection, sequence_id: UUID) -> list[SplitReport]:
    """Every split that any version of the sequence has, in the order of the steps."""
    found = await splits.arms(tx, sequence_id)
    if not found:
        return []
    measure: Measure = "reached_goal" if await splits.has_goal(tx, sequence_id) else "answered"
    # In a thread: the library takes seconds to load.
    return await asyncio.to_thread(lambda: [compare(split, arms, measure) for split, arms in found.items()])


def compare(split: str, arms: list[Arm], measure: Measure) -> SplitReport:
    """Judge one split by these counts."""
    newest = max(arm.last_version for arm in arms)
    rivals = [arm for arm in arms if arm.last_version == newest]
    pairs = max(len(list(combinations(rivals, 2))), 1)
    confidence = 1 - (1 - CONFIDENCE) / pairs
    entered = [arm for arm in rivals if arm.entered]
    leader = max(entered, key=lambda arm: getattr(arm, measure) / arm.entered, default=None)

    def against(arm: Arm) -> dict[Measure, Difference] | None:
        if leader is None or arm is leader or arm not in entered:
            return None
        return {
            of: newcombe(getattr(arm, of), arm.entered, getattr(leader, of), leader.entered, confidence)
            for of in MEASURES
        }

    reports = [
        ArmReport(
            **arm.model_dump(),
            rates={of: getattr(arm, of) / arm.entered if arm.entered else None for of in MEASURES},
            against_leader=against(arm),
        )
        for arm in arms
    ]
    missing = _missing(rivals, leader, reports, measure)
    winner = leader.arm if leader is not None and not missing else None
    return SplitReport(
        split=split,
        measure=measure,
        leader=leader.arm if leader else None,
        winner=winner,
        verdict=f"not yet: {missing}" if missing else f"{winner} wins by {_WORDS[measure]}",
        arms=reports,
    )


def newcombe(count: int, of: int, other_count: int, of_other: int, confidence: float) -> Difference:
    """The first rate less the second, with its interval."""
    # Loaded by whoever compares: it takes longer than everything else that a worker or a command needs.
    from scipy.stats import binomtest

    rate, other = count / of, other_count / of_other
    mine = binomtest(count, of).proportion_ci(confidence, method="wilson")
    theirs = binomtest(other_count, of_other).proportion_ci(confidence, method="wilson")
    difference = rate - other
    return Difference(
        difference=difference,
        low=difference - hypot(rate - mine.low, theirs.high - other),
        high=difference + hypot(mine.high - rate, other - theirs.low),
    )


_WORDS: dict[Measure, str] = {
    "opened": "opens",
    "clicked": "clicks",
    "answered": "answers",
    "unsubscribed": "unsubscribes",
    "reached_goal": "goals reached",
}


def _missing(rivals: list[Arm], leader: Arm | None, reports: list[ArmReport], measure: Measure) -> str:
    """Why no arm may be called the winner; empty when one may."""
    if len(rivals) < 2:
        return "there is one arm, and nothing to compare it with"
    few = [f"{arm.arm} took {arm.entered} of the {ENOUGH} that it needs" for arm in rivals if arm.entered < ENOUGH]
    if few or leader is None:
        return "; ".join(few)
    close = [
        f"{arm.arm} may still be as good as {leader.arm}"
        f" (by {_WORDS[measure]} {_percent(lag.low)} to {_percent(lag.high)} points)"
        for arm in reports
        if arm.against_leader and (lag := arm.against_leader[measure]).high >= 0
    ]
    return "; ".join(close)


def _percent(share: float) -> str:
    """Signed, in points."""
    return f"{100 * share:+.1f}"
