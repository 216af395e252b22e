"""Webhooks over a real wire: signed, to public addresses alone, never followed elsewhere, and repeatable."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from socket import AF_INET, EAI_NONAME, gaierror
from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.resolver import ThreadedResolver
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook

from composition import _GRACE, registry_of
from domain.errors import ConfigurationError, NotCleared, NotReady, PermanentError, SendError, TransientError
from domain.ids import DEFAULT_TENANT
from domain.messages import MAX_REQUEST_SECONDS, Absent, Channel, OutgoingMessage, TextContent, WebhookContent
from providers.webhook import ANSWER_LIMIT, WebhookConfig, WebhookProvider
from settings import Settings
from tests.providers.sending import send
from tests.support.machine import later, refusing_port
from workflows.commands import ATTEMPT_TIMEOUT

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LOOPBACK = ("127.0.0.0/8", "::1/128")


@dataclass
class Receiver:
    """Somebody's server: what it got, and what it answers next."""

    server: TestServer
    got: list[tuple[dict[str, str], str]] = field(default_factory=list)
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}/hook"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async def handle(request: web.Request) -> web.StreamResponse:
        found.got.append(({k.lower(): v for k, v in request.headers.items()}, await request.text()))
        return await found.answer(request) if found.answer else web.json_response({"ok": True})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    found = Receiver(TestServer(app, host="127.0.0.1"))
    await found.server.start_server()
    yield found
    await found.server.close()


@pytest.fixture
async def provider() -> AsyncIterator[WebhookProvider]:
    made = WebhookProvider(WebhookConfig(SECRET, ("any",)))
    yield made
    await made.close()


def message(url: str, *, allow: tuple[str, ...] = LOOPBACK, **fields: object) -> OutgoingMessage:
    """A document of a tenant with this allow list."""
    given = {"body": '{"type": "sequence.step", "name": "Zoë"}', "timeout_seconds": MAX_REQUEST_SECONDS, **fields}
    content = WebhookContent.model_validate(given)
    return OutgoingMessage(tenant_id=DEFAULT_TENANT, job_id=uuid4(), to=url, content=content, allow=allow)


def answering(
    status: int, headers: dict[str, str] | None = None, text: str = ""
) -> Callable[..., Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers, text=text)

    return answer


async def test_a_post_that_must_not_leave_now_does_not(receiver: Receiver, provider: WebhookProvider) -> None:
    """A look that says no leaves nothing with the receiver; it comes when the connection stands, not before."""

    async def say_no() -> None:
        raise NotCleared("unsubscribed")

    with pytest.raises(NotCleared):
        await send(provider, message(receiver.url), clear=say_no)
    assert receiver.got == []
    with refusing_port() as port, pytest.raises(TransientError):
        await send(provider, message(f"http://127.0.0.1:{port}/"), clear=say_no)


async def test_it_is_signed_and_carries_its_key(receiver: Receiver, provider: WebhookProvider) -> None:
    """The Standard Webhooks library of a receiver believes it; the key is the job; our headers win."""
    sent = message(receiver.url, headers={"x-team": "sales", "Webhook-Id": "forged"})
    receipt = await send(provider, sent)
    [(headers, body)] = receiver.got
    assert Webhook(SECRET).verify(body, headers) == {"type": "sequence.step", "name": "Zoë"}
    assert (headers["webhook-id"], headers["idempotency-key"]) == (str(sent.job_id), str(sent.job_id))
    assert (headers["x-team"], headers["content-type"]) == ("sales", "application/json")
    assert (receipt.provider_message_id, receipt.detail) == (str(sent.job_id), "HTTP 200")
    assert receipt.answer == '{"ok": true}'


async def test_an_answer_is_read_up_to_a_limit(receiver: Receiver, provider: WebhookProvider) -> None:
    """An endless answer costs no more than that."""
    receiver.answer = answering(200, text="x" * (ANSWER_LIMIT * 3))
    receipt = await send(provider, message(receiver.url))
    assert len(receipt.answer or "") == ANSWER_LIMIT


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, PermanentError),
        (404, PermanentError),
        (410, PermanentError),
        (302, PermanentError),
        (408, TransientError),
        (429, TransientError),
        (500, TransientError),
        (503, TransientError),
    ],
)
async def test_an_answer_says_whether_to_try_again(
    receiver: Receiver, provider: WebhookProvider, status: int, kind: type[SendError]
) -> None:
    """What passes is tried again; anything else is a refusal, and a redirect is not followed."""
    receiver.answer = answering(status, {"Location": f"{receiver.url}/elsewhere"})
    with pytest.raises(kind) as refused:
        await send(provider, message(receiver.url))
    assert refused.value.status == status
    assert len(receiver.got) == 1


