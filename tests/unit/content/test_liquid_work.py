"""Templates that are more work than a message may be: refused where it can be seen, ended where it cannot."""

import asyncio
import os
from functools import partial

import pytest

from content import liquid
from content.liquid import problems, render, rendered
from domain.contact import Contact
from domain.errors import ContentError
from domain.ids import new_id
from tests.support.machine import assert_takes_at_most

_WHO = Contact(
    id=new_id(),
    external_id="c1",
    name="Ana",
    tags=tuple("abcdefghijklmnopqrst"),
    attributes={"long": "<&é\n a" * 3_000, "number": "9" * 4_000},
    zones=("Etc/UTC",),
)
_DOUBLED = "{% assign s = 'aaaaaaaaaa' %}" + "{% assign s = s | append: s %}" * 12
_DEAR = {
    "chains of filters": _DOUBLED + ("{{ s" + " | escape" * 100 + ' | size | truncate: 0, "" }}') * 100,
    "loops in loops": "{% for a in tags %}{% for b in tags %}"
    + "{{ a | escape | escape | escape | size | truncate: 0, '' }}" * 40
    + "{% endfor %}{% endfor %}",
    "loops of constants": "{% for a in tags %}{% for b in tags %}"
    + "{% if 'a' == 'b' or 1 == 2 or 'a' == 'b' %}{% endif %}" * 900
    + "{% endfor %}{% endfor %}",
    "lists": _DOUBLED + "{{ s | split: '' | join: '-' | size }}" * 900,
}
_DEAR_FOR_SOME = {
    "values in a filter": "{{ attributes.long | escape_once | size }}" * 1_900,
    "values written": "{{ attributes.long }}" * 1_900,
    "values compared": "{% if attributes.long contains attributes.long %}{% endif %}" * 900,
    "values in a list": "{{ attributes.long | split: '' | size }}" * 900,
    "values captured": "{% capture x %}{{ attributes.long }}{% endcapture %}" * 600,
    "dates": "{{ attributes.long | date: '%Y' }}" * 900,
    "numbers": "{% assign n = 9 %}" + "{% assign n = n | times: n %}" * 30 + "{{ n }}",
    "looked through": "{% for t in tags %}{% for u in tags %}{{ attributes.long | slice: 1 }}{% endfor %}{% endfor %}",
}


@pytest.mark.parametrize("template", _DEAR.values(), ids=_DEAR)
def test_a_dear_template_is_refused_when_it_is_published(template: str) -> None:
    """Where it is too much work for anybody, its author hears so, and of which line."""
    [problem] = problems("Hello,\n" + template)
    assert (problem.message, problem.line) == ("to fill in the template is too much work", 1)


@pytest.mark.parametrize("template", [*_DEAR.values(), *_DEAR_FOR_SOME.values()], ids=[*_DEAR, *_DEAR_FOR_SOME])
@pytest.mark.parametrize("html", [False, True])
def test_a_rendering_ends_in_time(template: str, html: bool) -> None:
    """Whatever the contact has: a fifth of a second of the processor, once the template has been read."""
    liquid._parsed(template, html)

    def fails() -> None:
        with pytest.raises(ContentError):
            render(template, _WHO, html=html)

    assert_takes_at_most(0.5, fails)


def test_the_error_names_the_line() -> None:
    """Whoever reads why the message failed knows where to look."""
    with pytest.raises(ContentError, match=r"too much work \(line 3\)"):
        render("Hello,\n\n" + _DEAR_FOR_SOME["values in a filter"], _WHO)


def test_what_is_honest_is_far_from_the_limit() -> None:
    """A newsletter with a table of forty rows, a hundred merge fields and long texts in them."""
    row = "<tr><td>{{ t | escape | upcase }}</td><td>{{ name | default: 'you' | truncate: 20 }}</td></tr>"
    table = "{% for t in tags %}" + row + "{% endfor %}"
    letter = "<p>" + "word " * 20_000 + "</p>" + table + "{{ name | default: 'you' | escape }} " * 100
    who = _WHO.model_copy(update={"tags": tuple(f"tag {number}" for number in range(40))})
    assert problems(letter) == ()
    assert render(letter, who, html=True).count("<tr>") == 40


@pytest.mark.parametrize("template", ["{{ [[0]] }}", "{{ [a] }}", "{% if [[1]] %}x{% endif %}", "{{ [['name']] }}"])
def test_a_field_without_a_name_is_refused(template: str) -> None:
    """Brackets within brackets name no field of anybody."""
    assert any("names no field" in problem.message for problem in problems(template))


def test_constructs_are_bounded_together() -> None:
    """Each may be long, and there may be many, but not both: to read them all takes the processor seconds."""
    construct = "{{ name | default: '" + "a" * 900 + "' }}"
    [problem] = problems(construct * 200)
    assert "more than 100,000 characters together" in problem.message


async def test_what_is_brief_is_rendered_here() -> None:
    """A process of its own would cost most messages more than they take."""
    assert await rendered(partial(_process_and, "{{ name }}")) == (os.getpid(), "Ana")


async def test_what_is_not_brief_is_rendered_elsewhere() -> None:
    """Nobody waits for it on this event loop, and it has the same result."""
    template = "{{ attributes.long | escape | size }}" * 4
    process, text = await rendered(partial(_process_and, template))
    assert process != os.getpid()
    assert text == render(template, _WHO)


async def test_what_takes_long_to_read_is_rendered_elsewhere() -> None:
    """To read a template takes longer than to fill it in."""
    process, text = await rendered(partial(_process_and, "{{ name }}" * 1_000))
    assert process != os.getpid()
    assert text == "Ana" * 1_000


async def test_a_dear_template_fails_as_content_elsewhere() -> None:
    """The error comes back with its hint, and the next rendering finds everything as it was."""
    work = partial(render, _DEAR_FOR_SOME["values in a filter"], _WHO)
    caught = (await asyncio.gather(rendered(work), return_exceptions=True))[0]
    assert isinstance(caught, ContentError)
    assert caught.hint is not None
    assert await rendered(partial(render, "{{ name }}", _WHO)) == "Ana"


def _process_and(template: str) -> tuple[int, str]:
    return os.getpid(), render(template, _WHO)
