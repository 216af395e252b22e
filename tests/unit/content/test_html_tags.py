"""The tags of an HTML text as browsers read them, whatever the release of Python."""

import random
from html.entities import html5
from itertools import pairwise
from uuid import UUID

import pytest

from content.html_tags import decoded, tags_of
from content.links import Links
from content.tracking import mark_up

LINKS = Links("https://t.example.com", ["key"])
TENANT, JOB = UUID(int=1), UUID(int=2)
ALPHANUMERIC = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def read_by_states(value: str) -> str:
    """HTML's character reference states, character by character, for an attribute's value."""
    out, at = [], 0
    while at < len(value):
        if value[at] != "&":
            out.append(value[at])
            at += 1
            continue
        named = ""
        for end in range(at + 1, min(len(value), at + 40) + 1):
            if value[at + 1 : end] in html5:
                named = value[at + 1 : end]
        behind = value[at + 1 + len(named) : at + 2 + len(named)]
        is_left = not named.endswith(";") and behind != "" and (behind == "=" or behind in ALPHANUMERIC)
        if named and not is_left:
            out.append(html5[named])
            at += 1 + len(named)
            continue
        out.append("&")
        at += 1
    return "".join(out)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("?a=1&copy=2&region=eu&currency=USD&timestamp=5&param=x&section=3&times=1&lt=2", None),
        ("?a&notit;&notin;&not;&not", "?a&notit;∉¬¬"),
        ("&amp;copy=1&ampcopy=1&amp=1&amp", "&copy=1&ampcopy=1&amp=1&"),
        ("&copy-&copy;=&copy &copyx&copy1", "©-©=© &copyx&copy1"),
        ("&copy&copy=1", "©&copy=1"),
        ("&#38;&#x26;&#X26&#38=1&#38a", "&&&&=1&a"),
        ("&#128;&#x81;&#0;&#xD800;&#x110000;&#99999999999999999999;&#1;", "€\x81\ufffd\ufffd\ufffd\ufffd\x01"),
        ("&&;&#;&#x;&unknown;&unknown&", None),
        ("&acE;&NotEqualTilde;&fjlig;", "\u223e\u0333\u2242\u0338fj"),
        ("&copyé", "©é"),
    ],
)
def test_a_reference_without_its_semicolon_stays_in_front_of_more(written: str, meant: str | None) -> None:
    """HTML's rule for attributes: what may be the name of a query's parameter is no reference."""
    assert decoded(written) == (written if meant is None else meant)


def test_values_are_decoded_as_the_states_of_html_say() -> None:
    """Every reference that there is, in front of and behind everything that decides about it."""
    dice = random.Random(5)  # noqa: S311 - examples, not secrets
    for name in html5:
        for behind in ("", "=", ";", "a", "Z", "0", "é", "&", " ", "-", "=1&"):
            value = f"?x=1&{name}{behind}"
            assert decoded(value) == read_by_states(value), value
    names = [name.rstrip(";") for name in html5]
    for _ in range(5_000):
        value = "".join(dice.choice((*"&;=a1 é", f"&{dice.choice(names)}")) for _ in range(12))
        assert decoded(value) == read_by_states(value), value


