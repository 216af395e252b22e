"""The console in a real browser, on the whole local stack: every page is walked through as a person does."""

import asyncio
import json
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from csv import DictReader
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
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
PRICE = """
sequence: price
name: Price per seat
steps:
  - {id: hello, type: email, subject: Hello, body: First words}
  - {id: price, type: email, subject: Your price, body: "{{ 100 | divided_by: attributes.seats }} a seat"}
  - {id: week, type: delay, days: 7}
  - {id: last, type: email, subject: Still there?, body: Last words}
"""
"""Fails for whoever has no seats, and after a week says one thing more."""
LATER = """
sequence: later
name: Later
steps:
  - {id: month, type: delay, days: 30}
  - {id: late, type: email, subject: Still there?, body: Words}
"""
FLORIDA = """
sequence: florida
steps:
  - {id: hello, type: sms, body: "Hello. STOP to end."}
"""
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
    """Of a contact in the quick tour, by external id."""

    def http(self) -> httpx.Client:
        """The API, by the key."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=60)

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
            "/new-sequence": "New sequence",
            "/sequences/quick-tour/settings": "Quick tour",
            "/sequences/quick-tour/yaml": "Quick tour",
            "/sequences/quick-tour/history": "Quick tour",
            "/sequences/quick-tour/logs": "Quick tour",
            "/sequences/quick-tour/performance": "Quick tour",
            "/sequences/cold-outreach-graph/flow": "Cold outreach (flow builder)",
            f"/executions/{self.executions['T01']}": "Amara Okafor",
            "/contacts": "Contacts",
            "/contacts/T01": "Amara Okafor",
            "/inbox": "Inbox",
            "/tasks": "Tasks",
            "/reviews": "Reviews",
            "/suppressions": "Suppressions",
            "/settings": "Settings",
            "/system": "System",
        }


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    home = Home(tmp_path_factory.mktemp("console"))
    try:
        with home.start("up", "--json") as up:
            try:
                printed = ready(up)
                url, _, link = printed["console"].partition("/console/")
                scopes = [part for scope in ("read", "write", "admin") for part in ("--scope", scope)]
                key = home.document("keys", "create", "test", *scopes)["key"]
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
    with made.http() as http:
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
    expect(page.get_by_role("searchbox")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("Amara")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile("search=Amara"))
    page.get_by_role("link", name="View Amara Okafor").click()
    expect(page.get_by_text(WORDS, exact=True)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("Amara")
    page.get_by_role("link", name="Amara Okafor", exact=True).click()
    expect(page.get_by_text(WORDS, exact=True)).to_be_visible()
    assert looked.complaints == []


def test_the_list_and_its_csv_are_what_was_asked_for(installation: Installation, browser: Browser) -> None:
    """Each filter restricts both alike, and stands in the address; none of them fits, and dropping them shows all."""
    looked = _looked(browser, viewport=WIDE)
    _sign_in(looked, installation)
    page = looked.page
    rows = page.locator("tbody tr")

    def csv() -> list[dict[str, str]]:
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV").click()
        return list(DictReader(Path(download.value.path()).read_text().splitlines()))

    page.goto(f"{installation.console}/sequences/quick-tour/history")
    expect(rows).to_have_count(len(installation.executions))
    assert {one["id"] for one in csv()} == set(installation.executions.values())
    page.get_by_role("searchbox").fill("Amara")
    expect(rows).to_have_count(1)
    assert [one["contact"] for one in csv()] == ["T01"]
    page.get_by_label("Tests too").select_option("Tests alone")
    expect(page.get_by_text("Nobody fits these filters")).to_be_visible()
    expect(page).to_have_url(re.compile("search=Amara&test=only"))
    assert csv() == []
    page.get_by_role("button", name="Drop filters").first.click()
    expect(rows).to_have_count(len(installation.executions))
    expect(page.get_by_role("searchbox")).to_have_value("")
    page.get_by_label("to", exact=True).fill("2020-01-01")
    expect(page.get_by_text("Nobody fits these filters")).to_be_visible()
    page.goto(f"{installation.console}/sequences/quick-tour/logs?step=hello&status=success")
    expect(rows).to_have_count(len(installation.executions))
    logged = csv()
    assert {one["contact"] for one in logged} == set(installation.executions)
    assert {one["step"] for one in logged} == {"hello"}
    assert looked.complaints == []


def test_what_happens_is_seen_without_reloading(installation: Installation, browser: Browser) -> None:
    """In two tabs of one browser, which share one stream; when the one that holds it closes, the other goes on."""
    execution = _enrolled_in_price(installation, "Live", 5)
    _stands(installation, execution, "last", "running")
    looked = _looked(browser, viewport=WIDE)
    streams: list[str] = []
    looked.page.context.on("request", lambda one: streams.append(one.url) if one.url.endswith("/events") else None)
    _sign_in(looked, installation)
    first, second = looked.page, looked.page.context.new_page()
    for page in (first, second):
        page.goto(f"{installation.console}/sequences/price/history?search=Live")
        expect(page.get_by_text("Live", exact=True).first).to_be_visible()
        expect(page.locator("tbody").get_by_text("running", exact=True)).to_be_visible()
        expect(page.locator(".pulse.live")).to_be_visible()
    held = len(streams)
    with installation.http() as http:
        http.post(f"/enrollments/{execution}/pause").raise_for_status()
        for page in (first, second):
            expect(page.locator("tbody").get_by_text("paused", exact=True).first).to_be_visible()
        assert len(streams) == held
        first.close()
        expect(second.locator(".pulse.live")).to_be_visible()
        http.post(f"/enrollments/{execution}/stop", json={"reason": "seen live"}).raise_for_status()
        expect(second.locator("tbody").get_by_text("seen live")).to_be_visible()
    assert looked.complaints == []


def test_many_are_listed_by_few_rows_and_stopped_together(installation: Installation, browser: Browser) -> None:
    """However long the list is, what is in sight is drawn; a command for all that were chosen says what became of it."""
    people = [f"M{n:03}" for n in range(120)]
    with installation.http() as http:
        http.post("/sequences", json={"definition": LATER}).raise_for_status()
        http.post("/sequences/later/publish").raise_for_status()
        lines = ["external_id,name,email", *(f"{one},{one},{one}@example.com" for one in people)]
        answer = http.post("/contacts/import", content="\n".join(lines), headers={"Content-Type": "text/csv"})
        answer.raise_for_status()
        http.post("/leads/enroll-in-sequence", json={"sequence": "later", "contacts": people}).raise_for_status()
    looked = _looked(browser, viewport=WIDE)
    _sign_in(looked, installation)
    page = looked.page
    page.goto(f"{installation.console}/sequences/later/history")
    expect(page.get_by_text("120 enrollments")).to_be_visible()
    expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "121")
    assert page.locator("tbody tr").count() < 60
    page.keyboard.press("End")
    expect(page.locator('tr[aria-rowindex="121"]')).to_be_visible()
    assert page.locator("tbody tr").count() < 60
    page.keyboard.press("Home")
    page.get_by_role("checkbox", name=re.compile("All 120")).check()
    page.get_by_role("button", name="Stop 120").click()
    asked = page.get_by_role("dialog", name="Stop 120 enrollments for good?")
    asked.get_by_label("Reason").fill("all at once")
    asked.get_by_role("button", name="Stop 120").click()
    expect(asked.get_by_role("status")).to_have_text("120 of 120 done.")
    asked.get_by_role("button", name="Close").click()
    with installation.http() as http:
        counted = http.get("/flow-executions/statistics", params={"sequence": "later"}).raise_for_status().json()
    assert [(one["reason"], one["enrollments"]) for one in counted["by_status"]] == [("all at once", 120)]
    assert looked.complaints == []


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
    """The list says whose words they are; a decision takes them off it, and suppresses the address."""
    looked = _looked(browser, viewport=WIDE)
    _sign_in(looked, installation)
    looked.page.get_by_role("link", name="Reviews").click()
    expect(looked.page.get_by_text(WORDS, exact=True)).to_be_visible()
    looked.page.get_by_role("button", name="It is an opt-out").click()
    expect(looked.page.get_by_text("Nothing to review")).to_be_visible()
    looked.page.goto(f"{installation.console}/contacts/T01")
    # By the channel of what was answered: the text, where that had gone by then.
    said = re.compile(r"Not written to by (email|sms): unsubscribed\.")
    expect(looked.page.get_by_text(said)).to_be_visible()
    assert looked.complaints == []


def test_a_page_names_the_law_that_holds_a_message(installation: Installation, browser: Browser) -> None:
    """An order that closes a state for some days: what holds the text, until when, and where that can be read."""
    now = datetime.now(UTC)
    order = {"jurisdiction": "US-FL", "channels": ["sms"], "source": "order of the governor"}
    hours = {"starts": (now - timedelta(days=1)).isoformat(), "ends": (now + timedelta(days=9)).isoformat()}
    person = {"external_id": "FL-1", "name": "Flora Keys", "phone": "+13052345678"}
    with installation.http() as http:
        http.post("/law/blocks", json=order | hours).raise_for_status()
        http.post("/sequences", json={"definition": FLORIDA}).raise_for_status()
        http.post("/sequences/florida/publish").raise_for_status()
        http.post("/contacts", json=person).raise_for_status()
        http.post("/leads/enroll-in-sequence", json={"sequence": "florida", "contacts": ["FL-1"]}).raise_for_status()
    looked = _looked(browser, viewport=NARROW)
    _sign_in(looked, installation)
    looked.page.goto(f"{installation.console}/sequences/florida/history")
    expect(looked.page.get_by_text("quiet hours of the law")).to_be_visible()
    looked.page.get_by_role("link", name="View Flora Keys").click()
    expect(looked.page.get_by_text("blocked: US-FL: order of the governor")).to_be_visible()
    assert looked.complaints == []


def _enrolled_in_price(installation: Installation, contact: str, seats: int) -> str:
    """The execution of a new contact in the sequence that fails without seats."""
    with installation.http() as http:
        if http.get("/sequences/price").status_code == httpx.codes.NOT_FOUND:
            http.post("/sequences", json={"definition": PRICE}).raise_for_status()
            http.post("/sequences/price/publish").raise_for_status()
        email = f"{contact.lower()}@example.com"
        person = {"external_id": contact, "name": contact, "email": email, "attributes": {"seats": str(seats)}}
        http.post("/contacts", json=person).raise_for_status()
        body = {"sequence": "price", "contacts": [contact]}
        enrolled = http.post("/leads/enroll-in-sequence", json=body).raise_for_status().json()
    return str(enrolled["contacts"][0]["enrollment_id"])


def _stands(installation: Installation, execution: str, step: str, status: str) -> None:
    """Waits until the execution has come there."""
    with installation.http() as http:

        def there() -> bool:
            seen = http.get(f"/flow-executions/{execution}").raise_for_status().json()["execution"]
            return (seen["step"], seen["status"]) == (step, status)

        _until(there)


def test_a_failed_step_is_retried_and_sent_once(installation: Installation, browser: Browser) -> None:
    """Said beforehand: what is sent, and what is not sent again; after it, the record holds each message once."""
    execution = _enrolled_in_price(installation, "Ines", 0)
    _stands(installation, execution, "price", "failed")
    with installation.http() as http:
        http.patch("/contacts/Ines", json={"attributes": {"seats": "4"}}).raise_for_status()
    looked = _looked(browser, viewport=WIDE)
    _sign_in(looked, installation)
    page = looked.page
    page.goto(f"{installation.console}/executions/{execution}")
    page.get_by_role("button", name="Retry").click()
    asked = page.get_by_role("dialog", name="Retry price for Ines?")
    expect(asked).to_contain_text("price is composed anew and sent by email to ines@example.com")
    expect(asked.get_by_role("listitem")).to_contain_text("hello by email to ines@example.com")
    asked.get_by_role("button", name="Retry").click()
    expect(asked).to_have_count(0)
    expect(page.get_by_text("25 a seat")).to_be_visible()
    with installation.http() as http:
        seen = http.get(f"/enrollments/{execution}").raise_for_status().json()
    assert [one["step"] for one in seen["messages"] if one["state"] == "sent"] == ["hello", "price"]
    assert looked.complaints == []


def test_an_execution_is_paused_resumed_hurried_and_stopped(installation: Installation, browser: Browser) -> None:
    """What cannot be undone asks first, and leaving the question leaves all as it was; the reason is recorded."""
    execution = _enrolled_in_price(installation, "Kofi", 5)
    _stands(installation, execution, "last", "running")
    looked = _looked(browser, viewport=WIDE)
    _sign_in(looked, installation)
    page = looked.page
    page.goto(f"{installation.console}/executions/{execution}")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Send now")).to_be_disabled()
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Stop").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Stop")).to_be_focused()
    page.get_by_role("button", name="Stop").click()
    asked = page.get_by_role("dialog", name="Stop Kofi in price for good?")
    asked.get_by_label("Reason").fill("called us")
    asked.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("stopped: called us")).to_be_visible()
    done = page.get_by_role("region", name="What people did").get_by_role("listitem")
    expect(done).to_have_count(3)
    expect(done.first).to_contain_text("stopped by test in the console")
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    with installation.http() as http:
        seen = http.get(f"/enrollments/{execution}").raise_for_status().json()
    assert (seen["status"], seen["reason"]) == ("stopped", "called us")
    assert looked.complaints == []


def test_a_sequence_is_copied_published_paused_archived_and_deleted(
    installation: Installation, browser: Browser
) -> None:
    """Each by its button; a change by somebody else meanwhile is told, and nothing is done over it."""
    looked = _looked(browser, viewport=WIDE)
    _sign_in(looked, installation)
    page = looked.page

    def say(button: str, text: str | None = None) -> None:
        page.get_by_role("button", name=button, exact=True).click()
        asked = page.get_by_role("dialog")
        if text is not None:
            asked.get_by_role("textbox").fill(text)
        asked.get_by_role("button", name=button, exact=True).click()

    page.goto(f"{installation.console}/sequences/quick-tour/flow")
    say("Duplicate", "Second tour")
    expect(page.get_by_role("heading", name="Second tour", level=1)).to_be_visible()
    say("Publish")
    expect(page.get_by_text("version 1", exact=True)).to_be_visible()
    say("Pause", "until Monday")
    expect(page.get_by_text("Paused: until Monday")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Paused: until Monday")).to_have_count(0)
    page.get_by_role("button", name="Archive", exact=True).click()
    with installation.http() as http:
        everyone = http.get("/sequences", params={"search": "Second tour"}).raise_for_status().json()["items"]
        change = {"description": "changed meanwhile"}
        http.put(f"/sequences/{everyone[0]['key']}", json=change, headers={"If-Match": "*"}).raise_for_status()
    page.get_by_role("dialog").get_by_role("button", name="Archive", exact=True).click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("changed")
    page.get_by_role("dialog").get_by_role("button", name="Archive", exact=True).click()
    expect(page.get_by_role("button", name="Make active again")).to_be_visible()
    say("Duplicate", "Third tour")
    expect(page.get_by_role("heading", name="Third tour", level=1)).to_be_visible()
    say("Delete")
    expect(page.get_by_role("heading", name="Sequences", level=1)).to_be_visible()
    expect(page.get_by_text("Third tour")).to_have_count(0)
    # That the draft of before was stale is an answer of the API, and the browser's own complaint.
    assert [one for one in looked.complaints if "412" not in one] == []


def test_a_sequence_is_made_and_its_settings_saved_as_they_are_typed(
    installation: Installation, browser: Browser
) -> None:
    """A fault stands beside its field; the text says what the form says; a step back takes one field's typing back."""
    looked = _looked(browser, viewport=WIDE)
    _sign_in(looked, installation)
    page = looked.page
    page.goto(f"{installation.console}/sequences")
    page.get_by_role("link", name="New sequence").click()
    page.get_by_label("Name", exact=True).fill("Spring offer")
    page.get_by_role("radio", name="Cold outreach").check()
    page.get_by_role("button", name="Create the draft").click()
    expect(page.get_by_role("heading", name="Spring offer", level=1)).to_be_visible()
    page.get_by_role("navigation", name="Of this sequence").get_by_role("link", name="Settings").click()
    page.get_by_label("From", exact=True).fill("25:00")
    expect(page.get_by_label("From", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".field", has=page.get_by_label("From", exact=True)).locator(".findings")).to_be_visible()
    page.get_by_label("From", exact=True).fill("08:30")
    expect(page.get_by_text("nothing to fix")).to_be_visible()
    page.get_by_label("Holidays").fill("US, US-FL")
    page.get_by_label("They unsubscribe").uncheck()
    page.get_by_role("link", name="YAML").click()
    expect(page.get_by_label("The working copy as YAML")).to_have_value(re.compile("from: 08:30"))
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    with installation.http() as http:
        saved = http.get("/sequences/spring-offer").raise_for_status().json()["definition"]
        assert (saved["window"]["from"], saved["window"]["holidays"]) == ("08:30", ["US", "US-FL"])
        assert "stop_on" not in saved
        page.get_by_role("button", name="Redo").click()
        _until(lambda: http.get("/sequences/spring-offer").json()["definition"].get("stop_on") == ["reply", "bounce"])
    assert looked.complaints == []


