"""A working copy as plain data: what may be one, and its text for `check`."""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from authoring.source import read
from domain.diagnostics import Diagnostic, Path, path_text
from domain.errors import Unsound

Definition = Mapping[str, Any]

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_LONGEST_KEY = 64
_COPIES = 1000

# A YAML reader takes these for line breaks, or for nothing at all, unless they are escaped.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def text_of(definition: Definition) -> str:
    """JSON that `check` reads as exactly this definition."""
    text = json.dumps(definition, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def readable(definition: Definition | str) -> dict[str, Any]:
    """The plain data of a definition, or of its text in YAML or JSON: right or wrong, but within a file's limits.

    Raises Unsound for what no file may hold: too large, too deep, control characters, a key that is there twice.
    """
    source = read(definition if isinstance(definition, str) else text_of(definition))
    plain = source.root.plain() if source.root else None
    findings = [*source.diagnostics, *_unstorable(plain, ())]
    if not findings and not isinstance(plain, dict):
        findings.append(_finding((), "a sequence is a mapping", "begin with `sequence: my-sequence`"))
    if findings or not isinstance(plain, dict):
        raise Unsound("the definition cannot be read", findings)
    return plain


def is_graph(definition: Definition) -> bool:
    """Whether it is a flow builder's graph, as `check` decides it."""
    return "nodes" in definition or "edges" in definition


def key_of(definition: Definition) -> object:
    """What it calls the sequence, right or wrong; a graph may call it `id`."""
    return definition.get("sequence", definition.get("id") if is_graph(definition) else None)


def keyed(definition: Definition, key: str) -> dict[str, Any]:
    """The definition as plain data under this key, which hides any other that it names."""
    hidden = ("sequence", "id") if is_graph(definition) else ("sequence",)
    return {"sequence": key, **{name: value for name, value in definition.items() if name not in hidden}}


def key_for(given: str | None, definition: Definition) -> str:
    """The key of a new sequence: as it is given, as the definition says, or made of its name. Raises Unsound."""
    place: Path = ("id",) if is_graph(definition) and "sequence" not in definition else ("sequence",)
    written = key_of(definition)
    if given is not None and written not in (None, given):
        finding = _finding(place, f"it is not `{given}`", "leave one of the two out")
        raise Unsound("the definition names another key", [finding])
    key = given or written
    if key is None and isinstance(name := definition.get("name"), str):
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        key = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_KEY].strip("-")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        message = f"`{str(key)[:60]}` is no key" if key else "there is no key"
        hint = "letters, digits, `-` and `_`, at most 64, such as `cold-outreach`"
        raise Unsound("a sequence needs a key", [_finding(place, message, hint)])
    return key


def copy_keys(key: str) -> Iterator[str]:
    """What copies of a sequence are called, one after the other."""
    for number in range(1, _COPIES):
        ending = f"-copy-{number}" if number > 1 else "-copy"
        yield key[: _LONGEST_KEY - len(ending)] + ending


def _unstorable(value: object, path: Path) -> Iterator[Diagnostic]:
    """What a file may hold and a database may not."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if "\0" in key:
                yield _finding(path, "a key holds the character NUL", "remove it")
            yield from _unstorable(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unstorable(inner, (*path, index))
    elif isinstance(value, str) and "\0" in value:
        yield _finding(path, "the text holds the character NUL", "remove it")
    elif isinstance(value, float) and not isfinite(value):
        yield _finding(path, "the number is too large", "write a smaller one")


def _finding(path: Path, message: str, hint: str) -> Diagnostic:
    return Diagnostic(path=path_text(path), line=1, message=message, hint=hint)
