"""`check`, `publish` and `export`: an author's file."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from authoring.check import Checked, check
from authoring.export import Form, export
from cli.terminal import connect, output
from cli.terminal.command import Answer, AsJson, command
from domain.errors import TouchlineError
from entrypoint import Exit
from starter.sequences.publish import publish

Shape = Annotated[Form, typer.Option("--as", help="What to write: a flow builder's graph, or steps in YAML.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A sequence in YAML or JSON.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "check examples/quick-tour.yaml", name="check")(check_file)
    command(app, "publish examples/quick-tour.yaml", name="publish")(publish_file)
    command(app, "export examples/quick-tour.yaml --as graph", name="export")(export_file)


async def check_file(file: File, as_json: AsJson = False) -> Answer:
    """Say everything that is wrong with a sequence file, each with its line and its fix."""
    checked = read(file)
    return Answer(_document(checked), _lines(checked), Exit.DONE if checked.ok else Exit.REFUSED)


async def publish_file(file: File, as_json: AsJson = False) -> Answer:
    """Store a sequence as its next version; the same content again changes nothing.

    Enrollments stay on the version that they began with.
    """
    checked = read(file)
    if not checked.ok:
        return refused(checked, "nothing was published")
    async with connect.engine() as engine:
        published = await publish(engine, checked)
    key = checked.plan.sequence if checked.plan else ""
    said = f"version {published.version}" + ("" if published.changed else ": unchanged, nothing was published")
    document = {
        "sequence": key,
        "version": published.version,
        "changed": published.changed,
        "diagnostics": checked.diagnostics,
    }
    warnings = _findings(checked)
    return Answer(document, [*warnings, output.line(f"{key}: {said}")])


async def export_file(file: File, form: Shape, as_json: AsJson = False) -> Answer | Exit:
    """Write a sequence as a flow builder's graph (JSON) or as steps (YAML); either means the same."""
    checked = read(file)
    if checked.flow is None:
        return refused(checked, "nothing was exported")
    text = export(checked, form)
    if as_json:
        return Answer({"file": checked.filename, "as": form, "text": text})
    output.verbatim(text)
    return Exit.DONE


def read(file: Path) -> Checked:
    """Check a file. Raises TouchlineError when it cannot be read."""
    try:
        text = file.read_bytes()
    except OSError as error:
        raise TouchlineError(f"{file} cannot be read: {error.strerror}") from error
    return check(text, filename=str(file))


def refused(checked: Checked, remark: str) -> Answer:
    """What to answer for a file with errors."""
    return Answer(_document(checked), [*_lines(checked), output.line(remark)], Exit.REFUSED)


def _document(checked: Checked) -> dict[str, object]:
    return {
        "file": checked.filename,
        "ok": checked.ok,
        "sequence": checked.definition.sequence if checked.definition else None,
        "steps": len(checked.flow.stages) if checked.flow else None,
        "diagnostics": checked.diagnostics,
    }


def _findings(checked: Checked) -> list[Text]:
    """As compilers write them, so that editors can jump to the place."""
    lines = []
    for found in checked.diagnostics:
        text = Text(output.plain(f"{checked.filename}:{found.line}: "))
        text.append(f"{found.severity}: ", style="bold red" if found.severity == "error" else "bold yellow")
        path = f"{found.path}: " if found.path else ""
        hint = f" ({found.hint})" if found.hint else ""
        text.append(output.plain(f"{path}{found.message}{hint}"))
        lines.append(text)
    return lines


def _lines(checked: Checked) -> list[Text]:
    errors = sum(found.severity == "error" for found in checked.diagnostics)
    warnings = len(checked.diagnostics) - errors
    counts = [f"{n} {word}{'s' * (n > 1)}" for n, word in ((errors, "error"), (warnings, "warning")) if n]
    verdict = " and ".join(counts) or "no errors"
    if checked.plan is not None and checked.flow is not None and not errors:
        steps = len(checked.flow.stages)
        verdict = f"sequence {checked.plan.sequence}, {steps} step{'s' * (steps > 1)}, {verdict}"
    return [*_findings(checked), output.line(f"{checked.filename}: {verdict}")]