def test_two_editors_lose_nothing_of_each_other(installation: Installation, browser: Browser) -> None:
    """What one of them changed alone is chosen already; what both changed is asked for; a new status asks nothing."""
    with installation.http() as http:
        definition = {
            "sequence": "shared",
            "name": "Shared",
            "steps": [{"id": "a", "type": "email", "subject": "S", "body": "B"}],
        }
        http.post("/sequences", json={"definition": definition}).raise_for_status()
        http.post("/sequences/shared/publish").raise_for_status()
        looked = _looked(browser, viewport=WIDE)
        _sign_in(looked, installation)
        page = looked.page
        page.goto(f"{installation.console}/sequences/shared/settings")
        name = page.get_by_role("textbox", name="Name", exact=True)
        expect(name).to_have_value("Shared")
        anyway = {"If-Match": "*"}
        http.put("/sequences/shared", json={"status": "paused", "reason": "lunch"}, headers=anyway).raise_for_status()
        name.fill("Shared by two")
        _until(lambda: http.get("/sequences/shared").json()["name"] == "Shared by two")
        theirs = {**definition, "name": "Theirs", "reenroll": "never"}
        http.put("/sequences/shared", json={"definition": theirs}, headers=anyway).raise_for_status()
        name.fill("Mine")
        asked = page.get_by_role("alertdialog")
        expect(asked.get_by_text("changed by both")).to_have_count(1)
        asked.get_by_role("button", name="Save this").click()
        _until(lambda: http.get("/sequences/shared").json()["name"] == "Mine")
        assert http.get("/sequences/shared").json()["definition"]["reenroll"] == "never"
    assert [one for one in looked.complaints if "412" not in one] == []


