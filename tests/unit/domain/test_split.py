"""The arm that a contact takes."""

from uuid import UUID, uuid5

from domain.plan import Arm
from domain.split import choose

SEQUENCE = UUID("0b9a3f52-1111-4222-8333-0123456789ab")
PEOPLE = [uuid5(SEQUENCE, str(n)) for n in range(10_000)]


def arms(*weights: int) -> list[Arm]:
    return [Arm(id=f"v{n}", weight=weight, next="end") for n, weight in enumerate(weights)]


def chosen(split: list[Arm], step: str = "ab", sequence: UUID = SEQUENCE) -> list[str]:
    return [choose(split, contact_id=contact, sequence_id=sequence, step_id=step).id for contact in PEOPLE]


def test_shares_follow_the_weights() -> None:
    """Each arm's share of ten thousand contacts is its weight's, to within two per cent of all."""
    for weights in ((1, 1), (3, 1), (1, 1, 8), (10_000, 1)):
        split = arms(*weights)
        taken = chosen(split)
        for arm in split:
            assert abs(taken.count(arm.id) / len(taken) - arm.weight / sum(weights)) < 0.02


def test_a_contact_takes_the_same_arm_every_time() -> None:
    """Nothing but contact, sequence, step and weights decides; renaming an arm moves nobody."""
    split = arms(2, 3)
    again = [Arm(id=f"w{n}", weight=arm.weight, next="elsewhere") for n, arm in enumerate(split)]
    assert [arm.replace("v", "w") for arm in chosen(split)] == chosen(again)


def test_two_splits_are_independent_of_each_other() -> None:
    """Half of each arm of one step takes each arm of another; of another sequence likewise."""
    first = chosen(arms(1, 1))
    for second in (chosen(arms(1, 1), step="cd"), chosen(arms(1, 1), sequence=PEOPLE[0])):
        both = sum(a == b for a, b in zip(first, second, strict=True))
        assert 0.48 < both / len(first) < 0.52


def test_the_choice_never_changes_between_releases() -> None:
    """Live contacts would change arms: these were chosen once and stay."""
    assert chosen(arms(1, 1, 2))[:8] == ["v2", "v2", "v0", "v2", "v2", "v2", "v2", "v1"]
