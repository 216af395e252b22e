"""The links of a real email, pressed as contacts, mail programs and scanners press them."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient
from temporalio.client import Client

from api.http.state import Edge
from content import machines
from content.links import Links
from domain import ids
from domain.messages import EmailContent
from providers.outbox import OutboxEntry
from store.pool import Database
from tests.api.conftest import client_of
from tests.support.harness import Rig, rig_on
from tests.support.helpers import assert_eventually

BASE = "https://mail.example.com"
KEYS = ["k" * 32, "o" * 32]
TARGET = "https://shop.example/ä;x?a=1&b=2"
NEWS = """
sequence: news
steps:
  - id: hello
    type: email
    subject: News
    body: "Hi, stop these: {{ unsubscribe_url }}"
    html: |
      <p>Hi <a href="https://shop.example/ä;x?a=1&amp;b=2">shop</a> <a href="{{ unsubscribe_url }}">no more</a></p>
  - {id: wait, type: delay, days: 3}
  - {id: more, type: email, subject: More, body: More}
"""
PERSON = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36"}
SCANNER = {"User-Agent": "Mozilla/5.0 (compatible; Barracuda Sentinel)"}


@dataclass(frozen=True)
class Mail:
    """An email that has gone out, and a browser without cookies."""

    rig: Rig
    browser: AsyncClient
    enrollment_id: UUID
    address: str
    content: EmailContent

    @property
    def job_id(self) -> UUID:
        return ids.job_id(self.enrollment_id, "hello")

    @property
    def unsubscribe(self) -> str:
        assert self.content.unsubscribe_url is not None
        return self.content.unsubscribe_url

    def found(self, kind: str) -> str:
        match = re.search(rf'"({re.escape(BASE)}/{kind}/[^"]+)"', self.content.html or "")
        assert match is not None
        return match[1]

    async def is_barred(self) -> bool:
        rows = await self.rig.rows("SELECT active FROM suppressions WHERE address = $1", self.address)
        return any(row["active"] for row in rows)

    async def events(self) -> list[tuple[str, bool]]:
        rows = await self.rig.rows(
            "SELECT type, machine FROM events WHERE job_id = $1 ORDER BY received_at", self.job_id
        )
        return [(row["type"], row["machine"]) for row in rows]

    async def was_sent_long_ago(self) -> None:
        ago = timedelta(hours=1)
        await self.rig.execute(
            "UPDATE message_jobs SET sent_at = sent_at - $2::interval WHERE id = $1", self.job_id, ago
        )


def browser_of(rig: Rig) -> AsyncClient:
    return client_of(Edge(rig.engine, BASE), BASE)


@pytest.fixture
async def mail(temporal_client: Client, database: Database, tmp_path: Path) -> AsyncIterator[Mail]:
    """The first email of a sequence, of a tenant that tracks opens and clicks."""
    async with (
        rig_on(temporal_client, database, tmp_path / "outbox", public_url=BASE, secret_keys=", ".join(KEYS)) as rig,
        browser_of(rig) as browser,
    ):
        await rig.execute("UPDATE tenants SET track_opens = true, track_clicks = true")
        enrollment_id, contact = await rig.start(NEWS)
        await rig.arrives(enrollment_id, "more")
        [entry] = rig.outbox()
        assert isinstance(entry, OutboxEntry)
        assert isinstance(entry.message.content, EmailContent)
        yield Mail(rig, browser, enrollment_id, contact.email or "", entry.message.content)


async def test_looking_at_the_page_changes_nothing(mail: Mail) -> None:
    """Scanners follow links: only the button unsubscribes."""
    for method in ("GET", "HEAD"):
        answer = await mail.browser.request(method, mail.unsubscribe)
        assert answer.status_code == 200
    page = await mail.browser.get(mail.unsubscribe)
    assert '<form method="post"' in page.text
    assert "Default" in page.text, "the tenant's name"
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in page.headers["x-robots-tag"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "set-cookie" not in page.headers
    assert await mail.events() == []
    assert not await mail.is_barred()


@pytest.mark.parametrize("sent_as", ["form", "multipart", "nothing"])
async def test_one_click_stops_everything_at_once(mail: Mail, sent_as: str) -> None:
    """The mail program's POST, in either encoding, suppresses the address and stops the sequence; again, the same."""
    one_click = {"List-Unsubscribe": "One-Click"}
    for _ in range(2):
        if sent_as == "form":
            answer = await mail.browser.post(mail.unsubscribe, data=one_click)
        elif sent_as == "multipart":
            answer = await mail.browser.post(mail.unsubscribe, files={n: (None, v) for n, v in one_click.items()})
        else:
            answer = await mail.browser.post(mail.unsubscribe)
        assert answer.status_code == 200
        assert "You are unsubscribed" in answer.text
        assert await mail.is_barred()
    assert await mail.rig.ended(mail.enrollment_id) == ("stopped", "unsubscribed")
    [job] = [job for job in await mail.rig.jobs(mail.enrollment_id) if job["node_id"] == "hello"]
    assert job["unsubscribed_at"] is not None


async def test_the_buttons_lead_there_and_back(mail: Mail) -> None:
    """Each page's button does what it says, as often as it is pressed; the last press counts."""
    page = await mail.browser.get(mail.unsubscribe)
    for barred in (True, False, True, False):
        action = re.search(r'action="([^"]+)"', page.text)
        assert action is not None
        page = await mail.browser.post(page.url.join(action[1]), data={"List-Unsubscribe": "One-Click"})
        assert page.status_code == 200
        assert await mail.is_barred() is barred
    assert [kind for kind, _ in await mail.events()] == ["unsubscribed", "subscribed"] * 2


