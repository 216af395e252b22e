"""The console in a real browser, on the whole local stack: every page is walked through as a person does."""

import asyncio
import json
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from local.postgres import LocalPostgres
from tests.cli.test_processes import ROOT, Home, end, ready

CHROMIUM = shutil.which("chromium")
AXE = ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js"
_FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]
_PATIENCE_S = 60.0
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
WORDS = "wrong person"
"""Whether that is an opt-out is for a person to say."""
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed; on Debian: apt-get install chromium"),
]


@dataclass
class Installation:
    """A stack that runs, with people in a sequence, and one whose words need a person."""

    url: str
    link: str
    key: str
    home: Home
    executions: dict[str, str] = field(default_factory=dict)
    """Of a contact, by external id."""

    @property
    def console(self) -> str:
        return f"{self.url}/console"

    @property
    def pages(self) -> dict[str, str]:
        """What each page is called in its heading, by its path."""
        return {
            "/": "Overview",
            "/sequences": "Sequences",
            "/sequences/quick-tour/flow": "Quick tour",
            "/sequences/quick-tour/history": "Quick tour",
            "/sequences/quick-tour/logs": "Quick tour",
            "/sequences/quick-tour/performance": "Quick tour",
            "/sequences/cold-outreach-graph/flow": "Cold outreach (flow builder)",
            f"/executions/{self.executions['T01']}": "Amara Okafor",
            "/contacts": "Contacts",
            "/contacts/T01": "Amara Okafor",
            "/reviews": "Reviews",
        }


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    home = Home(tmp_path_factory.mktemp("console"))
    try:
        with home.start("up", "--json") as up:
            try:
                printed = ready(up)
                url, _, link = printed["console"].partition("/console/")
                key = home.document("keys", "create", "test", "--scope", "read", "--scope", "write")["key"]
                made = Installation(url, link, key, home)
                _people_in_a_sequence(made)
                yield made
            finally:
                assert end(up, signal.SIGTERM) == 0
    finally:
        # The database's files lie outside of the state folder.
        asyncio.run(LocalPostgres(home.folder / "var").remove())


def _people_in_a_sequence(made: Installation) -> None:
    home = made.home
    for file in ("examples/quick-tour.yaml", "tests/cases/cold-outreach.graph.json"):
        assert home.run("publish", str(ROOT / file))[0] == 0
    assert home.run("contacts", "import", str(ROOT / "examples" / "contacts.csv"))[0] == 0
    with httpx.Client(base_url=made.url, headers={"Authorization": f"Bearer {made.key}"}, timeout=60) as http:
        people = [f"T{n:02}" for n in range(1, 6)]
        body = {"sequence": "quick-tour", "contacts": people}
        enrolled = http.post("/leads/enroll-in-sequence", json=body).raise_for_status().json()
        made.executions = {one["contact"]: one["enrollment_id"] for one in enrolled["contacts"]}

        def first_mail_is_out() -> bool:
            messages = http.get("/contacts/T01/conversation").raise_for_status().json()["messages"]
            return any(one["direction"] == "out" for one in messages)

        _until(first_mail_is_out)
        assert home.run("reply", made.executions["T01"], WORDS)[0] == 0


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield running
        running.close()


@dataclass
class Looked:
    """A page, and what its browser complained of."""

    page: Page
    complaints: list[str] = field(default_factory=list)


def _looked(browser: Browser, **context: Any) -> Looked:
    opened = browser.new_context(**context)
    looked = Looked(opened.new_page())
    looked.page.set_default_timeout(_PATIENCE_S * 1000)
    expect.set_options(timeout=_PATIENCE_S * 1000)
    # A violation of the policy is a complaint of the console's as well.
    looked.page.on("console", lambda said: looked.complaints.append(said.text) if said.type == "error" else None)
    looked.page.on("pageerror", lambda error: looked.complaints.append(str(error)))
    return looked


def _sign_in(looked: Looked, installation: Installation) -> None:
    looked.page.goto(f"{installation.console}/")
    looked.page.get_by_label("API key").fill(installation.key)
    looked.page.get_by_role("button", name="Sign in").click()
    expect(looked.page.get_by_role("heading", name="Overview")).to_be_visible()