def test_a_session_that_ends_loses_nothing_that_was_typed(installation: Installation, browser: Browser) -> None:
    """The page stays behind the question for the key, and what was begun is done after it."""
    looked = _looked(browser, viewport=WIDE)
    _sign_in(looked, installation)
    page = looked.page
    page.goto(f"{installation.console}/new-sequence")
    page.get_by_label("Name", exact=True).fill("Typed before")
    page.context.request.delete(f"{installation.url}/session", headers={"Sec-Fetch-Site": "same-origin"})
    page.get_by_role("button", name="Create the draft").click()
    asked = page.get_by_role("alertdialog", name="Your session has ended")
    asked.get_by_label("API key").fill(installation.key)
    asked.get_by_role("button", name="Sign in").click()
    expect(asked).to_have_count(0)
    expect(page.get_by_label("Name", exact=True)).to_have_value("Typed before")
    page.get_by_role("button", name="Create the draft").click()
    expect(page.get_by_role("heading", name="Typed before", level=1)).to_be_visible()
    assert [one for one in looked.complaints if "401" not in one] == []


def test_a_flow_is_built_by_mouse(installation: Installation, browser: Browser) -> None:
    """Dragged, put on a line, written in its form, taken away and brought back; a fault is seen on its box."""
    with installation.http() as http:
        steps = [{"id": "hello", "type": "email", "subject": "S", "body": "B"}]
        http.post("/sequences", json={"definition": {"sequence": "drawn", "steps": steps}}).raise_for_status()

        def saved(ids: list[str]) -> bool:
            return [one["id"] for one in http.get("/sequences/drawn").json()["definition"]["steps"]] == ids

        # High enough for the whole canvas: what is scrolled while it is dragged is dropped elsewhere.
        looked = _looked(browser, viewport={"width": 1280, "height": 1100})
        _sign_in(looked, installation)
        page = looked.page
        page.goto(f"{installation.console}/sequences/drawn/flow")
        box = page.locator(".react-flow__node")
        expect(box).to_have_count(3)
        page.locator(".palette").get_by_text("Delay", exact=True).drag_to(box.filter(has_text="End of the sequence"))
        expect(box.filter(has_text="delay-1")).to_be_visible()
        _until(lambda: saved(["hello", "delay-1"]))
        page.get_by_role("button", name="Add a step between delay-1 and the end").click()
        page.get_by_role("dialog").get_by_role("button", name="SMS", exact=True).click()
        form = page.get_by_role("complementary", name="The chosen step")
        form.get_by_label("Body").fill("")
        expect(box.filter(has_text="sms-1")).to_contain_text("1 error")
        form.get_by_label("Body").fill("Hi {{ name }}")
        expect(box.filter(has_text="sms-1")).not_to_contain_text("error")
        box.filter(has_text="delay-1").click()
        form.get_by_role("button", name="Delete").click()
        _until(lambda: saved(["hello", "sms-1"]))
        page.get_by_role("button", name="Undo").click()
        _until(lambda: saved(["hello", "delay-1", "sms-1"]))
        page.get_by_role("button", name="Place freely").click()
        page.get_by_role("dialog").get_by_role("button", name="Place freely").click()
        expect(page.get_by_role("button", name="Tidy up")).to_be_visible()
        _until(lambda: http.get("/sequences/drawn").json()["form"] == "graph")
        page.get_by_role("button", name="Publish").click()
        page.get_by_role("dialog").get_by_role("button", name="Publish").click()
        expect(page.get_by_text("version 1", exact=True)).to_be_visible()
        assert http.get("/sequences/drawn").json()["unpublished_changes"] is False
    assert looked.complaints == []


