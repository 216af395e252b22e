"""HTML with its links led by way of us: only those, and nothing else touched."""

import re
from uuid import UUID

import pytest

from content.links import Links
from content.tracking import MAX_TARGET, mark_up
from tests.support.machine import assert_takes_at_most

LINKS = Links("https://t.example.com", ["key"])
TENANT, JOB = UUID(int=1), UUID(int=2)
UNSUBSCRIBE = LINKS.unsubscribe_url(TENANT, JOB)
PICTURE = f'<img src="{LINKS.open_url(TENANT, JOB)}" width="1" height="1" alt="">'


def clicks(html: str) -> str:
    return mark_up(html, LINKS, TENANT, JOB, opens=False, clicks=True, keep=UNSUBSCRIBE)


def by_way_of_us(target: str) -> str:
    return LINKS.click_url(TENANT, JOB, target)


@pytest.mark.parametrize(
    ("written", "target", "rewritten"),
    [
        ('<a href="https://a.example/">', "https://a.example/", '<a href="{}">'),
        ("<A  CLASS=x\n HREF='http://a.example/?q=1&amp;r=%C3%A4' download>", "http://a.example/?q=1&r=%C3%A4",
         "<A  CLASS=x\n HREF='{}' download>"),
        ("<a href=https://a.example/x>", "https://a.example/x", '<a href="{}">'),
        ('<a title="1 > 0 &quot;" href=" https://a.example/ ">', "https://a.example/",
         '<a title="1 > 0 &quot;" href="{}">'),
        ('<area shape="rect" href="https://a.example/ä">', "https://a.example/ä", '<area shape="rect" href="{}">'),
    ],
)  # fmt: skip
def test_links_to_the_web_go_by_way_of_us(written: str, target: str, rewritten: str) -> None:
    """The target is signed as a browser would read it; the tag's other attributes mean what they meant."""
    before, after = "<p>é &nbsp;<b CLASS='y'>\r\n", "it</a></p><!-- <a href='https://c.example/'> -->"
    assert clicks(before + written + after) == before + rewritten.format(by_way_of_us(target)) + after


@pytest.mark.parametrize(
    "html",
    [
        f'<a href="{UNSUBSCRIBE}">no more</a>',
        f'<a href="{UNSUBSCRIBE}?from=footer">no more</a>',
        '<a href="mailto:a@example.com">write</a>',
        '<a href="tel:+12125550101">call</a>',
        '<a href="#top">up</a><a name="top">here</a><a href>none</a>',
        '<a href="javascript:alert(1)">x</a>',
        '<a href="/relative">x</a><a href="https://">x</a><a href="https://[">x</a>',
        '<a href="https://a.example/a b">x</a>',
        f'<a href="https://a.example/{"x" * MAX_TARGET}">x</a>',
        '<img src="https://a.example/i.png"><link href="https://a.example/s.css">',
        '<!--[if mso]><a href="https://a.example/">x</a><![endif]-->',
        "<script>'<a href=\"https://a.example/\">'</script>",
        "text with https://a.example/ in it, 1 < 2 & <broken <a hre",
        "",
    ],
)
def test_everything_else_stays_as_it_was(html: str) -> None:
    """No mailto, no anchor, no unsubscribe link, nothing in comments or scripts, and no broken markup is changed."""
    assert clicks(html) == html


@pytest.mark.parametrize(
    ("template", "field", "tracked"),
    [
        ('<a href="{{ x }}">', "https://evil.example/", False),
        ('<a href="https://{{ x }}/">', "evil.example", False),
        ('<a href="https://a.example{{ x }}">', ".evil.example/", False),
        ('<a href="https://a.example{{ x }}"> https://a.example/', "@evil.example/", False),
        ('<a href="https://a.example{{ x }}"> https://a.example/', ":8443/", False),
        ('<a href="https://a.example{{ x }}"> https://a.example/', "\\@evil.example/", False),
        ('<a href="{{ x }}"> https://a.example/', "https://A.example@evil.example/", False),
        ('<a href="{{ x }}"> https://a.example/', "https://A.example/anywhere", True),
        ('<a href="https://a.example/{{ x }}">', "?to=https://evil.example/", True),
        ('<a href="HTTPS://A.example:8443?{{ x }}">', "q=1", True),
        ('{% assign home = "https://a.example" %}<a href="{{ home }}/{{ x }}">', "1", True),
    ],
)
def test_our_domain_leads_only_to_hosts_that_the_author_wrote(template: str, field: str, tracked: bool) -> None:
    """Where a contact's field names the host, the link stays: signed it would be an open redirect for good."""
    html = template.replace('{% assign home = "https://a.example" %}', "").replace("{{ home }}", "https://a.example")
    html = html.replace("{{ x }}", field)
    marked = mark_up(html, LINKS, TENANT, JOB, opens=False, clicks=True, template=template)
    assert ("/c/" in marked) == tracked
    assert tracked or marked == html


def test_several_links_and_lines() -> None:
    """Each link of a long text is found at its own place."""
    html = "".join(f'<p>line {i} ☃\n\t<a\nhref="https://a.example/{i}">{i}</a>\n' for i in range(50))
    marked = clicks(html)
    found = [LINKS.read_click(token)[1] for token in re.findall(r'/c/([\w.-]+)"', marked)]
    assert found == [f"https://a.example/{i}" for i in range(50)]
    assert re.sub(r'<a\nhref="[^"]+">', "<a>", marked) == re.sub(r'<a\nhref="[^"]+">', "<a>", html)


@pytest.mark.parametrize(
    ("html", "marked"),
    [
        ("<html><body><p>x</p></BODY></html>", f"<html><body><p>x</p>{PICTURE}</BODY></html>"),
        ("<p>x</p>", f"<p>x</p>{PICTURE}"),
        ("<!-- </body> --><p>x", f"<!-- </body> --><p>x{PICTURE}"),
    ],
)
def test_the_picture_stands_at_the_end(html: str, marked: str) -> None:
    """Inside the body where it ends, else at the very end; links stay as they are."""
    assert mark_up(html, LINKS, TENANT, JOB, opens=True, clicks=False) == marked


@pytest.mark.parametrize(
    "hostile", ["<a ", "<a href=", '<a href="', "<!--", "<", "</", "<![CDATA[", "<a href=x" + "\n"]
)
def test_hostile_markup_costs_no_more_than_its_length(hostile: str) -> None:
    """Markup that begins and never ends is not searched again and again."""
    html = hostile * (50_000 // len(hostile))
    assert_takes_at_most(2, lambda: mark_up(html, LINKS, TENANT, JOB, opens=True, clicks=True))