_WRAPPINGS = [
    "{}",
    "<p title='<a href=\"https://a.example/\">'>{}</p>",
    "<div>1 < 2 &copy=3 &amp {}</ div></>",
    "<script>if (a<b) '</scrip>' <!-- <script></script> <a href='https://a.example/'> --></script >{}",
    "<STYLE>a::after {{ content: '<a href=https://a.example/>' }}</style\n>{}",
    "<title><a href='https://a.example/'></title>{}",
    "<textarea></textareas><a href=https://a.example/></textarea>{}",
    "<!--[if mso]><a href='https://a.example/'>x</a><![endif]-->{}",
    "<!--[if !mso]><!-->{}<!--<![endif]-->",
    "<![if !mso]>{}<![endif]>",
    "<!-->{}<!-- > -- -> --!>",
    "<!--->{}",
    "<?xml <a href='https://a.example/' ?>{}",
    "<!DOCTYPE html PUBLIC '-//W3C//DTD'>{}",
    "</p <a href='https://a.example/'>{}",
    "<noscript>{}</noscript>",
    "<o:p>{}</o:p><v:roundrect href='https://a.example/'>",
]
_TAGS = [
    "<a href={}>",
    "<A\tCLASS=x HREF = {}  Class='Y' >",
    "<a data-href='https://b.example/' href={} href='https://c.example/'>",
    "<a =href=x title=a&copy=b href={} download/>",
    "<area alt='&lt;&copy=1 > \"'/href={} />",
    '<a title="it\'s > &quot;"href={} hidden>',
]
_QUERIES = ["copy=1", "reg=2", "lt=3", "amp;x=4", "para", "#38;y=5", "section=6", "q=ä", "times;", "a;b", "notit;=1"]


def test_everything_but_the_target_stays_byte_for_byte() -> None:
    """A link's value is all that changes, whatever stands around it; and it leads to where the browser would."""
    dice = random.Random(7)  # noqa: S311 - examples, not secrets
    for _ in range(3_000):
        before, around = "", "{}"
        values: list[str] = []
        for _ in range(dice.randint(1, 4)):
            quote = dice.choice(("", '"', "'"))
            value = "https://a.example/?" + "&".join(dice.sample(_QUERIES, dice.randint(0, 4)))
            values.append(f"{quote}{value}{quote}")
            around = dice.choice(_WRAPPINGS).replace("{}", around, 1).replace("{{", "{").replace("}}", "}")
            before += around.replace("{}", dice.choice(_TAGS) + "x</a>", 1)
            around = "{}"
        html = before
        for value in values:
            html = html.replace("{}", value, 1)
        marked = mark_up(html, LINKS, TENANT, JOB, opens=False, clicks=True)
        expected = before
        for value in values:
            quote = value[0] if value[0] in "\"'" else '"'
            url = LINKS.click_url(TENANT, JOB, read_by_numbers(read_by_states(value.strip("\"'"))))
            expected = expected.replace("{}", f"{quote}{url}{quote}", 1)
        assert marked == expected, html


def read_by_numbers(value: str) -> str:
    """The one numeric reference among the queries."""
    return value.replace("&#38;", "&")


@pytest.mark.parametrize(
    "unfinished",
    ["<a href='x", "<a href=x", "<a", "<!-- > ", "<!--[if mso]>", "<script> </scripts> ", "<plaintext> ", "<?", "</a "],
)
def test_nothing_is_a_tag_behind_what_never_ends(unfinished: str) -> None:
    """A browser shows none of it, and a scan for its end is not begun again."""
    html = f"<p>{unfinished}" + (' <a href="https://a.example/">' if "<!--" in unfinished else "")
    if unfinished.startswith(("<script", "<plain")):
        html += '<a href="https://a.example/">'
    assert mark_up(html, LINKS, TENANT, JOB, opens=False, clicks=True) == html


def test_tags_are_in_order_and_do_not_overlap() -> None:
    """Of any text at all, each tag begins with `<` and each value lies inside of it."""
    dice = random.Random(9)  # noqa: S311 - examples, not secrets
    pieces = [*"<>/!-?=\"' \n&;", "a", "href", "<a ", "<!--", "-->", "<script", "</script>", "é", "\0"]
    for _ in range(5_000):
        html = "".join(dice.choices(pieces, k=30))
        tags = list(tags_of(html))
        assert all(html[tag.start] == "<" for tag in tags)
        places = [place for tag in tags for value in tag.attributes for place in (value.start, value.end)]
        assert places == sorted(places)
        assert all(first.start < second.start for first, second in pairwise(tags))
        assert all(
            not value.quote or html[value.start] == html[value.end - 1] for tag in tags for value in tag.attributes
        )
