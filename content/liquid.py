"""Merge fields: a limited Liquid. Templates are judged when they are saved and rendered when they are sent.

Limits are of four kinds: the size of the constructs, checked before the lexer, whose patterns are quadratic on
hostile text; the allow-lists of tags and filters; the environment's bounds on loops, names and output; and the work
that a rendering may be (`liquid_work`).
"""

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from itertools import chain
from typing import Any, TypeVar

from liquid import BoundTemplate, Environment
from liquid.builtin.filters.array import join
from liquid.builtin.filters.misc import date
from liquid.builtin.filters.string import replace
from liquid.exceptions import FilterArgumentError, LiquidError, UndefinedError
from liquid.filter import with_environment
from liquid.output import LimitedStringIO

from content.apart import Overrun, apart
from content.liquid_tests import OurCaseTag, OurIfTag, OurUnlessTag
from content.liquid_work import BRIEF_WORK, MOST_WORK, Counted, CountedForTag, TooMuchWork
from content.merge_fields import SENDER_FIELDS, Missing, complaint, sample_values, values_of
from domain.contact import Contact
from domain.errors import ContentError

OUTPUT_LIMIT = 1024 * 1024
"""Bytes of one rendered text."""
CONSTRUCT_LIMIT = 1000
"""Characters of one `{{ … }}` or `{% … %}`."""
CONSTRUCTS_LIMIT = 2000
CONSTRUCTS_LENGTH = 100_000
"""Characters of all constructs of a text; to read so many takes half a second, once."""
_READ_AT_ONCE = 5_000
"""Characters of constructs that are read where others wait meanwhile: some hundredths of a second, once."""

T = TypeVar("T")

_LONGEST_DATE = 200
_SIMPLER_NOW = "write fewer loops within loops, and shorter chains of filters"
_SIMPLER = "publish a version with fewer loops and shorter chains of filters"

_TAGS = "# assign capture case comment for if unless"
_INNER_TAGS = {"content", "illegal", "output"}  # python-liquid's own, for text and `{{ }}`
_FILTERS = (
    "abs append at_least at_most capitalize ceil date default divided_by downcase escape escape_once first floor join "
    "last lstrip minus modulo newline_to_br plus prepend remove remove_first remove_last replace replace_first "
    "replace_last round rstrip size slice split squish strip strip_newlines times truncate truncatewords upcase "
    "url_encode"
)
_OPENING = re.compile(r"\{\{|\{%")
_TAG_NAME = re.compile(r"\{%-?\s*(\w*)")
_EMPTINESS = re.compile(r"(?<![.\w])(blank|empty)\b")
_QUOTED = re.compile(r'"[^"]*"|\'[^\']*\'')


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a template may not be published; `line` counts from 0, the template's first line."""

    message: str
    hint: str
    line: int


class _Environment(Environment):
    loop_iteration_limit = 1000
    local_namespace_limit = 64 * 1024
    output_stream_limit = OUTPUT_LIMIT

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        self.tags = {name: tag for name, tag in self.tags.items() if name in _INNER_TAGS | set(_TAGS.split())}
        self.filters = {name: self.filters[name] for name in _FILTERS.split()}
        self.tags |= {
            "for": CountedForTag(self),
            "if": OurIfTag(self),
            "unless": OurUnlessTag(self),
            "case": OurCaseTag(self),
        }
        self.filters |= {"replace": _bounded_replace, "join": _bounded_join, "date": _given_date}


def _bounded_replace(value: object, old: object, new: object = "") -> object:
    """`replace` can square its input; the bound is checked before memory is taken."""
    if str(value).count(str(old)) * len(str(new)) > OUTPUT_LIMIT:
        raise FilterArgumentError("the result of replace is too long", token=None)
    return replace(value, old, new)


@with_environment
def _bounded_join(value: Any, separator: object = " ", *, environment: Environment) -> object:
    """`join` can square its input, like `replace`."""
    if hasattr(value, "__len__") and len(value) * (len(str(separator)) + 1) > OUTPUT_LIMIT:
        raise FilterArgumentError("the result of join is too long", token=None)
    return join(value, separator, environment=environment)


@with_environment
def _given_date(value: Any, layout: object, *, environment: Environment) -> object:
    """`now` would be the worker's clock and zone, which are not the contact's."""
    if max(len(str(value)), len(str(layout))) > _LONGEST_DATE:
        raise FilterArgumentError(f"a date, or its layout, has more than {_LONGEST_DATE} characters", token=None)
    if str(value).strip().lower() in ("now", "today"):
        raise FilterArgumentError("`now` and `today` are not available: a message does not know its hour", token=None)
    return date(value, layout, environment=environment)


