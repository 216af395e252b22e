"""A stateful stand-in for Twilio's Messages API on a loopback port, with faults on demand.

Forms are checked against Twilio's own OpenAPI description, so a field that Twilio does not know is refused here too.
"""

import asyncio
import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import jsonschema
from aiohttp import encode_basic_auth, web
from multidict import MultiDict

DESCRIPTION = json.loads((Path(__file__).parent / "twilio_create_message.json").read_text("utf-8"))
ACCOUNT = "AC" + "0a" * 16
TOKEN = "a-token"
NUMBER = "+12125550100"
SERVICE = "MG" + "0b" * 16


@dataclass(frozen=True)
class Fault:
    """How one POST is answered instead of 201."""

    status: int = 0
    code: int | None = None
    message: str = "made to fail"
    headers: tuple[tuple[str, str], ...] = ()
    text: str | None = None
    stores: bool = False
    """The message is taken all the same."""
    hangs: bool = False
    drops: bool = False


@dataclass
class TwilioApi:
    """One account; `messages` is what it took, newest last."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    forms: list[MultiDict[str]] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    status: str = "active"
    url: str = ""
    templates: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Approved ones by SID: `body`, and the `variables` that it is filled in with where a message gives none."""
    chats: set[str] = field(default_factory=set)
    """Numbers that wrote by WhatsApp within 24 hours; free text goes to them alone."""

    def __post_init__(self) -> None:
        self._released = asyncio.Event()
        self.met = asyncio.Event()
        """Set when a request hangs."""
        app = web.Application()
        root = f"/2010-04-01/Accounts/{ACCOUNT}"
        app.router.add_post(f"{root}/Messages.json", self._create)
        app.router.add_get(f"{root}/Messages.json", self._list)
        app.router.add_get(f"{root}.json", self._account)
        app.router.add_get("/v1/Content/{sid}", self._template)
        self._runner = web.AppRunner(app, shutdown_timeout=1)

    async def start(self) -> None:
        """Listen on a free port."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        """Let hanging requests go and stop listening."""
        self._released.set()
        await self._runner.cleanup()

    @contextmanager
    def failing(self, *faults: Fault) -> Iterator[None]:
        """Answer the next POSTs by these; all must have been met at the end."""
        self.faults.extend(faults)
        yield
        assert not self.faults

    def take(self, to: str, body: str, *, at: datetime | None = None, **fields: Any) -> dict[str, Any]:
        """Put a message into the account, as a POST would."""
        sid = "SM" + uuid4().hex
        message = dict.fromkeys(DESCRIPTION["Message"]["properties"]) | {
            "sid": sid,
            "account_sid": ACCOUNT,
            "api_version": "2010-04-01",
            "to": to,
            "from": NUMBER,
            "body": body,
            "status": "queued",
            "direction": "outbound-api",
            "num_media": "0",
            "num_segments": "1",
            "date_created": format_datetime(at or datetime.now(UTC)),
            "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}.json",
            "subresource_uris": {},
        }
        message |= fields
        self.messages.append(message)
        return message

    async def _create(self, request: web.Request) -> web.StreamResponse:
        if (refusal := _unauthorised(request)) is not None:
            return refusal
        form = MultiDict((name, str(value)) for name, value in (await request.post()).items())
        self.forms.append(form)
        fault = self.faults.popleft() if self.faults else None
        if errors := form_errors(form):
            return _error(400, 20001, "; ".join(errors))
        to = form["To"]
        if to.startswith("whatsapp:") and "ContentSid" not in form and to.removeprefix("whatsapp:") not in self.chats:
            return _error(400, 63016, "Failed to send freeform message")
        if fault is None or fault.stores:
            service = form.get("MessagingServiceSid")
            sender = {"from": None, "messaging_service_sid": service} if service else {"from": form["From"]}
            message = self.take(to, self._words(form), **sender)
        if fault is None:
            return web.json_response(message, status=201)
        if fault.hangs:
            self.met.set()
            await self._released.wait()
        if fault.hangs or fault.drops:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if fault.text is not None:
            return web.Response(status=fault.status, text=fault.text, headers=dict(fault.headers))
        return _error(fault.status, fault.code or fault.status, fault.message, dict(fault.headers))

    def _words(self, form: MultiDict[str]) -> str:
        template = self.templates.get(form.get("ContentSid", ""))
        if template is None:
            return form.get("Body", "")
        words: str = template["body"]
        for name, value in {**template["variables"], **json.loads(form.get("ContentVariables", "{}"))}.items():
            words = words.replace("{{%s}}" % name, value)  # noqa: UP031 - braces
        return words

    async def _template(self, request: web.Request) -> web.Response:
        if (refusal := _unauthorised(request)) is not None:
            return refusal
        sid = request.match_info["sid"]
        if (template := self.templates.get(sid)) is None:
            return _error(404, 20404, "not found")
        types = {"twilio/text": {"body": template["body"]}}
        return web.json_response({"sid": sid, "types": types, "variables": template["variables"]})

    async def _list(self, request: web.Request) -> web.Response:
        if (refusal := _unauthorised(request)) is not None:
            return refusal
        found = [message for message in self.messages if _selected(message, request.query)]
        size = int(request.query.get("PageSize", 50))
        body = {"messages": found[::-1][:size], "page": 0, "page_size": size, "next_page_uri": None}
        return web.json_response(body)

    async def _account(self, request: web.Request) -> web.Response:
        if (refusal := _unauthorised(request)) is not None:
            return refusal
        return web.json_response({"sid": ACCOUNT, "friendly_name": "Test", "status": self.status})


def form_errors(form: MultiDict[str]) -> list[str]:
    """What Twilio's description of CreateMessage says against a form."""
    schema = DESCRIPTION["CreateMessageRequest"] | {"additionalProperties": False}
    values = {
        name: form.getall(name) if schema["properties"].get(name, {}).get("type") == "array" else form[name]
        for name in form
    }
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(values)]


def ago(seconds: float) -> datetime:
    """That long before now."""
    return datetime.now(UTC) - timedelta(seconds=seconds)


def _selected(message: dict[str, Any], query: Any) -> bool:
    """Twilio's filters; a message without DateSent meets no filter on it."""
    if "To" in query and message["to"] != query["To"]:
        return False
    return not any(name.startswith("DateSent") for name in query) or message["date_sent"] is not None


def _unauthorised(request: web.Request) -> web.Response | None:
    if request.headers.get("Authorization") == encode_basic_auth(ACCOUNT, TOKEN):
        return None
    return _error(401, 20003, "Authenticate")


def _error(status: int, code: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    body = {"code": code, "message": message, "more_info": "", "status": status}
    return web.json_response(body, status=status, headers=headers)
