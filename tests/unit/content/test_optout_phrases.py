"""Labelled messages, English and Spanish: how many opt-outs are found, and how many of those found are ones."""

from pathlib import Path

import pytest

from content.optout import OptOutKind, judge, training

_PHRASES = Path(__file__).parent / "optout_phrases"
_TOLD = Path(training.__file__).parent / "told"
"""What rules and scorer were made for."""
_MOST_DOUBTFUL = 0.03
_HELD_OUT = "held_out"
_ALL = "*"


def _phrases(label: str, which: str) -> list[str]:
    """The messages of one label: those in `en` and `es`, the `held_out` ones, or all (`*`)."""
    paths = sorted([*_PHRASES.glob(f"{label}.{which}.txt"), *_TOLD.glob(f"{label}.{which}.txt")])
    lines = [line for path in paths for line in path.read_text("utf-8").splitlines()]
    return [line.replace("\\n", "\n") for line in lines if line and not line.startswith("#")]


def _judged(phrases: list[str]) -> dict[OptOutKind, list[str]]:
    judged: dict[OptOutKind, list[str]] = {kind: [] for kind in OptOutKind}
    for phrase in phrases:
        judged[judge(phrase).kind].append(phrase)
    return judged


def _figures(which: str) -> tuple[float, float, str]:
    """Recall, precision, and the messages that were judged wrongly; a doubtful one counts as not found."""
    wishes, others = _phrases("opt_out", which), _phrases("not_opt_out", which)
    found, wrong = _judged(wishes)[OptOutKind.OPT_OUT], _judged(others)[OptOutKind.OPT_OUT]
    missed = [phrase for phrase in wishes if phrase not in found]
    recall, precision = len(found) / len(wishes), len(found) / (len(found) + len(wrong))
    report = f"recall {recall:.3f}, precision {precision:.3f}\nmissed: {missed}\nwrongly found: {wrong}"
    return recall, precision, report


def test_the_sets_are_large_enough() -> None:
    """Figures over fewer messages would mean little, and so would those over messages that the rules were made for."""
    for label in ("opt_out", "not_opt_out"):
        assert len(set(_phrases(label, _ALL))) >= 220
        assert len(set(_phrases(label, _HELD_OUT))) >= 60
    assert not set(_phrases("opt_out", _ALL)) & set(_phrases("not_opt_out", _ALL))


def test_opt_outs_are_found_and_others_are_not() -> None:
    """Over all labelled messages recall is at least 0.98 and precision at least 0.95."""
    recall, precision, report = _figures(_ALL)
    assert (recall >= 0.98, precision >= 0.95) == (True, True), report


def test_messages_that_the_rules_were_not_made_for_are_judged_nearly_as_well() -> None:
    """A rule set that only knows its own examples fails here."""
    recall, precision, report = _figures(_HELD_OUT)
    assert (recall >= 0.95, precision >= 0.95) == (True, True), report


@pytest.mark.parametrize("label", ["opt_out", "not_opt_out"])
def test_few_messages_are_left_to_a_person(label: str) -> None:
    """Doubt is no way out: at most 3 % of either set."""
    phrases = _phrases(label, _ALL)
    doubtful = _judged(phrases)[OptOutKind.DOUBTFUL]
    assert len(doubtful) / len(phrases) <= _MOST_DOUBTFUL, doubtful


@pytest.mark.parametrize("phrase", _phrases("doubtful", _ALL))
def test_what_a_reader_would_doubt_is_doubtful(phrase: str) -> None:
    """Neither stopped for good nor passed over: a person reads it."""
    assert judge(phrase).kind is OptOutKind.DOUBTFUL
