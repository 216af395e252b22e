"""Merge fields: what may be written, and what comes out."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from content.liquid import literal_length, problems, render, sender_fields
from domain.condition import Comparison
from domain.contact import Contact
from domain.errors import ContentError
from domain.facts import Facts, evaluate, fields_of
from tests.support.machine import assert_takes_at_most

ANA = Contact(
    id=UUID(int=1),
    external_id="c-1",
    name="Ana María Díaz",
    email="ana@example.com",
    company="",
    tags=("vip", "spain"),
    attributes={"plan": "pro", "nick": "", "html": "<b>&"},
)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hi {{ name }}", "Hi Ana María Díaz"),
        ("{{ first_name }}, {{ last_name }}", "Ana, María Díaz"),
        ("{{ attributes.plan | upcase }} {{ attributes['plan'] }}", "PRO pro"),
        ('{{ company | default: "your company" }}', "your company"),
        ("{{ attributes.unknown | default: 'x' }}", "x"),
        ("{% if company %}at {{ company }}{% else %}there{% endif %}", "there"),
        ("{% unless phone %}no phone{% endunless %}", "no phone"),
        ("{% for tag in tags %}{{ forloop.index }}{{ tag }} {% endfor %}", "1vip 2spain "),
        ("{{ tags | join: '+' }} {{ tags.size }}", "vip+spain 2"),
        ("{% if tags contains 'vip' %}v{% endif %}", "v"),
        ("{% assign greeting = name | append: '!' %}{{ greeting }}", "Ana María Díaz!"),
        ("{% case attributes.plan %}{% when 'pro' %}P{% endcase %}", "P"),
        ("{{ '2026-01-02' | date: '%d.%m.%Y' }}", "02.01.2026"),
        ("line one\r\n{{ external_id }} 👋 שלום", "line one\nc-1 👋 שלום"),
    ],
)
def test_fields_tags_and_filters_render(template: str, text: str) -> None:
    """What `problems` accepts renders as Liquid says."""
    assert problems(template) == ()
    assert render(template, ANA) == text


@pytest.mark.parametrize("field", ["company", "phone", "attributes.nick", "attributes.nothing"])
@pytest.mark.parametrize(
    "use", ["{{ %s }}", "{{ %s | upcase }}", "{%% for x in %s %%}{%% endfor %%}", "{{ %s | size }}"]
)
def test_a_field_without_value_or_default_fails_and_is_named(field: str, use: str) -> None:
    """Nobody receives "Hi ," : the message fails with the field's name and the way out."""
    with pytest.raises(ContentError, match=f"no value for `{field}`") as caught:
        render(use % field, ANA)
    assert caught.value.hint == f'write {{{{ {field} | default: "…" }}}}'


@pytest.mark.parametrize(
    ("template", "named"),
    [
        ("{{ attributes['Two Words'] }}", "attributes.two_words"),
        ("{{ attributes['Price (USD)'] }}", 'attributes["price_(usd)"]'),
        ("{{ attributes['2nd \"name\"'] }}", "attributes['2nd_\"name\"']"),
    ],
)
def test_the_mend_of_a_missing_attribute_is_liquid(template: str, named: str) -> None:
    """What the hint proposes to write passes the check, whatever signs the column's name has."""
    with pytest.raises(ContentError) as caught:
        render(template, ANA)
    assert f"`{named}`" in str(caught.value)
    mended = str(caught.value.hint).removeprefix("write ")
    assert problems(mended) == ()
    assert render(mended, ANA) == "…"


def test_html_escapes_values_and_nothing_else() -> None:
    """A contact's data cannot become markup; the author's markup stays."""
    template = "<p>{{ attributes.html }} {{ attributes.html | append: '<i>' }}</p>"
    assert render(template, ANA, html=True) == "<p>&lt;b&gt;&amp; &lt;b&gt;&amp;<i></p>"
    assert render("{{ attributes.html }}", ANA) == "<b>&"


