"""The law as data: what a file may say, and which rules apply to whom."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from domain.messages import Channel
from scheduling.law import applicable, law, parse
from scheduling.law_table import filled

RULE = """
  - id: xx
    jurisdiction: XX
    channels: [sms]
    hours: {hours}
    clock: {clock}
    holidays: {holidays}
    cap: null
    unless: []
    located_by: [address]
    effective: {{from: null, to: null}}
    source: made up
    certainty: practice
    default: enforce
    note: ""
"""


def file(hours: str = '{mon: ["08:00", "20:00"]}', clock: str = "contact", holidays: str = "null") -> str:
    rule = RULE.format(hours=hours, clock=clock, holidays=holidays)
    return f"format: 1\nlooked_up: 2026-11-30\nholiday_sets: {{}}\nrules:{rule}"


def ids(channel: Channel, *regions: str, **switched: bool) -> list[str]:
    names = {name.replace("_", "-"): on for name, on in switched.items()}
    return [rule.id for rule in applicable(channel, regions, switched=names)]


def test_all_rules_of_all_regions_apply() -> None:
    """A phone of Florida whose owner lives in Texas."""
    assert ids(Channel.SMS, "US", "US-FL", "US-TX") == ["us-federal", "us-fl", "us-tx"]


def test_mail_knows_no_hours() -> None:
    """No country that was looked up sets hours for email."""
    assert ids(Channel.EMAIL, "US", "US-FL", "FR", "DE") == []


def test_a_tenant_switches_rules_off_and_offers_on() -> None:
    """By name; what is offered is off until then."""
    assert ids(Channel.SMS, "US", "US-NJ") == ["us-federal", "us-nj"]
    assert ids(Channel.SMS, "US", "US-NJ", us_nj=False, us_nj_2024_vendors=True) == ["us-federal", "us-nj-2024-vendors"]


def test_every_rule_names_its_source_and_how_certain_it_is() -> None:
    """A hold is explained by them."""
    assert all(rule.source and rule.certainty for rule in law().values())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (file(hours='{mon: ["20:00", "08:00"]}'), "20:00 to 08:00"),
        (file(hours='{mon: ["08:00", "12:00", "11:00", "13:00"]}'), "11:00 to 13:00"),
        (file(hours='{mon: ["08:00"]}'), "argument"),
        (file(hours='{noday: ["08:00", "09:00"]}'), "noday"),
        (file(clock="Mars/Base"), "Mars/Base"),
        (file(holidays="xx-days"), "xx-days"),
        (file() + RULE.format(hours="{}", clock="contact", holidays="null"), "two rules are called 'xx'"),
        (file().replace("format: 1", "format: 2"), "format"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(text: str, said: str) -> None:
    """The error names what is wrong; nothing is applied half."""
    with pytest.raises((ValueError, ValidationError), match=said):
        parse(text)


def test_the_guide_shows_the_rules_as_they_are() -> None:
    """Regenerate it after a change: `python -m scheduling.law_table docs/explain/compliance.md`."""
    page = (Path(__file__).parents[3] / "docs/explain/compliance.md").read_text("utf-8")
    assert filled(page) == page
    assert "| `us-tx` | mon–sat 09:00–21:00; sun 12:00–21:00 | contact | 2025-09-01–" in page