_TEXT = _Environment(undefined=Missing)
_HTML = _Environment(undefined=Missing, autoescape=True)


@lru_cache(maxsize=512)
def _parsed(template: str, html: bool) -> BoundTemplate:
    return (_HTML if html else _TEXT).from_string(template)


class _Lengthy(Exception):
    """The rendering is too much work to be done while others wait."""


_allowed: ContextVar[int] = ContextVar("allowed", default=MOST_WORK)
"""Units of work that each rendering may take now."""


async def rendered(work: Callable[[], T]) -> T:
    """What the work answers, which renders templates: here if that is brief, otherwise in a process that can be ended.

    Both the work and what it answers must be picklable. Raises what the work raises.
    """
    reset = _allowed.set(BRIEF_WORK)
    try:
        return work()
    except _Lengthy:
        pass
    finally:
        _allowed.reset(reset)
    try:
        return await apart(work)
    except Overrun as error:
        raise ContentError("the template cannot be rendered: it takes too long", _SIMPLER) from error


def render(
    template: str, contact: Contact, *, sender: Mapping[str, str | None] | None = None, html: bool = False
) -> str:
    """Fill in a published template; with `html`, values are escaped.

    `sender` has the SENDER_FIELDS of an email's body. Every line break comes out as `\n`.
    Raises ContentError, naming the field, when one has no value and no default, and naming the line, when it is too
    much work. Where others wait for the event loop, call it by `rendered`.
    """
    allowed = _allowed.get()
    if allowed < MOST_WORK and _takes_long_to_read(template):
        raise _Lengthy
    output = LimitedStringIO(limit=OUTPUT_LIMIT)
    try:
        parsed = _parsed(template, html)
        parsed.render_with_context(Counted(parsed, globals=values_of(contact, sender or {}), allowed=allowed), output)
    except UndefinedError as error:
        field = str(error.message)
        if field in SENDER_FIELDS:
            raise ContentError(f"`{field}` has no value", SENDER_FIELDS[field]) from error
        hint = f'write {{{{ {field} | default: "…" }}}}'
        raise ContentError(f"this contact has no value for `{field}`", hint) from error
    except TooMuchWork as error:
        if allowed < MOST_WORK:
            raise _Lengthy from error
        line = _line(template, error.token.start_index if error.token else 0) + 1
        raise ContentError(f"the template cannot be rendered: {error.message} (line {line})", _SIMPLER) from error
    except LiquidError as error:
        raise ContentError(f"the template cannot be rendered: {error.message}", "publish a mended version") from error
    except Exception as error:  # a filter that trips over a value must fail this message, not the worker
        raise ContentError(f"the template cannot be rendered: {error}", "publish a mended version") from error
    return output.getvalue()


@lru_cache(maxsize=64)  # a file may hold one text many times over, by aliases
def problems(template: str, *, email_body: bool = False) -> tuple[Problem, ...]:
    """Everything that is wrong with a template: syntax, unknown tags, filters and fields; never raises.

    `email_body` says that the SENDER_FIELDS have a value there.
    """
    found: list[Problem] = []
    constructs = _constructs(template, found)
    if not found:
        parsed = _parse_tolerantly(template, constructs, found)
        if parsed is not None:
            found.extend(_unknown_names(parsed, template, email_body=email_body) or _too_much_work(parsed, template))
    return tuple(sorted(set(found), key=lambda problem: (problem.line, problem.message)))


def sender_fields(template: str) -> frozenset[str]:
    """Which of the SENDER_FIELDS a sound template names."""
    if not any(field in template for field in SENDER_FIELDS):
        return frozenset()
    return frozenset(_parsed(template, False).analyze().globals) & SENDER_FIELDS.keys()


def literal_length(template: str) -> int:
    """Characters that a template holds outside its constructs."""
    return len(template) - _constructs_length(template)


@lru_cache(maxsize=512)
def _constructs_length(template: str) -> int:
    return sum(end - start for start, end in _constructs(template, []))


def _takes_long_to_read(template: str) -> bool:
    return len(template) > _READ_AT_ONCE and _constructs_length(template) > _READ_AT_ONCE


