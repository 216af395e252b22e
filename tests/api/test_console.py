"""Sessions of the console: who gets one, what it opens, and for whose pages."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from api.console import pages
from api.http import cookies
from store.workspace import api_keys, sessions
from tests.api.conftest import Api

OURS = {"Sec-Fetch-Site": "same-origin"}


async def _link(api: Api, *, now: datetime | None = None) -> str:
    tenant = api.rig.engine.tenant_id
    async with api.rig.engine.database.transaction(tenant) as tx:
        return await sessions.make_link(tx, tenant, sessions.EVERYTHING, now or datetime.now(UTC))


async def _signed_in(api: Api, *scopes: api_keys.Scope) -> dict[str, str]:
    answer = await api.http.post("/session", headers={**await api.key(*scopes), **OURS})
    assert answer.status_code == 204
    api.http.cookies.clear()
    return {"Cookie": f"{cookies.NAME}={answer.cookies[cookies.NAME]}"}


async def test_a_key_opens_a_session_that_may_do_what_the_key_may(api: Api) -> None:
    """The cookie reads where the key reads, and is refused where the key is."""
    session = await _signed_in(api, "read")
    assert (await api.http.get("/sequences", headers=session)).status_code == 200
    assert (await api.http.get("/keys", headers=session)).status_code == 403
    assert (await api.http.get("/session", headers=session)).json()["scopes"] == ["read"]


async def test_no_script_reads_the_cookie_and_no_other_site_sends_it(api: Api) -> None:
    """HttpOnly and SameSite=Strict; Secure where the page came by TLS."""
    key = await api.key("read")
    plain = await api.http.post("/session", headers={**key, **OURS})
    by_tls = await api.http.post("https://127.0.0.1/session", headers={**key, **OURS})
    for answer in (plain, by_tls):
        assert "HttpOnly" in answer.headers["Set-Cookie"]
        assert "SameSite=strict" in answer.headers["Set-Cookie"]
    assert "Secure" not in plain.headers["Set-Cookie"]
    assert "Secure" in by_tls.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 404),
        ({"Origin": "http://127.0.0.1:8080"}, 404),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:9999"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8080"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({}, 403),
    ],
)
async def test_only_our_own_pages_write_by_a_cookie(api: Api, headers: dict[str, str], status: int) -> None:
    """Another port of the same host is the same site, but not the same origin."""
    session = await _signed_in(api, "write")
    answer = await api.http.delete("/contacts/nobody", headers={**session, **headers})
    assert answer.status_code == status


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://elsewhere"}])
async def test_only_our_own_pages_sign_in_and_out(api: Api, headers: dict[str, str]) -> None:
    """Neither by a key nor by a link, which stays good; nor is anybody signed out."""
    link = {"once": await _link(api)}
    assert (await api.http.post("/session/link", json=link, headers=headers)).status_code == 403
    assert (await api.http.post("/session", headers={**await api.key("read"), **headers})).status_code == 403
    assert (await api.http.post("/session/link", json=link, headers=OURS)).status_code == 204
    assert (await api.http.delete("/session", headers=headers)).status_code == 403
    assert (await api.http.get("/session")).status_code == 200


async def test_a_link_signs_in_once(api: Api) -> None:
    """The second time it is refused, and says what to do."""
    link = {"once": await _link(api)}
    assert (await api.http.post("/session/link", json=link, headers=OURS)).status_code == 204
    assert (await api.http.get("/me")).json()["scopes"] == ["admin", "read", "write"]
    api.http.cookies.clear()
    again = await api.http.post("/session/link", json=link, headers=OURS)
    assert (again.status_code, "by a new link" in again.json()["hint"]) == (401, True)


async def test_a_link_grows_old(api: Api) -> None:
    """After LINK_LASTS it signs nobody in."""
    link = {"once": await _link(api, now=datetime.now(UTC) - sessions.LINK_LASTS)}
    assert (await api.http.post("/session/link", json=link, headers=OURS)).status_code == 401


@pytest.mark.parametrize("once", ["", "once_", "once_0_x", f"once_{'0' * 32}_x", "ts_x", "é"])
async def test_what_is_no_link_signs_nobody_in(api: Api, once: str) -> None:
    """Whatever its form."""
    assert (await api.http.post("/session/link", json={"once": once}, headers=OURS)).status_code == 401


async def test_signing_out_ends_the_session_wherever_its_cookie_is(api: Api) -> None:
    """Not in this browser alone."""
    session = await _signed_in(api, "read")
    assert (await api.http.delete("/session", headers={**session, **OURS})).status_code == 204
    answer = await api.http.get("/sequences", headers=session)
    assert (answer.status_code, answer.json()["detail"]) == (401, "the session has ended")
    assert (await api.http.get("/session", headers=session)).status_code == 204


async def test_a_session_ends_with_its_key(api: Api) -> None:
    """Revoking a key shuts out whoever signed in by it."""
    tenant = api.rig.engine.tenant_id
    key = await api.key("read", name="lent")
    answer = await api.http.post("/session", headers={**key, **OURS})
    assert (await api.http.get("/sequences")).status_code == 200
    async with api.rig.engine.database.transaction(tenant) as tx:
        await api_keys.revoke(tx, "lent", datetime.now(UTC))
    assert answer.status_code == 204
    assert (await api.http.get("/sequences")).status_code == 401


async def test_a_session_that_is_used_lasts_and_ends_after_a_week_all_the_same(api: Api) -> None:
    """IDLE without use ends it; LONGEST ends it whatever its use."""
    database, began = api.rig.engine.database, datetime(2026, 12, 1, tzinfo=UTC)
    owner = api_keys.Owner(api.rig.engine.tenant_id, await _key_id(api), frozenset({"read"}))
    idle, used = [await sessions.begin_by_key(database, owner, began) for _ in range(2)]
    at, step = began, sessions.IDLE - timedelta(minutes=5)
    while (at := at + step) < began + sessions.LONGEST:
        assert await sessions.owner_of(database, used, at) is not None
    assert await sessions.owner_of(database, used, began + sessions.LONGEST) is None
    assert await sessions.owner_of(database, idle, began + sessions.IDLE) is None


async def _key_id(api: Api) -> UUID:
    await api.key("read", name="for an id")
    async with api.rig.engine.transaction() as tx:
        key = await api_keys.read(tx, "for an id")
    assert key is not None
    return key.id


async def test_a_session_is_no_key_and_a_key_goes_before_a_session(api: Api) -> None:
    """As a bearer it opens nothing; a request with a key is the key's, whatever cookie comes along."""
    session = await _signed_in(api, "read")
    token = session["Cookie"].partition("=")[2]
    assert (await api.http.get("/sequences", headers={"Authorization": f"Bearer {token}"})).status_code == 401
    both = {**session, **await api.key("admin")}
    assert (await api.http.get("/keys", headers=both)).status_code == 200
    assert (await api.http.get("/sequences", headers=both)).status_code == 403