def test_the_printed_link_signs_in_once(installation: Installation, browser: Browser) -> None:
    """It opens the overview and leaves no trace in the address; in another browser it is refused, and says why."""
    first = _looked(browser)
    first.page.goto(f"{installation.console}/{installation.link}")
    expect(first.page.get_by_role("heading", name="Overview")).to_be_visible()
    assert first.page.url == f"{installation.console}/"
    assert first.page.evaluate("document.cookie") == ""
    assert first.complaints == []
    second = _looked(browser)
    second.page.goto(f"{installation.console}/{installation.link}")
    expect(second.page.get_by_role("alert")).to_contain_text("was used already")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_every_page_is_whole(installation: Installation, browser: Browser, scheme: str, size: dict[str, int]) -> None:
    """At both widths, light and dark: no complaint of the browser, nothing beside the page, and axe finds no fault."""
    looked = _looked(browser, viewport=size, color_scheme=scheme)
    _sign_in(looked, installation)
    page = looked.page
    faults = {}
    for path, heading in installation.pages.items():
        page.goto(f"{installation.console}{path}")
        expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        expect(page.locator(".skeleton")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is wider than the window"
        if AXE.exists():
            page.evaluate(AXE.read_text())
            found = page.evaluate(f"axe.run(document, {json.dumps(_RULES)})")
            if found["violations"]:
                faults[path] = [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]]
    assert faults == {}
    assert looked.complaints == []
    if not AXE.exists():
        pytest.skip("all was looked at but accessibility: axe-core is not installed (npm ci in console/)")


def test_a_person_is_followed_from_the_list_to_what_they_wrote(installation: Installation, browser: Browser) -> None:
    """Sequences, history, search, the enrollment, the contact; back leads back, and the address keeps the filter."""
    looked = _looked(browser, viewport=WIDE)
    _sign_in(looked, installation)
    page = looked.page
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.get_by_role("link", name="Quick tour").click()
    expect(page.get_by_text("hello", exact=True)).to_be_visible()
    page.get_by_role("link", name="Enrollment history").click()
    page.keyboard.press("/")
    page.keyboard.type("Amara")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile("search=Amara"))
    page.get_by_role("link", name="View", exact=True).click()
    expect(page.get_by_text(WORDS, exact=True)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("Amara")
    page.get_by_role("link", name="Amara Okafor").click()
    expect(page.get_by_text(WORDS, exact=True)).to_be_visible()
    assert looked.complaints == []


def test_the_lists_figures_are_the_apis(installation: Installation, browser: Browser) -> None:
    """History shows exactly those that the API lists, and its CSV holds as many."""
    looked = _looked(browser, viewport=WIDE)
    _sign_in(looked, installation)
    looked.page.goto(f"{installation.console}/sequences/quick-tour/history")
    expect(looked.page.locator("tbody tr")).to_have_count(len(installation.executions))
    with looked.page.expect_download() as download:
        looked.page.get_by_role("link", name="CSV").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert len(lines) == 1 + len(installation.executions)


def test_who_signs_out_sees_nothing_more(installation: Installation, browser: Browser) -> None:
    """The form comes back, and so it does for whoever goes back in the history."""
    looked = _looked(browser, viewport=WIDE)
    _sign_in(looked, installation)
    looked.page.get_by_role("link", name="Contacts").click()
    expect(looked.page.get_by_text("Amara Okafor")).to_be_visible()
    looked.page.get_by_role("button", name="Sign out").click()
    expect(looked.page.get_by_label("API key")).to_be_visible()
    looked.page.go_back()
    expect(looked.page.get_by_label("API key")).to_be_visible()
    expect(looked.page.get_by_text("Amara Okafor")).to_have_count(0)


def test_a_doubtful_opt_out_is_decided(installation: Installation, browser: Browser) -> None:
    """The list says whose words they are; a decision takes them off it, and bars the address."""
    looked = _looked(browser, viewport=WIDE)
    _sign_in(looked, installation)
    looked.page.get_by_role("link", name="Reviews").click()
    expect(looked.page.get_by_text(WORDS, exact=True)).to_be_visible()
    looked.page.get_by_role("button", name="It is an opt-out").click()
    expect(looked.page.get_by_text("Nothing to review")).to_be_visible()
    looked.page.goto(f"{installation.console}/contacts/T01")
    expect(looked.page.get_by_text("Not written to by email: unsubscribed.")).to_be_visible()
    assert looked.complaints == []
