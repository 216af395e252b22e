"""What the format names and this release does not run yet: the one place that knows.

A feature leaves NOT_RUN_YET when the interpreter runs it. Until then it is checked and compiled like any other, and
`check` refuses it by name, so that nothing is published that would stand still.
"""

from collections.abc import Iterator, Sequence

from authoring.placed import Placed
from authoring.report import Report
from domain.definition import Definition
from domain.diagnostics import Path

NOT_RUN_YET = frozenset(
    {
        "whatsapp",
        "webhook",
    }
)


def check_runnable(definition: Definition, steps: Sequence[Placed], report: Report) -> None:
    """Report each feature that would not run, once, where it is first used."""
    said: set[str] = set()
    for feature, path in _features(definition, steps):
        if feature in NOT_RUN_YET and feature not in said:
            said.add(feature)
            report.error(path, f"`{feature}` does not run in this release yet", "publish a sequence without it")


def _features(definition: Definition, steps: Sequence[Placed]) -> Iterator[tuple[str, Path]]:
    if definition.goal is not None:
        yield "goal", ("goal",)
    for step in steps:
        if not step.is_link:
            yield str(step.type), step.at("type")
        for key in ("until", "business_days"):
            if step.type == "delay" and step.data.get(key):
                yield f"delay {key}", step.at(key)