async def test_a_link_that_is_not_ours_does_nothing(mail: Mail) -> None:
    """Cut, forged, made for another purpose, or for a tenant or message that is gone: 404, and nothing is stored."""
    token = mail.unsubscribe.rpartition("/")[2]
    links = Links(BASE, KEYS[:1])
    gone = [links.unsubscribe_url(uuid4(), mail.job_id), links.unsubscribe_url(mail.rig.engine.tenant_id, uuid4())]
    for wrong in ("x", token[:-2], token.replace(".", "A."), mail.found("c").rpartition("/")[2]):
        for method, path in [("GET", "unsubscribe"), ("POST", "unsubscribe"), ("POST", "subscribe")]:
            assert (await mail.browser.request(method, f"/{path}/{wrong}")).status_code == 404
    for path in ("/o/x.gif", f"/o/{token}.gif", "/c/x", f"/c/{token}"):
        assert (await mail.browser.get(path)).status_code == 404
    for url in gone:
        assert (await mail.browser.post(url)).status_code == 404
    assert await mail.events() == []
    assert not await mail.is_barred()


async def test_pressing_again_adds_nothing(mail: Mail) -> None:
    """A link may be pressed for ever: only a press that changes the wish is an event, also after another way back."""
    for _ in range(5):
        assert "You are unsubscribed" in (await mail.browser.post(mail.unsubscribe)).text
    assert [kind for kind, _ in await mail.events()] == ["unsubscribed"]
    # Lifted by another way, such as START by text.
    await mail.rig.execute("UPDATE suppressions SET at = at - interval '1 hour', lifted_at = at - interval '1 minute'")
    assert not await mail.is_barred()
    await mail.browser.post(mail.unsubscribe)
    assert [kind for kind, _ in await mail.events()] == ["unsubscribed"] * 2
    assert await mail.is_barred()


async def test_the_link_says_whose_it_is(mail: Mail) -> None:
    """The API process may belong to another tenant: the one in the token is acted for."""
    elsewhere = replace(mail.rig, engine=replace(mail.rig.engine, tenant_id=uuid4()))
    async with browser_of(elsewhere) as browser:
        assert (await browser.post(mail.unsubscribe)).status_code == 200
    assert await mail.is_barred()


async def test_a_picture_loaded_by_a_person_is_an_open(mail: Mail) -> None:
    """It is recorded once, however often it is loaded; it is never kept by a cache."""
    await mail.was_sent_long_ago()
    for _ in range(3):
        answer = await mail.browser.get(mail.found("o"), headers=PERSON)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/gif"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.content.startswith(b"GIF89a")
    assert await mail.events() == [("opened", False)]
    assert (await mail.rig.job(mail.enrollment_id, "hello"))["opened_at"] is not None


async def test_machines_are_told_apart(mail: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scanner, or anybody soon after the sending, is marked; HEAD is nothing; a person still counts after."""
    monkeypatch.setattr(machines, "PREFETCH", timedelta(minutes=10))
    opened, clicked = mail.found("o"), mail.found("c")
    await mail.browser.head(opened, headers=PERSON)
    await mail.browser.head(clicked, headers=PERSON)
    assert await mail.events() == []
    await mail.browser.get(opened, headers=PERSON)
    assert await mail.events() == [("opened", True)], "nobody reads so fast"
    await mail.was_sent_long_ago()
    await mail.browser.get(clicked, headers=SCANNER)
    await mail.browser.get(opened, headers=SCANNER)
    await mail.browser.get(clicked, headers=PERSON)
    await mail.browser.get(opened, headers=PERSON)
    assert await mail.events() == [("opened", True), ("clicked", True), ("clicked", False), ("opened", False)]
    job = await mail.rig.job(mail.enrollment_id, "hello")
    assert all(job[f"{kind}_at"] for kind in ("opened", "clicked", "machine_opened", "machine_clicked"))


async def test_a_click_leads_on(mail: Mail) -> None:
    """The reader lands where the author's link led, and the click names that place; twice is recorded once."""
    await mail.was_sent_long_ago()
    for _ in range(2):
        answer = await mail.browser.get(mail.found("c"), headers=PERSON)
        assert answer.status_code == 302
        assert answer.headers["location"] == TARGET.replace("ä", "%C3%A4")
    [event] = await mail.rig.rows("SELECT type, payload FROM events WHERE job_id = $1", mail.job_id)
    assert event["type"] == "clicked"


async def test_a_database_that_is_down_keeps_nobody_from_reading(mail: Mail, database_url: str) -> None:
    """The picture and the target come all the same; unsubscribing says 503, so that a mail program tries again."""
    gone = await Database.connect(database_url, size=2)
    await gone.close()
    async with browser_of(replace(mail.rig, engine=replace(mail.rig.engine, database=gone))) as browser:
        assert (await browser.get(mail.found("o"), headers=PERSON)).status_code == 200
        assert (await browser.get(mail.found("c"), headers=PERSON)).status_code == 302
        for answer in (await browser.get(mail.unsubscribe), await browser.post(mail.unsubscribe)):
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert "nothing has been changed" in answer.text
    assert (await mail.browser.post(mail.unsubscribe)).status_code == 200
    await assert_eventually(mail.is_barred)