def _constructs(template: str, found: list[Problem]) -> list[tuple[int, int]]:
    """Where each `{{ … }}` and `{% … %}` lies, in linear time."""
    spans: list[tuple[int, int]] = []
    position = 0
    while opening := _OPENING.search(template, position):
        start, mark = opening.start(), opening[0]
        line = _line(template, start)
        closing = "}}" if mark == "{{" else "%}"
        position = template.find(closing, start + 2) + 2
        if position < 2:
            found.append(Problem(f"`{mark}` is never closed", f"add `{closing}`", line))
            break
        spans.append((start, position))
        if position - start > CONSTRUCT_LIMIT:
            found.append(
                Problem(f"`{mark} … {closing}` is longer than {CONSTRUCT_LIMIT} characters", "shorten it", line)
            )
        elif len(spans) > CONSTRUCTS_LIMIT:
            found.append(
                Problem(f"the text holds more than {CONSTRUCTS_LIMIT} merge fields and tags", "shorten it", line)
            )
            break
        else:
            found.extend(_refused_constructs(template[start:position], line))
    if sum(end - start for start, end in spans) > CONSTRUCTS_LENGTH and not found:
        message = f"the merge fields and tags have more than {CONSTRUCTS_LENGTH:,} characters together"
        found.append(Problem(message, "shorten them", 0))
    return spans


def _refused_constructs(construct: str, line: int) -> list[Problem]:
    """What the lexer and the expression parser accept by themselves, out of reach of the allow-lists."""
    tag = _TAG_NAME.match(construct)
    if tag and tag[1] in ("raw", "doc"):
        return [Problem(f"the tag `{tag[1]}` is not supported", _tags_hint(), line)]
    bare = _QUOTED.sub("", construct)
    if emptiness := _EMPTINESS.search(bare):  # a missing value equals neither, so the test would mislead
        return [Problem(f"`{emptiness[1]}` is not supported", "test for a value with {% if company %}", line)]
    if ".." in bare:  # a range costs time without bound
        return [Problem("ranges such as `(1..5)` are not supported", "loop over `tags`, or write the lines out", line)]
    return []


def _parse_tolerantly(template: str, spans: list[tuple[int, int]], found: list[Problem]) -> BoundTemplate | None:
    """Parse; each faulty `{{ … }}` is noted and blanked out, so that it hides neither the others nor the rest."""
    try:
        return _TEXT.from_string(template)
    except LiquidError:
        text = template
    for start, end in spans:
        construct = template[start:end]
        if construct.startswith("{{") and (error := _parse_error(construct)):
            found.append(Problem(*_syntax(error), _line(template, start)))
            text = text[:start] + re.sub(r"[^\n]", " ", construct) + text[end:]
    try:
        return _TEXT.from_string(text)
    except LiquidError as error:
        index = error.token.start_index if error.token else -1
        if index < 0:  # found at the end of the text: what is open is most likely the last tag
            index = max((start for start, _ in spans if template.startswith("{%", start)), default=0)
        found.append(Problem(*_syntax(error), _line(template, index)))
    return None


def _parse_error(construct: str) -> LiquidError | None:
    try:
        _TEXT.from_string(construct)
    except LiquidError as error:
        return error
    return None


def _syntax(error: LiquidError) -> tuple[str, str]:
    message = str(error.message)
    if message.startswith("unexpected tag"):
        return message, _tags_hint()
    return f"Liquid syntax: {message}", "write merge fields like {{ name }} and tags like {% if company %}…{% endif %}"


def _tags_hint() -> str:
    return f"tags here: {', '.join(_TAGS.split()[1:])}"


def _unknown_names(parsed: BoundTemplate, template: str, *, email_body: bool) -> list[Problem]:
    try:
        analysis = parsed.analyze()
    except (LiquidError, RecursionError):
        return [Problem("the template is too deeply nested", "simplify it", 0)]
    found = [
        Problem(*fault, _line(template, variable.span.index))
        for variable in chain.from_iterable(analysis.globals.values())
        if (fault := complaint(variable, email_body=email_body))
    ]
    for name, spans in analysis.filters.items():
        if name not in _TEXT.filters:
            near = get_close_matches(name, _TEXT.filters, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"filters here: {', '.join(_FILTERS.split())}"
            found.extend(Problem(f"unknown filter `{name}`", hint, _line(template, span.index)) for span in spans)
    return found


def _too_much_work(parsed: BoundTemplate, template: str) -> list[Problem]:
    """What a trial shows, for a contact who has something in each field; whom it is too much work for, fails."""
    try:
        parsed.render_with_context(
            Counted(parsed, globals=sample_values(), allowed=MOST_WORK), LimitedStringIO(limit=OUTPUT_LIMIT)
        )
    except TooMuchWork as error:
        line = _line(template, error.token.start_index if error.token else 0)
        return [Problem("to fill in the template is too much work", _SIMPLER_NOW, line)]
    except Exception:  # values of another kind may do: only the work is judged
        return []
    return []


def _line(text: str, index: int) -> int:
    return text.count("\n", 0, index)