async def test_a_request_of_a_session_is_repeated_once(api: Api) -> None:
    """Its Idempotency-Key is kept as that of a key is."""
    session = await _signed_in(api, "write")
    headers = {**session, **OURS, "Idempotency-Key": "one"}
    first, again = [await api.http.post("/sequences", json={"key": "s", "name": "S"}, headers=headers) for _ in "ab"]
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_every_address_below_the_console_is_the_application(api: Api) -> None:
    """Under a policy that lets nothing in but its own files; asked for again each time, 304 where it is the same."""
    for path in ("/console/", "/console/sequences/welcome/flow"):
        page = await api.http.get(path)
        assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert page.headers["Cache-Control"] == "no-cache"
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self' 'sha256-")
        assert "unsafe" not in policy
        same = await api.http.get(path, headers={"If-None-Match": page.headers["ETag"]})
        assert (same.status_code, same.content) == (304, b"")
    door = await api.http.get("/console", follow_redirects=False)
    assert (door.status_code, door.headers["Location"]) == (307, "console/")


async def test_assets_are_kept_for_ever_and_come_zipped(api: Api) -> None:
    """The hash of their content is in their name; one that is gone is 404, not the application."""
    [script] = [file for file in (pages.DIST / "assets").iterdir() if file.name.startswith("react-")]
    async with api.http.stream("GET", f"/console/assets/{script.name}", headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert gzip.decompress(raw) == script.read_bytes()
    plain = await api.http.get(f"/console/assets/{script.name}", headers={"Accept-Encoding": "identity"})
    assert plain.content == script.read_bytes()
    assert (await api.http.get("/console/assets/gone.js")).status_code == 404


@pytest.mark.parametrize("path", ["..%2f..%2fpyproject.toml", "%2e%2e/pyproject.toml", "assets/..%2findex.html"])
async def test_nothing_but_the_build_is_served(api: Api, path: str) -> None:
    """No path leads out of it."""
    answer = await api.http.get(f"/console/{path}")
    assert b"[project]" not in answer.content


def test_the_first_page_is_small() -> None:
    """175 kB of compressed script at most before anything is seen, 450 kB in all."""
    files = {file: len(gzip.compress(file.read_bytes())) for file in _built()}
    index = (pages.DIST / "index.html").read_text()
    first = sum(size for file, size in files.items() if file.name in index and file.suffix == ".js")
    assert 50_000 < first < 175 * 1024
    assert sum(files.values()) < 450 * 1024


def _built() -> list[Path]:
    return [file for file in pages.DIST.rglob("*") if file.is_file()]