@pytest.mark.parametrize(
    ("template", "message", "hint", "line"),
    [
        ("Hi\n{{ nmae }}", "unknown merge field `nmae`", "did you mean `name`?", 1),
        ("{{ plan }}", "unknown merge field `plan`", "custom columns are written attributes.plan", 0),
        ("{{ name | default: nick }}", "unknown merge field `nick`", "attributes.nick", 0),
        ("{{ now }}", "unknown merge field `now`", "fields here", 0),
        ("{{ name.first }}", "`name` has no part `first`", "{{ name }}", 0),
        ("{{ attributes }}", "`attributes` names no column", "attributes.column", 0),
        ("{{ attributes.email }}", "`attributes.email` never has a value", "write {{ email }}", 0),
        ("{{ attributes['E-Mail'] }}", "the column `email` is no attribute", "write {{ email }}", 0),
        ("{{ attributes['External ID'] }}", "the column `external_id` is no attribute", "{{ external_id }}", 0),
        ("{{ attributes.triggers }}", "the column `triggers` is no attribute", "remove it", 0),
        ("{{ attributes[' '] }}", "names no column", "1 to 64 characters", 0),
        (f"{{{{ attributes.{'x' * 65} }}}}", "names no column", "1 to 64 characters", 0),
        ("{{ unsubscribe_url }}", "only in the `body` and `html` of an email", "move it there", 0),
        ("{{ postal_address }}", "only in the `body` and `html` of an email", "move it there", 0),
        ("{{ tags.colour }}", "`tags` has no part `colour`", "tags.first", 0),
        ("a\n\n{{ name", "`{{` is never closed", "add `}}`", 2),
        ("a\n{% if name", "`{%` is never closed", "add `%}`", 1),
        ("{{ name | upcas }}", "unknown filter `upcas`", "did you mean `upcase`?", 0),
        ("{{ name | safe }}", "unknown filter `safe`", "", 0),
        ("{{ name | }}", "Liquid syntax: expected word, found end of expression", "{{ name }}", 0),
        ("x\n{% if name %}", "Liquid syntax: expected tag endif", "endif", 1),
        ("x\n{% endif %}", "unexpected tag 'endif'", "tags here", 1),
        ("{% include 'x' %}", "unexpected tag 'include'", "tags here", 0),
        ("{% render 'x' %}", "unexpected tag 'render'", "tags here", 0),
        ("{% raw %}{{ x }}{% endraw %}", "the tag `raw` is not supported", "tags here", 0),
        ("{% for i in (1..9) %}{% endfor %}", "ranges such as `(1..5)` are not supported", "tags", 0),
        ("{% if company != blank %}{% endif %}", "`blank` is not supported", "{% if company %}", 0),
        (f"{{{{ name | append: '{'x' * 1000}' }}}}", "is longer than 1000 characters", "shorten", 0),
        ("{{ name }}" * 2001, "more than 2000 merge fields", "shorten", 0),
    ],
)
def test_a_faulty_template_is_found_out_when_it_is_saved(template: str, message: str, hint: str, line: int) -> None:
    """Each fault has its line, what is wrong and what would be right."""
    found = problems(template)
    assert [problem.line for problem in found if message in problem.message] == [line], found
    assert any(hint in problem.hint for problem in found if message in problem.message)


@pytest.mark.parametrize(
    ("field", "mend"), [("unsubscribe_url", "PUBLIC_URL"), ("postal_address", "set the tenant's postal address")]
)
def test_what_the_sender_has_stands_in_the_bodies_of_emails(field: str, mend: str) -> None:
    """It is known there, filled in, found by whoever publishes; without a value the fix is the sender's."""
    template = f"{{{{ {field} }}}}"
    assert problems(template, email_body=True) == ()
    assert sender_fields(f"Hi {{{{ name }}}}, {template}") == {field}
    assert sender_fields("{{ name }}") == frozenset()
    assert render(template, ANA, sender={field: "<here>"}) == "<here>"
    assert render(template, ANA, sender={field: "<here>"}, html=True) == "&lt;here&gt;"
    assert render(f"{{% if {field} %}}x{{% endif %}}", ANA, sender={field: None}) == ""
    with pytest.raises(ContentError, match=f"`{field}` has no value") as caught:
        render(template, ANA, sender={field: None})
    assert mend in str(caught.value.hint)
    (fault,) = problems("{{ postal_addres }}", email_body=True)
    assert "did you mean `postal_address`?" in fault.hint


