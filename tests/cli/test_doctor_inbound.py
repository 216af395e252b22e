"""What `doctor` says of the way in: the API, its callers' secrets, the public address and what signs links."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiohttp import web

from cli.doctor.checks import Finding
from cli.doctor.inbound_checks import api_finding
from local.ports import free_port
from settings import Settings
from tests.cli.conftest import Cli

RESEND = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NAMES = ("webhook secrets", "public address", "link keys", "settings", "API")


async def lines(cli: Cli) -> list[dict[str, Any]]:
    said = await cli("doctor", "--json")
    return [finding for finding in said.document if finding["name"] in NAMES]


async def line(cli: Cli, name: str) -> dict[str, Any]:
    [found] = [finding for finding in await lines(cli) if finding["name"] == name]
    return found


async def test_of_what_is_not_set_up_nothing_is_said(cli: Cli, bare: object) -> None:
    """Whoever tries it out has neither providers nor a public address."""
    assert [finding["name"] for finding in await lines(cli)] == ["settings"]


@pytest.mark.parametrize(
    ("setting", "secret"),
    [
        ("RESEND_WEBHOOK_SECRETS", f"{RESEND}, whsec_###"),
        ("POSTMARK_WEBHOOK_LOGINS", "nopassword"),
        ("SENDGRID_WEBHOOK_KEYS", "abc"),
        ("SENDGRID_INBOUND_LOGINS", ":nobody"),
        ("TWILIO_AUTH_TOKEN", f"AC{'0' * 32}"),
    ],
)
async def test_a_secret_that_can_be_none_fails(cli: Cli, bare: pytest.MonkeyPatch, setting: str, secret: str) -> None:
    """The API would refuse to start; the setting is named, and the secret is not shown."""
    bare.setenv(f"TOUCHLINE_{setting}", secret)
    found = await line(cli, "webhook secrets")
    assert found["status"] == "fail"
    assert f"TOUCHLINE_{setting}" in found["mend"]
    assert secret not in str(found)


async def test_every_wrong_secret_is_named_beside_the_right_ones(cli: Cli, bare: pytest.MonkeyPatch) -> None:
    """One round of fixing is enough."""
    bare.setenv("TOUCHLINE_RESEND_WEBHOOK_SECRETS", RESEND)
    bare.setenv("TOUCHLINE_TWILIO_WEBHOOK_TOKENS", "f" * 32)
    bare.setenv("TOUCHLINE_POSTMARK_WEBHOOK_LOGINS", "nopassword")
    bare.setenv("TOUCHLINE_SENDGRID_WEBHOOK_KEYS", "abc")
    found = [finding for finding in await lines(cli) if finding["name"] == "webhook secrets"]
    assert [finding["status"] for finding in found] == ["fail", "fail", "ok"]
    assert "resend, twilio" in found[-1]["detail"]


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("https://hooks.example.com/touchline", "ok"),
        ("http://hooks.example.com", "fail"),
        ("http://10.0.0.7:8080", "fail"),
        ("http://127.0.0.1:8080", "warn"),
        ("http://localhost:8080", "warn"),
        ("https://[::1]", "warn"),
    ],
)
async def test_the_public_address_must_be_https(cli: Cli, bare: pytest.MonkeyPatch, url: str, status: str) -> None:
    """One-click unsubscribing asks for it; an address of this machine is good for trying only."""
    bare.setenv("TOUCHLINE_PUBLIC_URL", url)
    found = await line(cli, "public address")
    assert found["status"] == status
    assert ("TOUCHLINE_PUBLIC_URL" in found["mend"]) is (status != "ok")


async def test_links_need_a_key(cli: Cli, services: Settings, bare: pytest.MonkeyPatch) -> None:
    """Away from the local stack, which has its own: none fails, a short one is refused, each with what makes one."""
    bare.setenv("TOUCHLINE_PUBLIC_URL", "https://hooks.example.com")
    none = await line(cli, "link keys")
    assert (none["status"], "TOUCHLINE_SECRET_KEYS" in none["mend"]) == ("fail", True)
    assert "token_urlsafe" in none["mend"]
    bare.setenv("TOUCHLINE_SECRET_KEYS", "guessable")
    short = await line(cli, "settings")
    assert (short["status"], "guessable" in str(short)) == ("fail", False)
    assert "TOUCHLINE_SECRET_KEYS" in short["detail"]
    assert "token_urlsafe" in short["detail"]
    bare.setenv("TOUCHLINE_SECRET_KEYS", "k" * 32)
    assert [finding["name"] for finding in await lines(cli)] == ["settings", "public address"]


Judge = Callable[[int], Awaitable[Finding]]


@pytest.fixture
async def answering() -> AsyncIterator[Judge]:
    """What is found where /readyz answers with a status."""
    async with AsyncExitStack() as stack:

        async def serve(status: int) -> Finding:
            app = web.Application()

            async def readyz(_: web.Request) -> web.Response:
                return web.Response(status=status)

            app.router.add_get("/readyz", readyz)
            runner = web.AppRunner(app)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            return await api_finding(Settings(_env_file=None, api_port=runner.addresses[0][1]))

        yield serve


@pytest.mark.parametrize(("status", "found"), [(200, "ok"), (503, "fail"), (404, "fail")])
async def test_the_api_is_asked_whether_it_can_receive(answering: Judge, status: int, found: str) -> None:
    """To live is not enough, and another program may have its port."""
    finding = await answering(status)
    assert (finding.name, finding.status, bool(finding.mend)) == ("API", found, status != 200)


async def test_an_api_that_is_not_there_fails(tmp_path: Any) -> None:
    """With where its log is; a port that nobody can know is only said."""
    nowhere = Settings(_env_file=None, api_port=free_port(), state_dir=tmp_path)
    finding = await api_finding(nowhere)
    assert (finding.status, str(tmp_path / "api.log") in finding.mend) == ("fail", True)
    assert (await api_finding(nowhere.model_copy(update={"api_port": 0}))).status == "warn"
