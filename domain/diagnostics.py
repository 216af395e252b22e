"""What `check` says about a definition: where, what is wrong, and what would be right."""

from typing import Literal

from pydantic import Field

from domain.base import Frozen

Path = tuple[str | int, ...]


class Diagnostic(Frozen):
    """One finding. Errors keep a sequence from being published, warnings do not."""

    severity: Literal["error", "warning"] = "error"
    path: str
    """Place in the definition, `steps[3].subject`; empty for the file as a whole."""
    line: int = Field(ge=1)
    """Line in the file, from 1."""
    message: str
    """What is wrong."""
    hint: str = ""
    """What would be right."""


def path_text(path: Path) -> str:
    """`("steps", 3, "subject")` as people write it: `steps[3].subject`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
