"""The checks of `doctor` of the way in: the API, what proves its callers, what links need, the mailbox."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

import aiohttp

from cli.doctor.checks import PATIENCE_S, Finding, fail, ok, warn
from cli.terminal import connect
from composition import mailbox_of, twilio_webhook_of, webhook_secrets_of
from domain.errors import NotReady
from local import services
from providers import imap
from providers.imap import ImapConfig
from providers.inbound.registry import build_email_webhooks
from settings import MAKE_KEY, Settings
from store.health import OVERDUE
from store.inbound import mailboxes

_API_PATIENCE_S = 5.0
"""It is on this machine; longer than it waits for the database itself."""

# --- the API -------------------------------------------------------------------------------------------


async def api_finding(settings: Settings) -> Finding:
    """Whether the local stack's API can receive, where the settings have it."""
    name, url = "API", services.url_of(settings)
    if settings.api_port == 0:
        return warn(name, "on any free port, which ./touchline up has named", "set TOUCHLINE_API_PORT")
    elsewhere = (
        f"./touchline up names another port where this one was taken; its log is {settings.state_dir / 'api.log'}"
    )
    try:
        timeout = aiohttp.ClientTimeout(total=_API_PATIENCE_S)
        async with aiohttp.ClientSession(timeout=timeout) as http, http.get(f"{url}/readyz") as answer:
            status = answer.status
    except TimeoutError:
        return fail(name, f"{url} gave no answer within {_API_PATIENCE_S:g} s", elsewhere)
    except aiohttp.ClientError:
        return fail(name, f"nothing answers at {url}", elsewhere)
    match status:
        case HTTPStatus.OK:
            return ok(name, f"receives at {url}")
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return fail(name, f"{url} cannot use the database", f"{url}/readyz says why")
        case _:
            return fail(name, f"what answers at {url} is no API of Touchline ({status})", elsewhere)


def webhook_findings(settings: Settings) -> Iterator[Finding]:
    """What proves the providers' calls: each secret that is set can be one, or the API refuses to start."""
    secrets = webhook_secrets_of(settings)
    nothing: dict[str, list[str]] = {name: [] for name in secrets}
    readable: list[str] = []
    for name, given in secrets.items():
        try:
            readable += build_email_webhooks(**{**nothing, name: given})
        except NotReady as error:
            yield fail("webhook secrets", str(error), error.hint or "")
    try:
        if twilio := twilio_webhook_of(settings):
            readable.append(twilio.name)
    except NotReady as error:
        yield fail("webhook secrets", str(error), error.hint or "")
    if readable:
        yield ok("webhook secrets", f"readable: {', '.join(dict.fromkeys(readable))}; the first call proves them")


def public_findings(settings: Settings) -> Iterator[Finding]:
    """Where the outside reaches us, and what signs the links that lead there."""
    name = "public address"
    if not settings.public_url:
        if settings.sms_provider == "twilio":
            yield warn(name, "Twilio cannot report deliveries back", "set TOUCHLINE_PUBLIC_URL")
        return
    url = settings.public_url
    if _is_of_this_machine(url):
        yield warn(name, f"only this machine reaches {url}", "set TOUCHLINE_PUBLIC_URL to what the outside calls")
    elif urlsplit(url).scheme != "https":
        mend = "put a proxy with TLS before the API, and its https:// address into TOUCHLINE_PUBLIC_URL"
        yield fail(name, f"{url} is not https: mail programs unsubscribe by nothing else (RFC 8058)", mend)
    else:
        yield ok(name, url)
    # Where nothing is located yet, it may be the local stack that is meant, which has a key of its own.
    if settings.database_url and not settings.secret_keys.get_secret_value():
        mend = f"set TOUCHLINE_SECRET_KEYS; this makes one: {MAKE_KEY}"
        yield fail("link keys", "none, so messages have no unsubscribe links", mend)


def _is_of_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    with suppress(ValueError):  # a name, which is not looked up
        return ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")


# --- the mailbox ---------------------------------------------------------------------------------------


async def mailbox_findings(settings: Settings) -> list[Finding]:
    """Where one is polled: does it let us in, and is it read?"""
    config = mailbox_of(settings)
    if config is None:
        return []
    findings = [await _mailbox(config)]
    if settings.database_url:
        with suppress(NotReady, TimeoutError):  # said by the lines about the database
            findings.append(await _polled(settings, config))
    return findings


async def _mailbox(config: ImapConfig) -> Finding:
    name = "mailbox"
    try:
        async with asyncio.timeout(PATIENCE_S):
            return ok(name, await imap.check(config))
    except NotReady as error:
        return fail(name, str(error), error.hint or "")
    except TimeoutError:
        return fail(name, f"{config.place} gave no answer within {PATIENCE_S:g} s", "check TOUCHLINE_IMAP_HOST")


async def _polled(settings: Settings, config: ImapConfig) -> Finding:
    name = "mailbox reading"
    async with (
        asyncio.timeout(PATIENCE_S),
        connect.pool(settings) as database,
        database.transaction(settings.tenant) as tx,
    ):
        checkpoint = await mailboxes.read(tx, config.name)
    if checkpoint is None:
        return warn(name, "not begun", "a worker reads it, with the same TOUCHLINE_IMAP settings: ./touchline up")
    read = f"to its end at {checkpoint.polled_at:%Y-%m-%d %H:%M:%S} UTC"
    if datetime.now(UTC) - checkpoint.polled_at > OVERDUE + timedelta(seconds=settings.imap_every_s):
        return fail(name, f"last {read}; answers since then are unheard", "the worker's log says why")
    return ok(name, read)
