"""Which arm of a split may be called the winner, and how sure that is."""

from math import isclose

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from starter.analytics.splits import CONFIDENCE, ENOUGH, Measure, compare, newcombe
from store.analytics.splits import Arm

# Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10: the examples (a) to (h) at 95 %.
PUBLISHED = [
    ((56, 70), (48, 80), 0.0524, 0.3339),
    ((9, 10), (3, 10), 0.1705, 0.8090),
    ((6, 7), (2, 7), 0.0582, 0.8062),
    ((5, 56), (0, 29), -0.0381, 0.1926),
    ((0, 10), (0, 20), -0.1611, 0.2775),
    ((0, 10), (0, 10), -0.2775, 0.2775),
    ((10, 10), (0, 20), 0.6791, 1.0000),
    ((10, 10), (0, 10), 0.6075, 1.0000),
]


def arm(name: str, entered: int, answered: int = 0, **fields: int) -> Arm:
    given = {"opened": 0, "clicked": 0, "unsubscribed": 0, "reached_goal": 0, "last_version": 1, **fields}
    return Arm(arm=name, entered=entered, answered=answered, **given)


@pytest.mark.parametrize(("first", "second", "low", "high"), PUBLISHED)
def test_intervals_are_those_of_the_publication(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    """To the last published digit, extremes included."""
    found = newcombe(*first, *second, 0.95)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


counts = st.integers(1, 5000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@given(counts, counts)
def test_an_interval_holds_its_difference_and_turns_with_it(mine: tuple[int, int], theirs: tuple[int, int]) -> None:
    """Within -1 and 1, around the difference, mirrored when the arms change places, wider when it must be surer."""
    found, turned = newcombe(*mine, *theirs, 0.95), newcombe(*theirs, *mine, 0.95)
    assert -1 <= found.low <= found.difference <= found.high <= 1
    assert isclose(found.low, -turned.high, abs_tol=1e-12)
    surer = newcombe(*mine, *theirs, 0.99)
    assert surer.low <= found.low <= found.high <= surer.high


def test_a_clear_lead_wins() -> None:
    """Enough people in every arm, and no interval that reaches 0."""
    report = compare("ab", [arm("a", 200, 40), arm("b", 200, 12)], "answered")
    assert (report.leader, report.winner, report.verdict) == ("a", "a", "a wins by answers")
    leading, behind = report.arms
    assert leading.against_leader is None
    assert behind.against_leader is not None
    assert behind.against_leader["answered"] == newcombe(12, 200, 40, 200, CONFIDENCE)
    assert behind.rates["answered"] == 0.06


@pytest.mark.parametrize(
    ("arms", "missing"),
    [
        ([arm("a", ENOUGH - 1, 90), arm("b", 200)], f"not yet: a took 99 of the {ENOUGH} that it needs"),
        (
            [arm("a", 150, 15), arm("b", 150, 14)],
            "not yet: b may still be as good as a (by answers -7.6 to +6.2 points)",
        ),
        ([arm("a", 0), arm("b", 0)], "not yet: a took 0 of the 100 that it needs; b took 0 of the 100 that it needs"),
        ([arm("a", 500, 50)], "not yet: there is one arm, and nothing to compare it with"),
    ],
)
def test_what_is_missing_is_said(arms: list[Arm], missing: str) -> None:
    """No winner without enough people, or while the interval reaches 0."""
    report = compare("ab", arms, "answered")
    assert (report.winner, report.verdict) == (None, missing)


def test_more_arms_need_a_clearer_lead() -> None:
    """What is enough between two arms is not when the best of five is picked afterwards."""
    two = [arm("a", 400, 60), arm("b", 400, 40)]
    assert compare("ab", two, "answered").winner == "a"
    many = compare("ab", [*two, arm("c", 400), arm("d", 400), arm("e", 400)], "answered")
    assert many.winner is None
    assert many.verdict.startswith("not yet: b may still be as good as a")


def test_dropped_arms_are_shown_and_not_compared() -> None:
    """Nobody can be sent down an arm that the newest version has no more."""
    report = compare(
        "ab", [arm("a", 200, 40, last_version=2), arm("b", 200, 12, last_version=2), arm("old", 3)], "answered"
    )
    assert report.winner == "a"
    assert report.arms[2].against_leader is None
    assert report.arms[2].rates["answered"] == 0


@settings(max_examples=50)
@given(st.lists(counts, min_size=2, max_size=4), st.sampled_from(["answered", "reached_goal"]))
def test_a_winner_beats_every_other_arm(taken: list[tuple[int, int]], measure: Measure) -> None:
    """By the rule, and on enough people; counts alone decide, not their order."""
    arms = [arm(str(n), of, **{measure: count}) for n, (count, of) in enumerate(taken)]
    report = compare("ab", arms, measure)
    assume(report.winner is not None)
    assert all(one.entered >= ENOUGH for one in arms)
    others = [one for one in report.arms if one.arm != report.winner]
    assert all(one.against_leader and one.against_leader[measure].high < 0 for one in others)
    assert compare("ab", arms[::-1], measure).winner == report.winner
