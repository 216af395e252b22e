"""What a tenant's administrator does: keys, users, settings, senders."""

from uuid import uuid4

import httpx
import pytest

from tests.api.conftest import Api


async def test_a_key_is_made_shown_once_used_and_revoked(api: Api) -> None:
    """The new key opens what its scopes say, the list never shows it, and after the revocation it opens nothing."""
    admin = await api.key("admin", name="first")
    made = await api.http.post("/keys", json={"name": "crm", "scopes": ["read"]}, headers=admin)
    assert made.status_code == 201
    crm = {"Authorization": f"Bearer {made.json()['key']}"}
    assert (await api.http.get("/users", headers=crm)).status_code == 200
    assert (await api.http.get("/keys", headers=crm)).status_code == 403
    listed = await api.http.get("/keys", headers=admin)
    assert made.json()["key"] not in listed.text
    assert [key["name"] for key in listed.json()["items"]] == ["first", "crm"]
    shown = listed.json()["items"][1]
    assert (shown["scopes"], shown["last_used_at"] is None, shown["revoked_at"]) == (["read"], False, None)
    taken = await api.http.post("/keys", json={"name": "crm", "scopes": ["read"]}, headers=admin)
    assert taken.status_code == 409
    assert (await api.http.delete(f"/keys/{shown['id']}", headers=admin)).status_code == 204
    assert (await api.http.get("/users", headers=crm)).status_code == 401
    assert (await api.http.delete(f"/keys/{shown['id']}", headers=admin)).status_code == 404
    assert (await api.http.get("/keys", headers=admin)).json()["items"][1]["revoked_at"] is not None


@pytest.mark.parametrize(
    "body", [{"name": " ", "scopes": ["read"]}, {"name": "x", "scopes": []}, {"name": "x", "scopes": ["root"]}, {}]
)
async def test_a_key_that_makes_no_sense_is_not_made(api: Api, body: dict[str, object]) -> None:
    """422, and there is none."""
    answer = await api.http.post("/keys", json=body, headers=await api.key("admin"))
    assert answer.status_code == 422
    assert await api.count("api_keys") == 1


async def test_users_are_made_listed_changed_and_removed(api: Api) -> None:
    """By name, page by page; the name stays, what is left out is taken away."""
    admin, read = await api.key("admin"), await api.key("read")
    for name in ("grace", "ada", "linus"):
        body = {"name": name, "full_name": name.title(), "email": f"{name.upper()}@Example.com"}
        assert (await api.http.post("/users", json=body, headers=admin)).status_code == 201
    page = (await api.http.get("/users", params={"limit": 2}, headers=read)).json()
    assert [user["name"] for user in page["items"]] == ["ada", "grace"]
    rest = (await api.http.get("/users", params={"after": page["next"]}, headers=read)).json()
    assert ([user["name"] for user in rest["items"]], rest["next"]) == (["linus"], None)
    ada = page["items"][0]
    assert ada["email"] == "ada@example.com"
    changed = await api.http.put(f"/users/{ada['id']}", json={"full_name": "Ada Lovelace"}, headers=admin)
    assert changed.json() == {**ada, "full_name": "Ada Lovelace", "email": None}
    assert (await api.http.put(f"/users/{ada['id']}", json={"email": "nobody"}, headers=admin)).status_code == 422
    assert (await api.http.delete(f"/users/{ada['id']}", headers=admin)).status_code == 204
    assert (await api.http.delete(f"/users/{ada['id']}", headers=admin)).status_code == 404
    assert await api.count("users") == 2


async def test_the_tenants_settings_are_read_and_changed_as_a_whole(api: Api) -> None:
    """What is sent is what is stored; holidays are sorted and each is there once."""
    admin = await api.key("admin")
    before = (await api.http.get("/tenant", headers=admin)).json()
    assert (before["on_ambiguous"], before["holidays"]) == ("hold", [])
    wanted = {
        "timezone": "Europe/Lisbon",
        "help_text": "Call us.",
        "opt_out_text": None,
        "postal_address": "1 Main St\nDenver",
        "track_opens": True,
        "track_clicks": True,
        "webhook_allow": ["n8n.internal"],
        "holidays": ["2026-12-31", "2026-12-24", "2026-12-31"],
        "review_days": 3,
        "on_ambiguous": "resend",
        "on_left": "hold",
    }
    changed = await api.http.put("/tenant", json=wanted, headers={**admin, "If-Match": "*"})
    expected = {**before, **wanted, "holidays": ["2026-12-24", "2026-12-31"]}
    assert (changed.status_code, changed.json()) == (200, expected)
    assert (await api.http.get("/tenant", headers=admin)).json() == expected
    [row] = await api.rig.rows("SELECT timezone, on_ambiguous, opt_out_text FROM tenants")
    assert row == {"timezone": "Europe/Lisbon", "on_ambiguous": "resend", "opt_out_text": None}


