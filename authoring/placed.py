"""Steps and their places in a file, as raw data: what is wrong in one key of a step hides nothing in another."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domain.diagnostics import Path

BRANCHES: Mapping[str, tuple[str, ...]] = {
    "condition": ("then", "else"),
    "wait_for": ("then", "else"),
    "task": ("completed", "skipped", "lapsed"),
}
MESSAGES = ("email", "sms", "whatsapp")


@dataclass(frozen=True, slots=True)
class Placed:
    """A step and its place in the file."""

    path: Path
    data: dict[str, Any]
    node: Path | None = None
    """Of a graph: the node around what it says."""

    @property
    def type(self) -> object:
        """What the author wrote as type, right or wrong."""
        return self.data.get("type")

    @property
    def id(self) -> str | None:
        """The author's id, when it is text."""
        return self.text("id")

    @property
    def is_link(self) -> bool:
        """Whether it is a goto that is always taken: a link, and no step that is executed."""
        return self.type == "goto" and self.node is None and "times" not in self.data

    def text(self, key: str) -> str | None:
        """A key's value, when it is text."""
        value = self.data.get(key)
        return value if isinstance(value, str) else None

    def mapping(self, key: str) -> Mapping[str, Any]:
        """A key's value, when it is a mapping."""
        value = self.data.get(key)
        return value if isinstance(value, dict) else {}

    def at(self, *place: str | int) -> Path:
        """The place of a key of it."""
        if self.node is not None and place[:1] in (("id",), ("type",)):
            return (*self.node, *place)
        return (*self.path, *place)


def placed_steps(steps: object, path: Path) -> Iterator[Placed]:
    """Every step in the author's order, those of branches after the step that branches."""
    if not isinstance(steps, list):
        return
    for index, data in enumerate(steps):
        if not isinstance(data, dict):
            continue
        here = (*path, index)
        yield Placed(here, data)
        for key, inner in branches(data):
            yield from placed_steps(inner, (*here, *key))


def branches(data: Mapping[str, Any]) -> Iterator[tuple[Path, object]]:
    """The lists of steps inside a step, with their places."""
    kind = data.get("type")
    for key in BRANCHES.get(kind, ()) if isinstance(kind, str) else ():
        yield (key,), data.get(key)
    variants = data.get("variants") if kind == "split" else None
    for index, variant in enumerate(variants if isinstance(variants, list) else ()):
        if isinstance(variant, dict):
            yield ("variants", index, "steps"), variant.get("steps")
