"""The description is true: whatever may be sent is answered as it says, and never with a fault of ours."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from api.http.state import Edge
from providers.inbound.base import Webhook, WebhookRequest
from providers.inbound.intake import SHORT_CALL, Head, Intake
from providers.inbound.postmark import PostmarkWebhook
from providers.inbound.resend import ResendWebhook
from providers.inbound.sendgrid import SendGridWebhook
from providers.inbound.twilio import TwilioWebhook
from tests.api.conftest import Api, another_tenant


class _Credulous:
    """A vendor's webhook that believes everybody, so that what is read is reached."""

    def __init__(self, webhook: Webhook) -> None:
        self.name = webhook.name
        self.parse = webhook.parse

    def intake(self, head: WebhookRequest) -> Intake:
        return Intake(Head(), most=SHORT_CALL)

    def verify(self, request: WebhookRequest) -> None:
        pass


# Whether a right request is accepted is not among them: what vendors and mails may say is not ours to describe.
_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
_BOUNDED = settings(
    max_examples=6,  # of each operation in each mode
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)
_JOURNEYS = settings(_BOUNDED, max_examples=25, stateful_step_count=20)


_MAILS = st.builds(
    lambda lines, body: b"\r\n".join([*lines, b"", body]),
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.sampled_from(
                [
                    b"From: Ada <ada@example.com>",
                    b"Subject: Re: =?utf-8?q?Hi=00?=",
                    b"Message-ID: <a@example.com>",
                    b"References: <b@example.com> <c@example.com>",
                    b"Auto-Submitted: auto-replied",
                    b"Date: Mon, 99 Foo 99999 99:99:99 +9999",
                    b"Content-Type: multipart/report; report-type=delivery-status; boundary=x",
                    b"Content-Transfer-Encoding: base64",
                ]
            ),
        ),
        max_size=8,
    ),
    st.binary(max_size=200),
)
_FILES = st.builds(
    lambda head, lines: b"\n".join([head, *lines]),
    st.sampled_from([b"external_id,email", b"external_id;phone;tags;\xef\xbb\xbf", b"=external_id,email", b""]),
    st.lists(
        st.one_of(st.binary(max_size=40), st.sampled_from([b"A,a@x.org", b'B,"', b"C;+12125550100;a", b"'=D,d@x.org"]))
    ),
)
schemathesis.openapi.media_type("message/rfc822", _MAILS)
schemathesis.openapi.media_type("text/csv", _FILES)


Send = Callable[[Case[Any], dict[str, str]], httpx.Response]


@pytest.fixture
async def caller(edge: Edge) -> AsyncIterator[tuple[BaseSchema, Send]]:
    """The description, and a way to call from another thread what it describes; every vendor is believed."""
    vendors = [_Credulous(made) for made in (ResendWebhook([]), PostmarkWebhook([]), SendGridWebhook([]))]
    app = create_app(
        dataclasses.replace(
            edge,
            twilio=_Credulous(TwilioWebhook([])),
            email_webhooks={vendor.name: vendor for vendor in vendors},
        )
    )
    loop = asyncio.get_running_loop()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app, raise_app_exceptions=False)) as http:

        def send(case: Case[Any], headers: dict[str, str]) -> httpx.Response:
            if "provider" in case.path_parameters:
                case.path_parameters["provider"] = vendors[len(str(case.body)) % len(vendors)].name
            call = requests.Request(**case.as_transport_kwargs(base_url="http://127.0.0.1:8080")).prepare()
            body = call.body if isinstance(call.body, str | bytes) else None
            given = {**call.headers, **headers}
            answer = http.request(str(call.method), str(call.url), headers=httpx.Headers(given), content=body)  # type: ignore[arg-type] # requests has bytes among its headers
            return asyncio.run_coroutine_threadsafe(answer, loop).result(60)

        # A stream has no end that a caller in process could wait for.
        yield schemathesis.openapi.from_dict(app.openapi()).exclude(path="/events"), send


async def test_every_operation_answers_as_described(api: Api, caller: tuple[BaseSchema, Send]) -> None:
    """Fuzzed from the description, by right and by wrong requests: no 5xx, and nothing that is not described."""
    schema, send = caller
    key = await api.key("read", "write", "admin")

    def fuzz() -> set[str]:
        fuzzed = set()
        for found in schema.get_all_operations():
            assert isinstance(found, Ok)
            operation = found.ok()
            for mode in GenerationMode:
                cases = operation.as_strategy(generation_mode=mode)

                @_BOUNDED
                @given(case=cases, headers=st.sampled_from([key, key, {}]))
                def one(case: Case[Any], headers: dict[str, str]) -> None:
                    case.validate_response(send(case, headers), checks=_CHECKS)

                # An operation without parameters has no wrong requests.
                with suppress(*[Unsatisfiable] if mode is GenerationMode.NEGATIVE else []):
                    one()
            fuzzed.add(operation.label)
        return fuzzed

    fuzzed = await asyncio.to_thread(fuzz)
    assert {"POST /webhooks/twilio/inbound", "POST /webhooks/email/{provider}", "GET /readyz"} <= fuzzed


async def test_what_one_operation_answers_the_next_one_takes(
    api: Api, caller: tuple[BaseSchema, Send], database_url: str
) -> None:
    """Along the links between operations (what is made is read, changed, removed): the same, in any order."""
    schema, send = caller
    loop = asyncio.get_running_loop()
    followed: set[str] = set()

    async def newcomer() -> dict[str, str]:
        return await (await another_tenant(api, database_url)).key("read", "write", "admin")

    class Journey(schema.as_state_machine()):  # type: ignore[misc] # made of the description
        def setup(self) -> None:
            # Nothing of an earlier journey is there, so that each can be gone again.
            self.key = asyncio.run_coroutine_threadsafe(newcomer(), loop).result(60)

        def call(self, case: Case[Any], **_: Any) -> Response:
            answer = send(case, self.key)
            if answer.is_success and "{id}" in case.operation.path:
                followed.add(case.operation.label)
            return Response.from_any(answer)

        def validate_response(self, response: Response, case: Case[Any], *_: Any, **__: Any) -> None:
            case.validate_response(response, checks=_CHECKS)

    await asyncio.to_thread(run_state_machine_as_test, Journey, settings=_JOURNEYS)
    assert len(followed) >= 3, f"no journey has come to what it had made: {followed}"
