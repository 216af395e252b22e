"""What the law's hours leave of the windows that an author wrote: a warning where that is next to nothing.

Refusing is left to enrollment, which knows where each contact is: a sequence for Spain may write at ten in the evening.
"""

from collections.abc import Iterator, Sequence
from datetime import time
from functools import cache

from authoring.placed import Placed
from authoring.report import Report
from domain.diagnostics import Path
from domain.messages import Channel
from domain.plan import MessageNode, Plan
from domain.schedule import WEEKDAYS, Window
from scheduling.law import Rule, law

_LITTLE_MINUTES = 120
"""A week: less is hardly what an author means."""
_DAY_MINUTES = 24 * 60
_WEEK_MINUTES = 7 * _DAY_MINUTES


def check_law(plan: Plan, steps: Sequence[Placed], report: Report) -> None:
    """Warn, once for each window, of the regions in which the law leaves a message less than two hours a week."""
    if plan.settings.purpose == "service":
        return
    windows: dict[Path, tuple[Window, set[Channel]]] = {}
    for node in plan.nodes.values():
        window = plan.window_of(node) if isinstance(node, MessageNode) else None
        # Hours of another clock than the contact's overlap with the law's as the contact's zone has it.
        if isinstance(node, MessageNode) and window is not None and window.timezone == "contact":
            place = _place(node, steps)
            windows.setdefault(place, (window, set()))[1].add(node.channel)
    for place, (window, channels) in windows.items():
        tight = [
            f"{rule.jurisdiction} {_spelled(minutes)} (`{rule.id}`)"
            for rule in law().values()
            if rule.default == "enforce" and rule.effective.end is None and channels.intersection(rule.channels)
            if (minutes := _minutes_a_week(window, rule)) < _LITTLE_MINUTES
        ]
        if tight:
            report.warning(
                place,
                f"the law leaves marketing texts in this window little or no time: {', '.join(tight)}",
                "widen the window, enroll nobody from there, or say `purpose: service` of what is no marketing",
            )


def _place(node: MessageNode, steps: Sequence[Placed]) -> Path:
    own = next((step for step in steps if step.id == node.id and "window" in step.data), None)
    return own.at("window") if own else ("window",)


def _minutes_a_week(window: Window, rule: Rule) -> int:
    """What both leave open in a week without holidays, by one clock."""
    return sum(
        max(0, min(end, until) - max(start, since))
        for start, end in _spans_of(window)
        for since, until in _spans_of_rule(rule.id)
    )


def _spans_of(window: Window) -> Iterator[tuple[int, int]]:
    """Minutes of a week; what reaches past Sunday goes on on Monday."""
    opens = _minute(window.opens)
    length = (_minute(window.closes) - opens) % _DAY_MINUTES or _DAY_MINUTES
    for day, name in enumerate(WEEKDAYS):
        if name in window.days:
            start = day * _DAY_MINUTES + opens
            yield start, min(start + length, _WEEK_MINUTES)
            if start + length > _WEEK_MINUTES:
                yield 0, start + length - _WEEK_MINUTES


@cache
def _spans_of_rule(name: str) -> tuple[tuple[int, int], ...]:
    hours = law()[name].hours
    return tuple(
        (day * _DAY_MINUTES + _minute(start), day * _DAY_MINUTES + (_minute(end) or _DAY_MINUTES))
        for day, weekday in enumerate(WEEKDAYS)
        for start, end in hours.get(weekday, ())
    )


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _spelled(minutes: int) -> str:
    return f"{minutes} minutes a week" if minutes else "no hour"
