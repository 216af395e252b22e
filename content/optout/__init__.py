"""Is this message an opt-out? `judge` says so; the wording lies in one file per language."""

from content.optout.verdict import OptOutKind, OptOutVerdict, judge

__all__ = ["OptOutKind", "OptOutVerdict", "judge"]