@pytest.mark.parametrize("form", ["seconds", "date", "nonsense"])
async def test_retry_after_is_heard(receiver: Receiver, provider: WebhookProvider, form: str) -> None:
    """In seconds or as a date."""
    then = datetime.now(UTC) + timedelta(hours=3)
    said = {"seconds": "10800", "date": f"{then:%a, %d %b %Y %H:%M:%S} GMT", "nonsense": "soon"}[form]
    receiver.answer = answering(429, {"Retry-After": said})
    with pytest.raises(TransientError) as refused:
        await send(provider, message(receiver.url))
    after = refused.value.retry_after
    assert (
        after is None
        if form == "nonsense"
        else timedelta(hours=3, minutes=-2) < (after or timedelta()) <= timedelta(hours=3)
    )


async def test_a_slow_answer_is_tried_again(provider: WebhookProvider, receiver: Receiver) -> None:
    """The receiver knows a repetition, so nothing is in doubt; how long it is waited for, the step says."""
    met, released = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        met.set()
        await released.wait()
        return web.Response()

    receiver.answer = slow
    sending = asyncio.create_task(send(provider, message(receiver.url, timeout_seconds=25)))
    await asyncio.wait_for(met.wait(), 60)
    # aiohttp rounds a deadline up to the whole second.
    with later(25 + 1), pytest.raises(TransientError, match="no answer within 25 s"):
        await asyncio.wait_for(sending, 20)
    released.set()


async def test_a_port_where_nobody_listens_is_tried_again(provider: WebhookProvider) -> None:
    """Somebody may soon."""
    with refusing_port() as port, pytest.raises(TransientError, match="no answer: Cannot connect"):
        await send(provider, message(f"http://127.0.0.1:{port}/"))


