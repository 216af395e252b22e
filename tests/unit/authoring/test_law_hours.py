"""What `check` says where window and law leave next to nothing."""

import pytest

from authoring.check import check

TEXT = """
sequence: late
purpose: {purpose}
window: {{days: {days}, from: "{opens}", to: "{closes}"{zone}}}
steps:
  - {{id: hello, type: {kind}}}
"""
SMS = "sms, body: Hello. STOP to end."


def warnings(
    days: str, opens: str, closes: str, *, purpose: str = "marketing", kind: str = SMS, zone: str = ""
) -> list[tuple[str, str]]:
    written = TEXT.format(purpose=purpose, days=days, opens=opens, closes=closes, kind=kind, zone=zone)
    checked = check(written)
    assert checked.plan is not None, checked.diagnostics
    found = [one for one in checked.diagnostics if "the law leaves" in one.message]
    return [(str(one.line), one.message) for one in found]


def test_a_window_beside_the_law_is_named_with_the_regions() -> None:
    """At its line; a Sunday is closed in five states, an evening in more."""
    [(line, said)] = warnings("sun", "09:00", "17:00")
    assert line == "4"
    assert all(name in said for name in ("US-RI no hour (`us-ri`)", "US-LA no hour", "US-MS", "US-AL", "US-PA"))
    assert "US-FL" not in said
    [(_, evening)] = warnings("mon-fri", "20:40", "21:00")
    assert "US-FL no hour (`us-fl`)" in evening
    assert "US 100 minutes a week (`us-federal`)" in evening


@pytest.mark.parametrize(
    "given",
    [
        {"days": "mon-fri", "opens": "09:00", "closes": "17:00"},
        {"days": "sun", "opens": "09:00", "closes": "17:00", "purpose": "service"},
        {"days": "sun", "opens": "09:00", "closes": "17:00", "kind": "email, subject: Hi, body: Hello."},
        {"days": "sun", "opens": "09:00", "closes": "17:00", "zone": ", timezone: Europe/Berlin"},
    ],
    ids=["business hours", "service", "email", "another clock"],
)
def test_nothing_is_said_where_the_law_leaves_enough_or_asks_nothing(given: dict[str, str]) -> None:
    """Nor where the window goes by another clock than the contact's."""
    assert warnings(**given) == []


def test_a_window_over_midnight_counts_on_both_days() -> None:
    """From Saturday 22:00 to Sunday 10:00, what is open is Sunday's morning."""
    [(_, said)] = warnings("sat", "22:00", "10:00")
    assert "US-TX no hour" in said
    assert "US-FL" not in said
