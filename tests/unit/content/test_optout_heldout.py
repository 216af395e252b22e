"""Replies that neither rules nor training were made from, written by people who knew neither: how many are heard.

Both sets were learned from after they had first been judged, by kinds of wording; what the first look gave is in
docs/how-to/receive.md. Here they guard against steps back.
"""

import json
import re
from pathlib import Path

import pytest

from content.optout import scorer
from content.optout.training import figures, phrases
from content.optout.training.phrases import Labelled
from content.optout.verdict import explain

_SETS = Path(__file__).parent / "optout_heldout"


_SHARED = 3
"""Runs of five words."""


def _runs(text: str) -> list[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return list(zip(*(words[at:] for at in range(5)), strict=False))


def _set(name: str) -> list[Labelled]:
    return figures.read(_SETS / f"{name}.jsonl")


@pytest.mark.parametrize(
    ("name", "least", "most"), [("a", (0.99, 1.0), (0.0, 0.04)), ("b", (0.945, 1.0), (0.006, 0.06))]
)
def test_opt_outs_are_heard_and_others_left_alone(
    name: str, least: tuple[float, float], most: tuple[float, float]
) -> None:
    """What was measured, and no less; the aims are 0.93 and 0.99 of the opt-outs, 0.01 and 0.10 of the others."""
    found, report = figures.figures(_set(name))
    assert (found.barred >= least[0], found.caught >= least[1]) == (True, True), (found, report)
    assert (found.wrongly_barred <= most[0], found.wrongly_held <= most[1]) == (True, True), (found, report)


@pytest.mark.parametrize("language", phrases.LANGUAGES)
def test_replies_that_the_model_was_made_from_are_heard_in_each_language(language: str) -> None:
    """No language falls behind: what was told whole is held at least, and nobody is suppressed who asked for none."""
    told = [
        Labelled(text, opt_out)
        for label, opt_out in (("optout", True), ("other", False))
        for text in phrases.replies(language, label)
    ]
    found, report = figures.figures(told)
    assert len(told) >= 500
    assert (found.barred >= 0.85, found.caught >= 0.99) == (True, True), (found, report)
    assert (found.wrongly_barred <= 0.01, found.wrongly_held <= 0.06) == (True, True), (found, report)


@pytest.mark.parametrize(
    "text",
    ["Can we delete old contacts with your tool", "Kann man alte Kontakte löschen", "Cuándo terminan las ofertas"],
)
def test_a_question_is_told_from_a_wish(text: str) -> None:
    """The same words with a question mark speak less for an opt-out: who asks how it works wants nothing to end."""
    asked, told = explain(f"{text}?").score, explain(f"{text}!").score
    assert asked is not None
    assert told is not None
    assert asked < told


def test_figures_are_counted_as_they_are_named(tmp_path: Path) -> None:
    """One opt-out suppressed, one missed, one other suppressed wrongly, one left alone; a file's own labels decide."""
    rows = (("STOP", "opt_out"), ("see you at noon", "opt_out"), ("stop texting me", "other"), ("ok", "other"))
    path = tmp_path / "replies.jsonl"
    path.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows), "utf-8")
    found, report = figures.figures(figures.read(path))
    assert found == figures.Figures(0.5, 0.5, 0.5, 0.0)
    assert report.splitlines() == ["opt_out none: 'see you at noon'", "other opt_out: 'stop texting me'"]


@pytest.mark.parametrize("line", ["{", "3", '{"text": "hi"}', '{"text": "hi", "label": "optout"}'])
def test_a_line_without_a_label_is_named_and_not_counted(tmp_path: Path, line: str) -> None:
    """A misspelt label would count as another reply, and make the figures wrong."""
    path = tmp_path / "replies.jsonl"
    path.write_text('{"text": "STOP", "label": "opt_out"}\n' + line + "\n", "utf-8")
    with pytest.raises(ValueError, match=r"replies.jsonl:2: needs a text, and a label"):
        figures.read(path)


def test_the_sets_are_no_training() -> None:
    """Beyond turns that everybody uses, nothing of them stands in what the model was made from."""
    told = {run for message in phrases.labelled() for run in _runs(message.text)}
    for name in ("a", "b"):
        copied = [reply.text for reply in _set(name) if sum(run in told for run in _runs(reply.text)) > _SHARED]
        assert len(copied) <= 1, copied  # an objection in the law's own words


def test_the_weights_are_those_of_the_phrases() -> None:
    """Whoever changes a phrase makes the weights anew: `python -m content.optout.training`."""
    text = (Path(scorer.__file__).parent / scorer.WEIGHTS).read_text("utf-8")
    assert f"# phrases {phrases.digest()}," in text.splitlines()[2]
    assert len(text.encode()) < 300_000
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines == sorted(lines, key=lambda line: line.rsplit("\t", 1)[0])
