"""When a sequence pauses itself, and how its author says so."""

import pytest

from authoring.check import check
from authoring.language.definition import SequenceDefinition
from domain.brake import Brake

STEPS = "steps:\n  - {id: hello, type: sms, body: Hi}\n"


def _checked(brake: str) -> SequenceDefinition:
    checked = check(f"sequence: s\nbrake: {brake}\n{STEPS}")
    assert checked.ok, checked.diagnostics
    assert isinstance(checked.definition, SequenceDefinition)
    assert checked.plan is not None
    assert checked.plan.settings.brake == checked.definition.brake
    return checked.definition


@pytest.mark.parametrize(
    ("settled", "lost", "holds"),
    [(19, 19, False), (20, 9, False), (20, 10, True), (50, 24, False), (50, 25, True), (50, 50, True), (0, 0, False)],
)
def test_left_out_it_holds_at_half_of_at_least_twenty(settled: int, lost: int, holds: bool) -> None:
    """A short list with a few dead addresses never pauses anything."""
    assert Brake().holds(settled, lost) is holds


@pytest.mark.parametrize(("lost", "holds"), [(9, False), (10, True)])
def test_all_of_them_can_be_asked_for(lost: int, holds: bool) -> None:
    """A share of 1 is reached when nothing arrives at all."""
    assert Brake(failures=1, of=10).holds(10, lost) is holds


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("off", None),
        ("{}", Brake()),
        ("{failures: 0.3}", Brake(failures=0.3, of=50, at_least=20)),
        ("{failures: 1, of: 10}", Brake(failures=1.0, of=10, at_least=10)),
        ("{of: 200, at_least: 200}", Brake(failures=0.5, of=200, at_least=200)),
    ],
)
def test_what_is_written_is_what_is_published(written: str, meant: Brake | None) -> None:
    """Its document, which exports are made of, says the same again."""
    definition = _checked(written)
    assert definition.brake == meant
    assert SequenceDefinition.model_validate(definition.document()) == definition


def test_the_ordinary_brake_needs_no_word() -> None:
    """Spelled out or left out, it is the same version."""
    spelled = _checked("{failures: 0.5, of: 50, at_least: 20}")
    bare = check(f"sequence: s\n{STEPS}")
    assert spelled.content_hash() == bare.content_hash
    assert "brake" not in spelled.document()
    assert _checked("off").content_hash() != bare.content_hash


@pytest.mark.parametrize(
    ("written", "path", "said"),
    [
        ("on", "brake", "must be a mapping (`key: value`), not the text `on`"),
        ("", "brake", "`brake` is empty"),
        ("{failures: 50%}", "brake.failures", "must be a number, not the text `50%`"),
        ("{failures: true}", "brake.failures", "must be a number, not `true`"),
        ("{failures: 0}", "brake.failures", "greater than 0"),
        ("{failures: 1.5}", "brake.failures", "at most 1"),
        ("{of: 0}", "brake.of", "must be 1 or more, not 0"),
        ("{of: 1001}", "brake.of", "must be at most 1000, not 1001"),
        ("{of: 2.5}", "brake.of", "must be a whole number"),
        ("{of: true}", "brake.of", "must be a whole number, not `true`"),
        ("{of: 30, at_least: 31}", "brake", "`at_least` (31) is more than `of` (30)"),
        ("{share: 0.5}", "brake.share", "unknown key `share`"),
    ],
)
def test_what_makes_no_sense_is_named_with_its_mend(written: str, path: str, said: str) -> None:
    """One fault, at its place, with a hint."""
    [found] = check(f"sequence: s\nbrake: {written}\n{STEPS}").diagnostics
    assert found.path == path
    assert said in found.message
    assert found.hint
