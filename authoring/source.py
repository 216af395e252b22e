"""Text to a tree that knows its lines: YAML 1.2 core rules on PyYAML's event stream, within hard limits.

Working on events rather than on a composed document lets a hostile file be refused while it is read:
aliases are charged with all that they stand for, and are never copied.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from domain.diagnostics import Diagnostic, Path, path_text

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_WEIGHT = 100_000
"""Values in a file, aliases expanded; each 100 characters of text count as one more."""

Scalar = str | int | float | bool | None
Plain = Scalar | list["Plain"] | dict[str, "Plain"]

# YAML 1.2 core schema, section 10.3.2: `no`, `on`, `10:00` and dates are text.
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Entry:
    """A key's line and its value."""

    line: int
    node: "Node"


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands."""

    value: Scalar | list["Node"] | dict[str, Entry]
    line: int
    text_line: int | None = None
    """Line of the first line of text, where each further line of text is one further line of the file."""
    weight: int = 1
    height: int = 0
    size: int = 0
    """Bytes of text in it, aliases expanded."""

    def plain(self) -> Plain:
        """The value without its lines."""
        if isinstance(self.value, dict):
            return {key: entry.node.plain() for key, entry in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


@dataclass(frozen=True, slots=True)
class Source:
    """What was read; `root` is None when nothing could be."""

    root: Node | None
    diagnostics: tuple[Diagnostic, ...]

    def line(self, path: Path, offset: int | None = None) -> int:
        """The line of the deepest part of `path` that exists; `offset` counts lines into a text."""
        line, node = 1, self.root
        if node is not None:
            line = node.line
        for part in path:
            if node is None:
                break
            line, node = _step(node, part, line)
        if offset is not None and node is not None and node.text_line is not None:
            return node.text_line + offset
        return line


def _step(node: Node, part: str | int, line: int) -> tuple[int, Node | None]:
    if isinstance(node.value, dict) and isinstance(part, str) and part in node.value:
        entry = node.value[part]
        return entry.line, entry.node
    if isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
        child = node.value[part]
        return child.line, child
    return line, None


def read(text: str | bytes) -> Source:
    """Read one YAML (or JSON) document; never raises for any input."""
    try:
        reader = _Reader(_decoded(text))
        root = reader.document()
    except _Refused as refused:
        return Source(None, (refused.diagnostic,))
    return Source(root, tuple(reader.diagnostics))


class _Refused(Exception):
    """Reading cannot go on."""

    def __init__(self, line: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic(path="", line=max(line, 1), message=message, hint=hint)


def _decoded(text: str | bytes) -> str:
    too_large = f"the file is larger than {MAX_BYTES // 1024} KiB", "split the sequence into several files"
    if len(text) > MAX_BYTES:
        raise _Refused(1, *too_large)
    try:
        data = text.encode() if isinstance(text, str) else text
    except UnicodeEncodeError as error:
        line = error.object.count("\n", 0, error.start) + 1
        raise _Refused(line, "the text holds half a character (a lone surrogate)", "retype the line") from None
    if len(data) > MAX_BYTES:
        raise _Refused(1, *too_large)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _Refused(
            line, f"the file is not UTF-8 (byte {error.start + 1})", "save the file with the encoding UTF-8"
        ) from None


class _Reader:
    """One pass over the events of one document."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._events = self._safe_events()
        self._anchors: dict[str, Node] = {}
        self._weight = 0
        self.diagnostics: list[Diagnostic] = []

    def document(self) -> Node:
        empty = _Refused(1, "the file is empty", "begin with `sequence: my-sequence` and a list of `steps`")
        next(self._events)  # the stream's own start
        if not isinstance(next(self._events), yaml.DocumentStartEvent):
            raise empty
        root = self._node(next(self._events), (), 0)
        if root.value is None:
            raise empty
        if root.size > MAX_BYTES:
            raise _Refused(
                _largest(root).line,
                f"the file holds {root.size // 1024:,} KiB, counting what its aliases (`*name`) stand for, "
                f"at most {MAX_BYTES // 1024} are allowed; most of it begins on this line",
                "repeat less of it, or split the sequence into several files",
            )
        next(self._events)  # the document's end
        following = next(self._events)
        if isinstance(following, yaml.DocumentStartEvent):
            line = _line(following)
            raise _Refused(line, "the file holds more than one document", "keep one sequence per file, without `---`")
        return root

    def _safe_events(self) -> Iterator[yaml.Event]:
        try:
            yield from yaml.parse(self._text, Loader=yaml.CSafeLoader)
        except yaml.reader.ReaderError as error:
            line = self._text.count("\n", 0, error.position) + 1
            raise _Refused(
                line, "the file holds a character that YAML does not allow", "remove control characters"
            ) from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            problem = ", ".join(part for part in (error.context, error.problem) if part)
            hint = "check indentation, quotes and brackets here and on the line above"
            if "mapping values" in problem:
                hint = (
                    "check the indentation; text that holds `: ` needs quotes, such as '{{ name | default: \"you\" }}'"
                )
            raise _Refused(mark.line + 1 if mark else 1, f"this is not valid YAML: {problem}", hint) from None

    def _charge(self, weight: int, line: int) -> None:
        self._weight += weight
        if self._weight > MAX_WEIGHT:
            raise _Refused(
                line,
                f"the file holds more than {MAX_WEIGHT:,} values, counting what its aliases (`*name`) stand for",
                "write a smaller sequence, without nested aliases",
            )

    def _node(self, event: yaml.Event, path: Path, depth: int) -> Node:
        line = _line(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, line, depth)
        if depth > MAX_DEPTH:
            raise _too_deep(line)
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, line)
        elif isinstance(event, yaml.SequenceStartEvent):
            _refuse_tag(event.tag, line)
            node = self._list(line, path, depth)
        else:
            assert isinstance(event, yaml.MappingStartEvent)  # noqa: S101 the grammar leaves nothing else
            _refuse_tag(event.tag, line)
            node = self._mapping(line, path, depth)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: yaml.AliasEvent, line: int, depth: int) -> Node:
        node = self._anchors.get(event.anchor or "")
        if node is None:
            raise _Refused(
                line, f"`*{event.anchor}` names no value above it", f"mark the value with `&{event.anchor}` first"
            )
        self._charge(node.weight, line)
        if depth + node.height > MAX_DEPTH:
            raise _too_deep(line)
        return node

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> Node:
        _refuse_tag(event.tag, line)
        weight = 1 + len(event.value) // 100
        self._charge(weight, line)
        value = event.value if event.style else plain_scalar(event.value)
        text_line = line + 1 if event.style == "|" else line if "\n" not in event.value else None
        return Node(value, line, text_line, weight, size=len(event.value.encode()))

    def _list(self, line: int, path: Path, depth: int) -> Node:
        self._charge(1, line)
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items)), depth + 1))
        return _container(items, items, line)

    def _mapping(self, line: int, path: Path, depth: int) -> Node:
        self._charge(1, line)
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key_line = _line(event)
            key = self._key(event, path, depth)
            value_path = path if key is None else (*path, key)
            node = self._node(next(self._events), value_path, depth + 1)
            if key is None:
                continue
            if key in entries:
                self._complain(value_path, key_line, f"`{key}` is given twice, first on line {entries[key].line}")
            else:
                entries[key] = Entry(key_line, node)
        return _container(entries, [entry.node for entry in entries.values()], line)

    def _key(self, event: yaml.Event, path: Path, depth: int) -> str | None:
        if isinstance(event, yaml.ScalarEvent):
            line = _line(event)
            _refuse_tag(event.tag, line)
            self._charge(1 + len(event.value) // 100, line)
            return str(event.value)
        line = _line(event)
        self._node(event, path, depth + 1)
        self.diagnostics.append(
            Diagnostic(
                path=path_text(path),
                line=line,
                message="a key must be a plain word",
                hint='put text that begins with {{ in quotes: "{{ name }}"',
            )
        )
        return None

    def _complain(self, path: Path, line: int, message: str) -> None:
        self.diagnostics.append(
            Diagnostic(path=path_text(path), line=line, message=message, hint="remove one of the two")
        )


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _container(value: list[Node] | dict[str, Entry], children: list[Node], line: int) -> Node:
    weight = 1 + sum(child.weight for child in children)
    height = 1 + max((child.height for child in children), default=0)
    size = sum(child.size for child in children) + sum(map(len, value) if isinstance(value, dict) else ())
    return Node(value, line, None, weight, height, size)


def _largest(node: Node) -> Node:
    """The innermost value that holds more than half of what is around it."""
    while isinstance(node.value, dict | list):
        inside = [entry.node for entry in node.value.values()] if isinstance(node.value, dict) else node.value
        largest = max(inside, key=lambda child: child.size, default=node)
        if largest.size * 2 <= node.size or largest is node:
            return node
        node = largest
    return node


def _too_deep(line: int) -> _Refused:
    return _Refused(line, f"the file is nested more than {MAX_DEPTH} levels deep", "flatten the steps")


def _refuse_tag(tag: str | None, line: int) -> None:
    if tag is not None:
        raise _Refused(
            line, f"the YAML tag `{tag[:60]}` is not allowed", "write the plain value; quote it to make text"
        )


def plain_scalar(text: str) -> Scalar:
    """What a plain (unquoted) scalar is by the YAML 1.2 core rules."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
