"""Results go to stdout, everything else (progress, notes, errors) to stderr."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

from pydantic_core import to_json
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from domain.errors import TouchlineError

_WIDTH_OF_A_PIPE = 240
"""A reader that is no terminal has no width: nothing should be folded for it."""

# What comes from outside must not move the cursor or change colours; line breaks may stay.
_CONTROLS = dict.fromkeys((*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0)), " ")


def _console(stream: TextIO) -> Console:
    return Console(file=stream, width=None if stream.isatty() else _WIDTH_OF_A_PIPE, highlight=False, markup=False)


def results() -> Console:
    """Where results are printed."""
    return _console(sys.stdout)


def notes() -> Console:
    """Where progress and remarks are printed."""
    return _console(sys.stderr)


def plain(text: str) -> str:
    """Text from outside, safe to print on a terminal."""
    return text.translate(_CONTROLS)


def line(text: str, style: str = "") -> Text:
    """One line (or paragraph) of an answer."""
    return Text(plain(text), style=style)


def table(title: str | None, columns: Iterable[str], rows: Iterable[Sequence[object]], *, right: str = "") -> Table:
    """A table; columns whose name is among the words of `right` are aligned right, empty cells are left blank."""
    made = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for name in columns:
        numeric = name in right.split()
        made.add_column(name, justify="right" if numeric else "left", no_wrap=numeric, overflow="fold")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else line("" if cell is None else str(cell)) for cell in row))
    return made


def verbatim(text: str) -> None:
    """Print a file's content: no line of it may be folded."""
    sys.stdout.write(text)


def answer(document: object, text: Sequence[RenderableType], *, as_json: bool) -> None:
    """Print what a command found."""
    if as_json:
        sys.stdout.write(to_json(document, indent=2).decode() + "\n")
        sys.stdout.flush()
        return
    console = results()
    for part in text:
        console.print(part, soft_wrap=isinstance(part, Text | str))


def refuse(error: TouchlineError, details: Mapping[str, object], *, as_json: bool) -> None:
    """Say what is wrong and how to fix it."""
    if as_json:
        answer({"error": str(error), "hint": mend(error), **details}, (), as_json=True)
    note(f"touchline: {error}", "bold red")
    if hint := mend(error):
        note(f"  {hint}")


def mend(error: TouchlineError) -> str | None:
    """How to fix it, with what is typed for that."""
    return f"{error.hint} (./touchline {error.command})" if error.command else error.hint


def note(text: str, style: str = "") -> None:
    """A remark beside the answer."""
    notes().print(line(text, style), soft_wrap=True)


def progress(*, quiet: bool) -> Progress:
    """A progress bar on stderr; none when `quiet`, or when nobody watches."""
    console = notes()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    )
