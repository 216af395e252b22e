"""How a simulation and its verdicts are printed for people."""

from collections.abc import Sequence
from textwrap import shorten

from rich.console import RenderableType
from rich.text import Text

from cli.terminal import output
from simulation.outcome import Outcome
from simulation.verify import Verdict
from starter import humanize

_LONGEST = 60


def text(outcomes: Sequence[Outcome]) -> list[RenderableType]:
    """Everybody, one below the other."""
    parts: list[RenderableType] = []
    for outcome in outcomes:
        parts += _of(outcome)
    sent = sum(len(outcome.messages) for outcome in outcomes)
    return [*parts, output.line(f"{sent} messages to {len(outcomes)} contacts; nothing was sent")]


def _of(outcome: Outcome) -> list[RenderableType]:
    why = f": {outcome.reason}" if outcome.reason else ""
    lines: list[RenderableType] = [output.line(f"{outcome.contact}  {outcome.status}{why}  ({outcome.zone})", "bold")]
    for sent in outcome.messages:
        said = shorten(sent.subject or sent.body, _LONGEST, placeholder=" …")
        lines.append(output.line(f"  {sent.at:%a %Y-%m-%d %H:%M}  {sent.step}: {sent.channel} to {sent.to}: {said}"))
    for held in outcome.held:
        until = f", until {held.until:%a %Y-%m-%d %H:%M}" if held.until else ""
        lines.append(output.line(f"  {held.step} was {humanize.held_by(held.gate)}{until}"))
    lines += [output.line(f"  {note}", "yellow") for note in outcome.notes]
    if outcome.skipped:
        lines.append(output.line(f"  skipped: {', '.join(outcome.skipped)}"))
    return [*lines, output.line("")]


def verdicts(filename: str, found: Sequence[Verdict]) -> list[RenderableType]:
    """Each test, and below it what is not as expected."""
    lines: list[Text] = []
    for verdict in found:
        failed = bool(verdict.differences)
        lines.append(
            output.line(f"{'FAILED' if failed else 'passed'}  {verdict.name}", "bold red" if failed else "green")
        )
        lines += [output.line(f"  {difference}") for difference in verdict.differences]
    failures = sum(bool(verdict.differences) for verdict in found)
    return [*lines, output.line(f"{filename}: {len(found) - failures} passed, {failures} failed")]