def test_one_fault_does_not_hide_the_next() -> None:
    """Every merge field with a fault is named, and unknown names beside them too."""
    found = problems("{{ name | }}\n{{ | }}\n{{ nope }}\n{{ name | nope }}")
    assert [problem.line for problem in found] == [0, 1, 2, 3]


def test_names_of_the_template_itself_are_known() -> None:
    """Loop variables, assignments and captures are no unknown fields."""
    template = "{% assign a = 1 %}{% capture b %}x{% endcapture %}{{ a }}{{ b }}{% for t in tags %}{{ t }}{% endfor %}"
    assert problems(template) == ()


@pytest.mark.parametrize(
    "template",
    [
        "{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | replace: 'a', x %}" * 9,
        "{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | append: x %}" * 40,
        "{{ '" + "a" * 900 + "' | replace: '', attributes.big | replace: '', attributes.big }}",
        "{{ attributes.big | split: '' | join: attributes.big }}",
        "{% for a in tags %}" * 3 + "{{ attributes.big }}" + "{% endfor %}" * 3,
        "{{ 1 | divided_by: 0 }}",
        "{{ 'now' | date: '%A' }}",
        "{{ 'no date' | times: 9 | date: 3 }}{{ name | plus: tags }}{{ tags | date: 'x' }}",
    ],
)
def test_a_greedy_template_fails_its_message_fast(template: str) -> None:
    """Output, names and filters are bounded: a template can fail, not take the worker with it."""
    contact = ANA.model_copy(update={"attributes": {"big": "x" * 20_000}, "tags": tuple("abcdefgh")})

    def fails() -> None:
        with pytest.raises(ContentError):
            render(template, contact)

    assert_takes_at_most(2, fails)


@pytest.mark.parametrize(
    "text", ["{{" * 500_000, "{% raw %}" * 50_000, "{{" + " " * 500_000 + "}}", "{%" * 9999 + "%}"]
)
def test_hostile_templates_are_judged_in_linear_time(text: str) -> None:
    """The lexer's patterns never see what they would be slow on."""
    assert problems(text)
    assert_takes_at_most(2, lambda: problems(text))


_PIECES = st.sampled_from(
    ["{{", "}}", "{%", "%}", " name ", "|", "if ", "endif", "'", '"', "[", ".", "\n", "for t in tags", "default: "]
)


@settings(max_examples=300)
@given(st.lists(_PIECES | st.text(max_size=3), max_size=14).map("".join))
def test_any_text_is_judged_and_what_passes_renders_or_fails_as_content(template: str) -> None:
    """`problems` never raises; `render` raises ContentError and nothing else."""
    if not problems(template):
        try:
            render(template, ANA)
        except ContentError:
            return


def test_only_literal_text_counts_towards_a_limit() -> None:
    """A long merge field is not a long message."""
    assert literal_length("Hi {{ company | default: 'your company' }}!{% if name %}{% endif %}") == len("Hi !")


SEATS = ANA.model_copy(
    update={
        "attributes": {"seats": " 12", "few": "9", "due": "2026-12-01", "sure": "Yes", "plan": "Pro", "odd": "many"}
    }
)