def test_a_flow_is_built_by_keyboard_alone(installation: Installation, browser: Browser) -> None:
    """The list view does all that the canvas does: a graph's node is added, connected, moved on and taken away."""
    graph = {
        "id": "keys",
        "nodes": [
            {"id": "start", "type": "trigger", "position": {"x": 0, "y": 0}, "data": {}},
            {"id": "n1", "type": "send-email", "position": {"x": 0, "y": 150}, "data": {"subject": "S", "body": "B"}},
        ],
        "edges": [{"id": "e0", "source": "start", "target": "n1"}],
    }
    with installation.http() as http:
        http.post("/sequences", json={"definition": graph}).raise_for_status()

        def led() -> set[tuple[str, str]]:
            edges = http.get("/sequences/keys").json()["definition"]["edges"]
            return {(one["source"], one["target"]) for one in edges}

        looked = _looked(browser, viewport=WIDE)
        _sign_in(looked, installation)
        page = looked.page
        page.goto(f"{installation.console}/sequences/keys/flow")
        page.locator('.react-flow__node[data-id="n1"]').focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("complementary", name="The chosen step")).to_be_visible()
        page.keyboard.press("l")
        page.get_by_role("button", name="Add a step").press("Enter")
        page.get_by_role("dialog").get_by_role("button", name="Task", exact=True).press("Enter")
        page.get_by_role("button", name="email n1").press("Enter")
        page.get_by_label("Leads to", exact=True).select_option("task-1")
        _until(lambda: led() == {("start", "n1"), ("n1", "task-1")})
        page.get_by_role("button", name="Delete n1").press("Enter")
        _until(lambda: led() == {("start", "task-1")})
        page.get_by_role("button", name="Delete task-1").focus()
        page.keyboard.press("Control+z")
        _until(lambda: led() == {("start", "n1"), ("n1", "task-1")})
        page.get_by_role("button", name="Show the canvas").press("Enter")
        expect(page.locator(".react-flow__edge")).to_have_count(2)
        page.get_by_role("button", name="Tidy up").press("Enter")
        _until(lambda: http.get("/sequences/keys").json()["definition"]["nodes"][2]["position"]["y"] > 150)
    assert looked.complaints == []


