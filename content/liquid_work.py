"""How much work a rendering may be: each look-up, filter and turn of a loop is paid for by what it reads and writes."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from liquid import BoundTemplate, Node, RenderContext, Token
from liquid.builtin.tags.for_tag import ForLoop, ForNode, ForTag
from liquid.exceptions import FilterArgumentError, LiquidError
from liquid.stream import TokenStream
from liquid.undefined import UNDEFINED, Undefined

# One unit is some twenty billionths of a second: a character that a fast filter copies.
MOST_WORK = 10_000_000
"""Units of one rendering, a fifth of a second; a newsletter with a hundred merge fields takes a fiftieth of it."""
BRIEF_WORK = 500_000
"""Units that may be done where others wait meanwhile: some milliseconds."""

_LOOKED_UP = 40
_FILTERED = 100
_COMPARED = 4
"""For each character of both sides."""
_TURN = 200
_WRITTEN = 50
"""For each character of a loop's source, at each turn."""
_FAST = frozenset(
    {
        *("abs", "append", "at_least", "at_most", "ceil", "default", "divided_by", "first", "floor", "last", "lstrip"),
        *("minus", "modulo", "plus", "prepend", "remove", "remove_first", "remove_last", "replace", "replace_first"),
        *("replace_last", "rstrip", "size", "slice", "strip", "times", "truncate", "upcase"),
    }
)
_SLOW_WEIGHT = 40
"""Other filters look at each character by itself, and where values are escaped all do."""
_ELEMENT = 10
_LARGEST_NUMBER = 10**100


class TooMuchWork(LiquidError):
    """The rendering is more work than it may be."""


class Counted(RenderContext):
    """A rendering that is counted, and ended when it is more than `allowed`."""

    __slots__ = ("allowed", "body", "place")

    def __init__(self, template: BoundTemplate, *, globals: Mapping[str, object], allowed: int) -> None:
        super().__init__(template, globals=globals)
        self.allowed = allowed
        self.body = 0
        """Characters between the tags of the loop that begins."""
        self.place: Token | None = None
        """What was read last."""

    def pay(self, units: int) -> None:
        """Raise TooMuchWork when nothing is left."""
        self.allowed -= units
        if self.allowed < 0:
            raise TooMuchWork("it is too much work", token=self.place)

    def pay_to_compare(self, *values: object) -> None:
        """Comparing reads each value, and once more without regard to case."""
        self.pay(sum(_COMPARED * _length(value) for value in values))

    def get(self, path: list[object], *, token: Token | None, default: object = UNDEFINED) -> object:
        """A value, which whoever asked for it may read through."""
        self.place = token or self.place
        value = super().get(path, token=token, default=default)
        self.pay(_LOOKED_UP + _length(value))
        return value

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        """The filter, which is paid for what it reads and what it makes."""
        self.place = token or self.place
        function = super().filter(name, token=token)
        weight = 1 if name in _FAST and not self.autoescape else _SLOW_WEIGHT

        def counted(*values: object, **options: object) -> object:
            self.pay(_FILTERED + weight * (_length(values) + _length(options)))
            made = function(*values, **options)
            self.pay(weight * _length(made))
            if isinstance(made, int) and abs(made) > _LARGEST_NUMBER:
                raise FilterArgumentError(f"the result of {name} is too large a number", token=token)
            return made

        return counted

    @contextmanager
    def loop(self, namespace: Mapping[str, object], forloop: ForLoop) -> Iterator[RenderContext]:  # type: ignore[override]
        """Enter a loop, all of whose turns are paid for at once."""
        with super().loop(namespace, forloop) as context:
            self.pay(forloop.length * (_TURN + _WRITTEN * self.body))
            yield context


class _CountedFor(ForNode):
    __slots__ = ("body",)
    body: int

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        if isinstance(context, Counted):
            context.place, context.body = self.token, self.body
        return super().render_to_output(context, buffer)


class CountedForTag(ForTag):
    """`for`, which knows how long what it repeats is."""

    node_class = _CountedFor

    def parse(self, stream: TokenStream) -> Node:
        """The loop, with the characters up to its end."""
        begin = stream.current.start_index
        node = super().parse(stream)
        if isinstance(node, _CountedFor):
            node.body = stream.current.start_index - begin
        return node


def _length(value: object) -> int:
    """Characters of a value; each element of a list counts as some more."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Undefined):
        return 1
    if isinstance(value, list | tuple):
        return _ELEMENT * len(value) + sum(map(_length, value))
    if isinstance(value, Mapping):
        return _ELEMENT * len(value) + sum(map(_length, value.values()))
    return 1
