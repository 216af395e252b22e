"""Labelled messages in five languages: which are automatic, and when their authors are back."""

from datetime import UTC, date, datetime, time
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import yaml

from content.inbound_mail.read import read
from domain.events import EventType, InboundMessage

_HERE = Path(__file__).parent
_WRITTEN = date(2026, 3, 3)


def _samples(name: str) -> list[dict[str, Any]]:
    samples: list[dict[str, Any]] = yaml.safe_load((_HERE / f"{name}.yaml").read_text("utf-8"))
    return samples


_AUTOMATIC, _HUMAN = _samples("automatic"), _samples("human")


def _read(sample: dict[str, Any]) -> InboundMessage:
    written = datetime.combine(sample.get("written", _WRITTEN), time(9, 0), UTC)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Date"] = "Jane Roe <jane@example.com>", "us@example.org", written
    mail["Subject"] = sample["subject"]
    for name, value in sample.get("headers", {}).items():
        mail[name] = value
    mail.set_content(sample["text"])
    (report,) = read(mail.as_bytes(), provider="email", at=written)
    assert isinstance(report, InboundMessage)
    return report


def test_the_sets_are_large_enough() -> None:
    """Figures over fewer messages, or over one language, would mean little."""
    assert min(len(_AUTOMATIC), len(_HUMAN)) >= 60
    assert {sample["lang"] for sample in _AUTOMATIC} == {"en", "de", "es", "fr", "pt"}
    assert min(sum(s["by"] == by for s in _AUTOMATIC) for by in ("headers", "wording")) >= 30


@pytest.mark.parametrize("by", ["headers", "wording"])
def test_automatic_replies_are_known(by: str) -> None:
    """Those that say so in their headers always, those that only say it in words nearly always."""
    samples = [sample for sample in _AUTOMATIC if sample["by"] == by]
    missed = [s for s in samples if _read(s).type is not EventType.AUTORESPONDED]
    assert len(missed) <= (0 if by == "headers" else 0.05 * len(samples)), missed


def test_people_are_never_taken_for_machines() -> None:
    """A person's answer that counted as automatic would let the sequence go on."""
    assert [s for s in _HUMAN if _read(s).type is not EventType.INBOUND] == []


def test_wording_that_nobody_has_tuned_for_is_judged_nearly_as_well() -> None:
    """A list of phrases that only knows its own examples fails here."""
    found = [_read(s).type is EventType.AUTORESPONDED for s in _samples("automatic.held_out")]
    wrong = [_read(s).type is EventType.AUTORESPONDED for s in _samples("human.held_out")]
    assert sum(found) >= 0.9 * len(found)
    assert sum(wrong) <= 0.1 * len(wrong)


def test_the_day_of_return_is_read() -> None:
    """Nearly always, and never a wrong day: an unsure one is none."""
    samples = _AUTOMATIC + _samples("automatic.held_out")
    answers = [(s["returns"], _read(s).returns_on, s["text"]) for s in samples]
    assert [a for a in answers if a[1] is not None and a[0] != a[1]] == []
    missed = [a for a in answers if a[0] != a[1]]
    assert len(missed) <= 0.05 * len(answers), missed