def test_a_task_is_done_and_an_answer_read(installation: Installation, browser: Browser) -> None:
    """The task leaves the list and its enrollment goes on; what somebody wrote stands in the inbox, with whose it is."""
    steps = [
        {"id": "hello", "type": "email", "subject": "Shall we talk?", "body": "B"},
        {"id": "call", "type": "task", "title": "Call {{ name }}", "instructions": "Ask for the plan."},
    ]
    with installation.http() as http:
        http.post("/sequences", json={"definition": {"sequence": "calls", "steps": steps}}).raise_for_status()
        http.post("/sequences/calls/publish").raise_for_status()
        for one in ("Task", "Answer"):
            person = {"external_id": one, "name": one, "email": f"{one}@example.com"}
            http.post("/contacts", json=person).raise_for_status()
        body = {"sequence": "calls", "contacts": ["Task", "Answer"]}
        enrolled = http.post("/leads/enroll-in-sequence", json=body).raise_for_status().json()["contacts"]
        execution = {one["contact"]: one["enrollment_id"] for one in enrolled}
        _until(lambda: len(http.get("/tasks").json()["items"]) == 2)
        assert installation.home.run("reply", execution["Answer"], "Thursday suits me")[0] == 0
        looked = _looked(browser, viewport=WIDE)
        _sign_in(looked, installation)
        page = looked.page
        page.goto(f"{installation.console}/tasks")
        task = page.get_by_role("article").filter(has_text="Call Task")
        expect(task).to_contain_text("Ask for the plan.")
        task.get_by_role("button", name="Done").click()
        expect(task).to_have_count(0)
        _until(lambda: http.get(f"/enrollments/{execution['Task']}").json()["status"] == "completed")
        page.get_by_role("link", name="Inbox").click()
        letter = page.get_by_role("article").filter(has_text="Thursday suits me")
        expect(letter).to_contain_text("answers hello of calls")
        expect(letter.get_by_text("Answer", exact=True).last).to_have_attribute("href", "mailto:answer@example.com")
        page.get_by_label("From anybody").select_option("From unknown senders")
        expect(page.get_by_text("No unknown sender has written")).to_be_visible()
    assert looked.complaints == []