async def test_a_name_that_nobody_knows_is_tried_again(
    provider: WebhookProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that is away answers like one that does not know it."""

    def unknown(*_: object, **__: object) -> None:
        raise gaierror(EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    with pytest.raises(TransientError, match="no answer: Cannot connect"):
        await send(provider, message("http://nobody.invalid/"))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://0.0.0.0:{port}/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://100.64.0.1/",
        "http://2130706433:{port}/",
        "http://127.1:{port}/",
    ],
)
async def test_our_own_network_is_not_called(receiver: Receiver, provider: WebhookProvider, url: str) -> None:
    """Private, loopback and link-local addresses are refused however they are written, also behind a name."""
    with pytest.raises((PermanentError, TransientError)):
        await send(provider, message(url.format(port=receiver.server.port), allow=()))
    assert receiver.got == []


async def test_a_name_is_judged_by_its_addresses(receiver: Receiver, provider: WebhookProvider) -> None:
    """A public name that leads to our own network is refused for good; the tenant's list names hosts or networks."""
    url = f"http://localhost:{receiver.server.port}/"
    with pytest.raises(PermanentError, match="not on the tenant's allow list"):
        await send(provider, message(url, allow=("n8n.internal", "10.0.0.0/8")))
    for allow in (("LocalHost",), LOOPBACK):
        await send(provider, message(url, allow=allow))
    assert len(receiver.got) == 2


async def test_no_tenant_calls_where_another_may(receiver: Receiver, provider: WebhookProvider) -> None:
    """Also right behind a call of the other's to the same place."""
    url = f"http://localhost:{receiver.server.port}/"
    await send(provider, message(url))
    with pytest.raises(PermanentError):
        await send(provider, message(url, allow=()))
    assert len(receiver.got) == 1


@pytest.mark.parametrize("bound", [(), ("",), ("10.0.0.0/8", "n8n.internal")])
async def test_the_installation_bounds_what_tenants_allow(receiver: Receiver, bound: tuple[str, ...]) -> None:
    """Nothing private at all, or what is on both lists."""
    provider = WebhookProvider(WebhookConfig(SECRET, bound))
    for url in (receiver.url, f"http://localhost:{receiver.server.port}/"):
        with pytest.raises(PermanentError, match="TOUCHLINE_WEBHOOK_ALLOW bars it"):
            await send(provider, message(url, allow=("localhost", *LOOPBACK)))
    within = WebhookProvider(WebhookConfig(SECRET, (*bound, "127.0.0.1")))
    await send(within, message(receiver.url))
    assert len(receiver.got) == 1


async def test_a_name_that_changes_its_mind_is_called_where_it_was_judged(
    receiver: Receiver, provider: WebhookProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is resolved once, and what was judged is connected to."""
    answers = ["93.184.215.14", "127.0.0.1"]
    asked: list[str] = []

    async def resolve(self: object, host: str, port: int = 0, family: int = 0) -> list[dict[str, object]]:
        asked.append(host)
        address = answers[min(len(asked), len(answers)) - 1]
        return [{"hostname": host, "host": address, "port": port, "family": AF_INET, "proto": 0, "flags": 0}]

    connected: list[object] = []

    async def connect(*, addr_infos: list[tuple[object, ...]], **_: object) -> None:
        connected.extend(info[4] for info in addr_infos)
        raise OSError("nobody is there")

    monkeypatch.setattr(ThreadedResolver, "resolve", resolve)
    monkeypatch.setattr("aiohttp.connector.aiohappyeyeballs.start_connection", connect)
    with pytest.raises(TransientError):
        await send(provider, message(f"http://rebinding.example:{receiver.server.port}/", allow=()))
    assert asked == ["rebinding.example"]
    assert connected == [("93.184.215.14", receiver.server.port)]
    with pytest.raises(PermanentError):
        await send(provider, message(f"http://rebinding.example:{receiver.server.port}/", allow=()))


async def test_an_installation_that_says_nothing_bars_what_is_private(receiver: Receiver) -> None:
    """A tenant's administrator writes its list: alone that opens nothing of ours."""
    provider = registry_of(Settings(_env_file=None, webhook_provider="http", webhook_secret=SECRET)).for_channel(
        Channel.WEBHOOK
    )
    for url in (receiver.url, "http://169.254.169.254/latest/meta-data"):
        with pytest.raises(PermanentError, match="TOUCHLINE_WEBHOOK_ALLOW bars it"):
            await send(provider, message(url, allow=("0.0.0.0/0", *LOOPBACK)))
    assert receiver.got == []


@pytest.mark.parametrize("entry", ["10.0.0.0/33", "http://n8n.internal", "n8n.internal:5678", "a b", "127.1", "*"])
def test_a_bound_that_makes_no_sense_is_refused_at_the_start(entry: str) -> None:
    """Else it would let through, or bar, what nobody meant."""
    with pytest.raises(NotReady, match="neither a host name nor a network") as refused:
        WebhookProvider(WebhookConfig(SECRET, ("10.0.0.0/8", entry)))
    assert "TOUCHLINE_WEBHOOK_ALLOW" in (refused.value.hint or "")


@pytest.mark.parametrize(
    "url",
    ["ftp://example.com/", "file:///etc/passwd", "https://", "http://a:b@example.com/", "x", "http://2130706433/"],
)
async def test_only_the_web_is_called(provider: WebhookProvider, url: str) -> None:
    """Another scheme, no host, or a password in the URL: refused for good."""
    with pytest.raises(PermanentError):
        await send(provider, message(url))


@pytest.mark.parametrize("secret", ["", "whsec_"])
def test_nothing_goes_unsigned(secret: str) -> None:
    """Without a secret there is no provider."""
    with pytest.raises(NotReady) as missing:
        WebhookProvider(WebhookConfig(secret))
    assert "TOUCHLINE_WEBHOOK_SECRET" in (missing.value.hint or "")


async def test_a_repetition_is_safe_so_nothing_is_looked_up(provider: WebhookProvider) -> None:
    """What was in doubt counts as not sent; and what is no document is a fault of ours."""
    assert await provider.lookup(message("http://example.com/"), datetime.now(UTC)) == Absent()
    text = message("http://example.com/").model_copy(update={"content": TextContent(body="x")})
    with pytest.raises(ConfigurationError):
        await send(provider, text)


def test_a_request_ends_before_whoever_waits_for_it_gives_up() -> None:
    """A worker that shuts down and the workflow that waits for an attempt both outlast it."""
    assert timedelta(seconds=MAX_REQUEST_SECONDS) < min(_GRACE, ATTEMPT_TIMEOUT)
