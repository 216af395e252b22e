"""What an author has changed from one version to another, told by the ids of the steps."""

import pytest

from authoring.check import check
from domain.version_diff import Changed, Diff, diff

BASE = """
sequence: welcome
steps:
  - {id: a, type: sms, body: "A. STOP to end."}
  - {id: wait, type: delay, days: 2}
  - {id: b, type: sms, body: B}
  - id: asked
    type: condition
    if: replied
    then:
      - {id: thanks, type: sms, body: Thanks.}
    else:
      - {id: again, type: sms, body: Again.}
  - {id: c, type: sms, body: C}
"""
B = "  - {id: b, type: sms, body: B}\n"
C = "  - {id: c, type: sms, body: C}\n"
AGAIN = "      - {id: again, type: sms, body: Again.}\n"


def between(old: str, new: str) -> Diff:
    first, second = check(old), check(new)
    assert first.plan, first.diagnostics
    assert second.plan, second.diagnostics
    texts = [{content.node_id: content.templates for content in one.contents} for one in (first, second)]
    return diff(first.plan, second.plan, *texts)


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (BASE, Diff()),
        (BASE + "  - {id: d, type: sms, body: D}\n", Diff(added=("d",))),
        (BASE.replace(B, ""), Diff(removed=("b",))),
        (BASE.replace("id: b,", "id: other,"), Diff(added=("other",), removed=("b",))),
        (BASE.replace("days: 2", "days: 3"), Diff(changed=(Changed(step="wait", what=("delay",)),))),
        (BASE.replace("body: B", "body: Bee"), Diff(changed=(Changed(step="b", what=("body",)),))),
        (
            BASE.replace("id: b, type: sms", "id: b, type: email, subject: Hi"),
            Diff(changed=(Changed(step="b", what=("channel", "subject")),)),
        ),
        (
            BASE.replace("{id: b, type: sms, body: B}", "{id: b, type: delay, days: 1}"),
            Diff(changed=(Changed(step="b", what=("kind", "body")),)),
        ),
        (BASE.replace("if: replied", "if: opened"), Diff(changed=(Changed(step="asked", what=("condition",)),))),
        (BASE.replace(B, "").replace(C, C + B), Diff(moved=("b",))),
        # In another branch, although the order of the steps is the same.
        (BASE.replace("    else:\n" + AGAIN, "").replace("Thanks.}\n", "Thanks.}\n" + AGAIN), Diff(moved=("again",))),
        (BASE.replace("sequence: welcome", "sequence: welcome\nstop_on: reply"), Diff(settings=("stop_on",))),
    ],
)
def test_each_change_is_told(new: str, expected: Diff) -> None:
    """Added, removed, changed (and what of it), moved; where a step leads is no change of its own."""
    assert between(BASE, new) == expected


def test_back_is_the_other_way_round() -> None:
    """What was added is removed, what was removed is added."""
    new = BASE.replace(B, "") + "  - {id: d, type: sms, body: D}\n"
    there, back = between(BASE, new), between(new, BASE)
    assert (there.added, there.removed) == (back.removed, back.added) == (("d",), ("b",))


def test_a_split_is_changed_by_its_weights() -> None:
    """The variants and their weights decide who takes which."""
    text = "sequence: ab\nsteps:\n  - {id: ab, type: split, variants: [{id: x}, {id: y}]}\n"
    text += '  - {id: a, type: sms, body: "A. STOP to end."}\n'
    assert between(text, text.replace("{id: y}", "{id: y, weight: 2}")).changed == (
        Changed(step="ab", what=("variants",)),
    )