def test_a_workspace_is_set_up(installation: Installation, browser: Browser) -> None:
    """Its rules, a sender, a key that is shown once and works, a webhook; an address is suppressed, and lifted."""
    looked = _looked(browser, viewport=WIDE)
    _sign_in(looked, installation)
    page = looked.page
    page.goto(f"{installation.console}/settings")
    page.get_by_label("Holidays").press_sequentially("2026-12-24, 2026-12-31")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    page.get_by_label("Address of the sender").fill("ann@example.com")
    page.get_by_role("button", name="Add a sender").click()
    expect(page.get_by_role("cell", name="ann@example.com")).to_be_visible()
    page.get_by_label("Name of the key").fill("for a dashboard")
    page.get_by_role("button", name="Make a key").click()
    made = page.locator(".secret").inner_text()
    with httpx.Client(base_url=installation.url, headers={"Authorization": f"Bearer {made}"}) as http:
        assert http.get("/me").raise_for_status().json()["scopes"] == ["read"]
        row = page.get_by_role("row").filter(has_text="for a dashboard")
        row.get_by_role("button", name="Revoke").click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        expect(row).to_contain_text("revoked")
        assert http.get("/me").status_code == httpx.codes.UNAUTHORIZED
    page.get_by_label("Address of the webhook").fill("https://example.com/hook")
    page.get_by_role("button", name="Add a webhook").click()
    expect(page.get_by_text("The secret that signs")).to_be_visible()
    page.get_by_role("button", name="Log").click()
    expect(page.get_by_text("Nothing was delivered yet")).to_be_visible()
    with installation.http() as http:
        assert http.get("/tenant").raise_for_status().json()["holidays"] == ["2026-12-24", "2026-12-31"]
    page.get_by_role("link", name="Suppressions").click()
    expect(page.get_by_role("heading", name="Suppressions", level=1)).to_be_visible()
    page.get_by_label("Address").fill("no@example.com")
    page.get_by_role("button", name="Suppress", exact=True).click()
    row = page.get_by_role("row").filter(has_text="no@example.com")
    row.get_by_role("button", name="Lift").click()
    page.get_by_role("dialog").get_by_role("button", name="Lift").click()
    expect(row).to_contain_text("lifted")
    page.get_by_role("link", name="System").click()
    expect(page.get_by_text("There is none")).to_be_visible()
    assert looked.complaints == []
