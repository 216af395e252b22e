"""The page that shows the API's description needs nobody but the API."""

import re
from urllib.parse import urljoin, urlsplit

import lxml.html

from tests.api.conftest import Api

_PAGE = "/behind/a/proxy/docs"
"""Where a reader may have it: what the page names is relative to that."""
_ADDRESS = re.compile(r"""(?:https?:)?//[\w.-]+""")
_HARMLESS = re.compile(r"http://www\.w3\.org/2000/svg|data:[^\s\"')]+")
"""The name of a language, which nobody fetches; and what is in the file itself."""


async def _page(api: Api) -> lxml.html.HtmlElement:
    page = await api.http.get("/docs")
    assert page.status_code == 200
    return lxml.html.document_fromstring(page.text)


async def test_the_page_names_no_other_host(api: Api) -> None:
    """Neither the page, nor its style, nor what sets it going."""
    for path in ("/docs", "/docs/swagger-ui.css", "/docs/start.js"):
        found = await api.http.get(path)
        assert found.status_code == 200
        assert _ADDRESS.findall(_HARMLESS.sub("", found.text)) == [], path


async def test_all_that_the_page_needs_is_served(api: Api) -> None:
    """Each file that it refers to, as what it is, also behind a proxy that adds a path."""
    page = await _page(api)
    wanted = [*page.xpath("//script/@src"), *page.xpath("//link[@rel='stylesheet']/@href")]
    kinds = {}
    for reference in wanted:
        assert urlsplit(urljoin(_PAGE, reference)).path.startswith("/behind/a/proxy/")
        found = await api.http.get(urljoin("/docs", reference))
        assert found.status_code == 200
        assert len(found.content) > 100
        kinds[reference.rpartition("/")[2]] = found.headers["Content-Type"].partition(";")[0]
    assert kinds == {
        "swagger-ui.css": "text/css",
        "swagger-ui-bundle.js": "text/javascript",
        "start.js": "text/javascript",
    }


async def test_the_page_loads_the_description(api: Api) -> None:
    """What sets it going names the document, beside the page."""
    [named] = re.findall(r'url: "(.+)"', (await api.http.get("/docs/start.js")).text)
    described = (await api.http.get(urljoin("/docs", named))).json()
    assert (described["openapi"][:2], described["info"]["title"]) == ("3.", "Touchline")


async def test_a_browser_is_told_to_run_nothing_else(api: Api) -> None:
    """Script and style from the API alone, none within the page, which therefore has none."""
    policy = (await api.http.get("/docs")).headers["Content-Security-Policy"]
    allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert allowed["default-src"] == "'none'"
    assert {name: allowed[name] for name in ("script-src", "style-src", "connect-src")} == dict.fromkeys(
        ("script-src", "style-src", "connect-src"), "'self'"
    )
    assert {*" ".join(allowed.values()).split()} <= {"'none'", "'self'", "data:"}
    page = await _page(api)
    assert page.xpath("//script[not(@src)] | //style | //@style | //@*[starts-with(name(), 'on')]") == []


async def test_the_rest_of_the_package_is_not_served(api: Api) -> None:
    """Only what the page needs."""
    for name in ("redoc.standalone.js", "favicon.png", "..%2fcore.py"):
        assert (await api.http.get(f"/docs/{name}")).status_code == 404
