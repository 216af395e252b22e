"""The table of the law in the guide, made from its rules: `python -m scheduling.law_table PAGE`."""

import re
import sys
from datetime import time
from pathlib import Path

from domain.schedule import WEEKDAYS
from scheduling.law import Rule, law

_BEGIN, _END = "<!-- law -->\n", "<!-- /law -->\n"
_HEAD = "| rule | hours | by | in force | default | certainty | source |\n|---|---|---|---|---|---|---|\n"


def table() -> str:
    """A row for each rule that holds for messages, in Markdown."""
    return _HEAD + "".join(_row(rule) for rule in law().values() if rule.channels != ("voice",))


def filled(page: str) -> str:
    """The page with the table between its two marks; raises ValueError where it has none."""
    if _BEGIN not in page or _END not in page:
        raise ValueError(f"the page lacks {_BEGIN.strip()} or {_END.strip()}")
    return re.sub(f"{_BEGIN}.*?{_END}", lambda _: f"{_BEGIN}{table()}{_END}", page, flags=re.DOTALL)


def _row(rule: Rule) -> str:
    start, end = rule.effective.start, rule.effective.end
    force = f"{start or ''}–{end or ''}" if start or end else "always"
    cap = f"; {rule.cap.max} in {rule.cap.hours} h" if rule.cap else ""
    holidays = "; no holidays" if rule.holidays else ""
    source = rule.source.replace("|", "/")
    return (
        f"| `{rule.id}` | {_hours(rule)}{holidays}{cap} | {rule.clock} | {force} | {rule.default} "
        f"| {rule.certainty} | {source} |\n"
    )


def _hours(rule: Rule) -> str:
    """Days of equal hours in a row are told together: `mon–sat 08:00–20:00`."""
    runs: list[tuple[str, list[str]]] = []
    for day in WEEKDAYS:
        spells = rule.hours.get(day, ())
        told = ", ".join(f"{a:%H:%M}–{'24:00' if b == time(0) else f'{b:%H:%M}'}" for a, b in spells)
        if runs and runs[-1][0] == told:
            runs[-1][1].append(day)
        else:
            runs.append((told, [day]))
    return "; ".join(
        f"{days[0]}{f'–{days[-1]}' if len(days) > 1 else ''} {told}"
        if told
        else f"none {'–'.join(dict.fromkeys((days[0], days[-1])))}"
        for told, days in runs
    )


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(filled(page.read_text("utf-8")), "utf-8")