@pytest.mark.parametrize(
    ("test", "holds"),
    [
        ("attributes.seats > 10", True),
        ("attributes.seats == 12", True),
        ("12.0 == attributes.seats", True),
        ("attributes.seats != 12", False),
        ("attributes.seats <> 13", True),
        ("attributes.seats >= 12", True),
        ("attributes.seats <= 11.5", False),
        ("attributes.few < attributes.seats", True),
        ("'9' < '10'", True),
        ("attributes.few > '10'", False),
        ("attributes.odd > 10", False),
        ("attributes.odd <= 10", False),
        ("attributes.due < '2026-12-01T08:00'", True),
        ("attributes.due > '2025-12-31'", True),
        ("attributes.due < 3000", False),
        ("attributes.sure == true", True),
        ("attributes.sure == false", False),
        ("attributes.plan == 'pro'", True),
        ("attributes.plan < 'z'", True),
        ("attributes.none > 3", False),
        ("attributes.none < 3", False),
        ("attributes.none == 0", False),
        ("attributes.none != 0", True),
        ("attributes.none == nil", True),
        ("attributes.plan == nil", False),
        ("attributes.none == null or attributes.seats > 10", True),
        ("attributes.few == 9 and attributes.seats == 12", True),
        ("attributes.plan == 'x' or attributes.few == 9 and attributes.seats == 12", True),
        ("attributes.plan contains 'PR'", True),
        ("attributes.seats contains 2", True),
        ("attributes.none contains 'x'", False),
        ("attributes.plan contains attributes.none", False),
        ("tags contains 'VIP'", True),
        ("tags contains 'vi'", False),
        ("tags.size > 1", True),
        ("tags.size == '2'", True),
        ("name.size < 100", True),
    ],
)
def test_a_test_compares_as_a_condition_does(test: str, holds: bool) -> None:
    """Numbers by size, dates by time, text without regard to case; a missing field is equal to nil alone."""
    for template in (
        "{% if TEST %}yes{% else %}no{% endif %}",
        "{% if false %}{% elsif TEST %}yes{% else %}no{% endif %}",
        "{% unless TEST %}no{% else %}yes{% endunless %}",
        "{% unless true %}{% elsif TEST %}yes{% else %}no{% endunless %}",
    ):
        written = template.replace("TEST", test)
        assert problems(written) == ()
        assert render(written, SEATS) == ("yes" if holds else "no")


@pytest.mark.parametrize(
    ("case", "text"),
    [
        ("{% when 12 %}twelve{% else %}other", "twelve"),
        ("{% when '12', 12 or 12.0 %}twelve{% else %}other", "twelve"),
        ("{% when 11 %}eleven{% when nil %}none{% else %}other", "other"),
    ],
)
def test_a_case_is_equal_as_in_a_condition(case: str, text: str) -> None:
    """A number that is written as text is that number, and a block whose values are equal twice is there once."""
    template = f"{{% case attributes.seats %}}{case}{{% endcase %}}"
    assert problems(template) == ()
    assert render(template, SEATS) == text


@pytest.mark.parametrize(
    ("operator", "operand"),
    [(o, v) for o in ("eq", "ne", "gt", "lt", "contains") for v in (12, 9.5, "12", "2026-12-01", "pro")],
)
@pytest.mark.parametrize("field", ["seats", "few", "due", "sure", "plan", "odd", "none"])
def test_a_template_and_a_condition_never_differ(operator: str, operand: float | str, field: str) -> None:
    """What a condition takes, a template reads the same way."""
    try:
        condition = Comparison.model_validate({"field": f"attributes.{field}", operator: operand})
    except ValidationError:
        return
    sign = {"eq": "==", "ne": "!=", "gt": ">", "lt": "<"}.get(operator, operator)
    written = f"{{% if attributes.{field} {sign} {operand!r} %}}True{{% else %}}False{{% endif %}}"
    held = evaluate(condition, Facts(fields=dict(fields_of(SEATS))), datetime(2026, 1, 1, tzinfo=UTC))
    assert render(written, SEATS) == str(held)


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ("attributes.seats > nil", "more or less than"),
        ("true <= attributes.seats", "more or less than"),
        ("name and company or phone", "ambiguous"),
        ("name or company and phone or email", "ambiguous"),
    ],
)
@pytest.mark.parametrize("tag", ["{% if TEST %}{% endif %}", "{% unless TEST %}{% endunless %}"])
def test_a_test_that_misleads_is_refused(tag: str, test: str, message: str) -> None:
    """An order of what has none is never true, and `and` in front of `or` is read from the right."""
    (problem,) = problems(f"one\n{tag.replace('TEST', test)}")
    assert message in problem.message
    assert problem.line == 1


def test_comparing_long_texts_is_paid_for() -> None:
    """A loop that compares what it has captured again and again is refused as too much work."""
    loop = "{% for a in tags %}" * 3 + "{% if long contains 'zz' %}{% endif %}" + "{% endfor %}" * 3
    template = "{% capture long %}" + "é" * 5_000 + "{% endcapture %}" + loop
    assert any("too much work" in problem.message for problem in problems(template))