async def test_two_who_change_the_tenants_settings_lose_nothing_of_each_others(api: Api) -> None:
    """A change says what it is based on; the later one of two is refused, and made anew on what is there now."""
    admin = await api.key("admin")
    got = await api.http.get("/tenant", headers=admin)
    body = {key: value for key, value in got.json().items() if key not in ("id", "name")}

    async def put(match: str | None, **changed: object) -> httpx.Response:
        headers = admin if match is None else {**admin, "If-Match": match}
        return await api.http.put("/tenant", json={**body, **changed}, headers=headers)

    seen = got.headers["ETag"]
    assert (await put(None, help_text="Call us.")).status_code == 428
    first = await put(seen, help_text="Call us.")
    assert first.status_code == 200
    late = await put(seen, track_opens=True)
    assert (late.status_code, late.json()["type"]) == (412, "urn:problem-type:touchline:precondition-failed")
    again = await api.http.get("/tenant", headers=admin)
    assert (again.json()["help_text"], again.json()["track_opens"]) == ("Call us.", False)
    assert again.headers["ETag"] == first.headers["ETag"] != seen
    mended = await put(again.headers["ETag"], help_text="Call us.", track_opens=True)
    assert (mended.status_code, mended.json()["track_opens"]) == (200, True)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("timezone", "Denver", "timezone"),
        ("help_text", "x" * 1601, "help_text"),
        ("webhook_allow", ["any"], "webhook_allow"),
        ("on_ambiguous", "shrug", "on_ambiguous"),
        ("on_left", "shrug", "on_left"),
        ("review_days", 0, "review_days"),
        ("holidays", ["2026-02-30"], "holidays"),
        ("name", "Mine", "name"),
    ],
)
async def test_a_setting_that_makes_no_sense_is_refused(api: Api, name: str, value: object, said: str) -> None:
    """422 that names it, and nothing is changed."""
    admin = await api.key("admin")
    before = (await api.http.get("/tenant", headers=admin)).json()
    body = {key: value for key, value in before.items() if key not in ("id", "name")}
    answer = await api.http.put("/tenant", json={**body, name: value}, headers={**admin, "If-Match": "*"})
    assert (answer.status_code, said in answer.text) == (422, True)
    assert (await api.http.get("/tenant", headers=admin)).json() == before


async def test_each_channel_has_one_default_sender(api: Api) -> None:
    """The first one, until another is chosen; a default goes last."""
    admin = await api.key("admin")

    async def add(channel: str, address: str, **more: object) -> tuple[int, dict[str, object]]:
        body = {"channel": channel, "address": address, **more}
        answer = await api.http.post("/senders", json=body, headers=admin)
        return answer.status_code, answer.json()

    async def defaults() -> list[str]:
        listed = (await api.http.get("/senders", headers=admin)).json()["items"]
        return [sender["address"] for sender in listed if sender["is_default"]]

    _, hello = await add("email", "Hello@Acme.example", name="Acme")
    assert (hello["address"], hello["name"], hello["is_default"]) == ("hello@acme.example", "Acme", True)
    _, sales = await add("email", "sales@acme.example")
    _, text = await add("sms", "(212) 555-0100")
    assert text["address"] == "+12125550100"
    assert await defaults() == ["hello@acme.example", "+12125550100"]
    assert (await add("email", "hello@acme.example"))[0] == 409
    assert (await add("email", "nobody"))[0] == (await add("sms", "12"))[0] == 422
    assert (await add("sms", "+12125550111", name="Acme"))[0] == 422
    assert (await add("whatsapp", "MG" + "0" * 32))[0] == 201
    assert (await api.http.delete(f"/senders/{hello['id']}", headers=admin)).status_code == 409
    assert (await api.http.post(f"/senders/{sales['id']}/default", headers=admin)).json()["is_default"] is True
    assert await defaults() == ["sales@acme.example", "+12125550100", "MG" + "0" * 32]
    for sender in (hello, sales, text):
        assert (await api.http.delete(f"/senders/{sender['id']}", headers=admin)).status_code == 204
    assert (await api.http.post(f"/senders/{uuid4()}/default", headers=admin)).status_code == 404
    assert await api.count("senders") == 1
