"""Replies that neither rules nor training were made from, written by people who knew neither: how many are heard.

Both sets were learned from after they had first been judged, by kinds of wording; what the first look gave is in
docs/inbound.md. Here they guard against steps back.
"""

import json
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from content.optout import OptOutKind, judge, scorer
from content.optout.training import phrases

_SETS = Path(__file__).parent / "optout_heldout"


_SHARED = 3
"""Runs of five words."""


def _runs(text: str) -> list[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return list(zip(*(words[at:] for at in range(5)), strict=False))


class Figures(NamedTuple):
    """Shares: of the opt-outs those barred, and those barred or held; of the others those barred, and those held."""

    barred: float
    caught: float
    wrongly_barred: float
    wrongly_held: float


def _figures(name: str) -> tuple[Figures, str]:
    rows = [json.loads(line) for line in (_SETS / f"{name}.jsonl").read_text("utf-8").splitlines()]
    judged = [(row["label"], judge(row["text"]).kind, row["text"]) for row in rows]
    count = Counter((label, kind) for label, kind, _ in judged)
    wishes = sum(number for (label, _), number in count.items() if label == "optout")
    others = sum(number for (label, _), number in count.items() if label == "other")
    barred, held = count["optout", OptOutKind.OPT_OUT], count["optout", OptOutKind.DOUBTFUL]
    report = "\n".join(
        f"{label} {kind}: {text!r}"
        for label, kind, text in judged
        if (label == "optout") != (kind is OptOutKind.OPT_OUT)
    )
    return Figures(
        barred / wishes,
        (barred + held) / wishes,
        count["other", OptOutKind.OPT_OUT] / others,
        count["other", OptOutKind.DOUBTFUL] / others,
    ), report


@pytest.mark.parametrize(
    ("name", "least", "most"), [("a", (0.98, 0.99), (0.0, 0.04)), ("b", (0.93, 0.99), (0.006, 0.07))]
)
def test_opt_outs_are_heard_and_others_left_alone(
    name: str, least: tuple[float, float], most: tuple[float, float]
) -> None:
    """What was measured, and no less; the aims are 0.93 and 0.99 of the opt-outs, 0.01 and 0.10 of the others."""
    found, report = _figures(name)
    assert (found.barred >= least[0], found.caught >= least[1]) == (True, True), (found, report)
    assert (found.wrongly_barred <= most[0], found.wrongly_held <= most[1]) == (True, True), (found, report)


def test_the_sets_are_no_training() -> None:
    """Beyond turns that everybody uses, nothing of them stands in what the model was made from."""
    told = {run for message in phrases.labelled() for run in _runs(message.text)}
    for name in ("a", "b"):
        rows = [json.loads(line)["text"] for line in (_SETS / f"{name}.jsonl").read_text("utf-8").splitlines()]
        copied = [text for text in rows if sum(run in told for run in _runs(text)) > _SHARED]
        assert len(copied) <= 1, copied  # an objection in the law's own words


def test_the_weights_are_those_of_the_phrases() -> None:
    """Whoever changes a phrase makes the weights anew: `python -m content.optout.training`."""
    text = (Path(scorer.__file__).parent / scorer.WEIGHTS).read_text("utf-8")
    assert f"# phrases {phrases.digest()}," in text.splitlines()[2]
    assert len(text.encode()) < 300_000
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines == sorted(lines, key=lambda line: line.rsplit("\t", 1)[0])
