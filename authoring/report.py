"""Where findings gather: each gets its line from the source and is kept once."""

from typing import Literal

from authoring.source import Source
from domain.diagnostics import Diagnostic, Path, path_text

MAX_FINDINGS = 500


class Report:
    """The findings about one file."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._found: dict[Diagnostic, None] = dict.fromkeys(source.diagnostics)
        self._settled: set[Path] = set()
        self._names: dict[Path, str] = {}

    @property
    def full(self) -> bool:
        """Whether looking further is pointless: nobody reads that many."""
        return len(self._found) >= MAX_FINDINGS

    @property
    def sound(self) -> bool:
        """Whether there is no error so far."""
        return not any(found.severity == "error" for found in self._found)

    def name(self, path: Path, name: str) -> None:
        """What stands at this place is called so in whatever is found there: a place in a graph says little."""
        self._names[path] = name

    def line(self, path: Path) -> int:
        """The line of a place in the file."""
        return self._source.line(path)

    def settle(self, path: Path, message: str, hint: str) -> None:
        """Report an error that says everything about its place: later ones there are its echo."""
        self.error(path, message, hint)
        self._settled.add(path)

    def error(self, path: Path, message: str, hint: str = "", *, offset: int | None = None) -> None:
        """Report what keeps the sequence from being published; `offset` counts lines into a text."""
        self._add("error", path, message, hint, offset)

    def warning(self, path: Path, message: str, hint: str = "") -> None:
        """Report what is allowed and probably not meant."""
        self._add("warning", path, message, hint, None)

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All findings in the order of the file."""
        return tuple(sorted(self._found, key=lambda found: (found.line, found.path, found.message)))

    def _add(
        self, severity: Literal["error", "warning"], path: Path, message: str, hint: str, offset: int | None
    ) -> None:
        if path in self._settled or self.full:
            return
        line = self._source.line(path, offset)
        if name := self._names.get(path[:2]):
            message = f"{name}: {message}"
        found = Diagnostic(severity=severity, path=path_text(path), line=line, message=message, hint=hint)
        self._found[found] = None
