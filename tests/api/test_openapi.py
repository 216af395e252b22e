"""The description is true: whatever may be sent is answered as it says, and never with a fault of ours."""

import asyncio
import dataclasses
from contextlib import suppress
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from api.edge import Edge
from providers.webhooks.base import Webhook, WebhookRequest
from providers.webhooks.postmark import PostmarkWebhook
from providers.webhooks.resend import ResendWebhook
from providers.webhooks.sendgrid import SendGridWebhook
from providers.webhooks.twilio import TwilioWebhook
from tests.api.conftest import Api


class _Credulous:
    """A vendor's webhook that believes everybody, so that what is read is reached."""

    def __init__(self, webhook: Webhook) -> None:
        self.name = webhook.name
        self.parse = webhook.parse

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
_ENDLESS = {"GET /events"}
"""Its answer has no end that could be waited for; tests/api/test_events.py listens to it."""
_BOUNDED = settings(
    max_examples=10,  # of each operation in each mode
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)


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
schemathesis.openapi.media_type("message/rfc822", _MAILS)


async def test_every_operation_answers_as_described(api: Api, edge: Edge) -> None:
    """Fuzzed from the description, by right and by wrong requests: no 5xx, and nothing that is not described."""
    vendors = [_Credulous(made) for made in (ResendWebhook([]), PostmarkWebhook([]), SendGridWebhook([]))]
    believing = {vendor.name: vendor for vendor in vendors}
    app = create_app(
        dataclasses.replace(edge, twilio=_Credulous(TwilioWebhook([])), email_webhooks=believing),
    )
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app, raise_app_exceptions=False))
    key = await api.key("read", "write", "admin")
    loop = asyncio.get_running_loop()

    def send(case: Case[Any], headers: dict[str, str]) -> httpx.Response:
        call = requests.Request(**case.as_transport_kwargs(base_url="http://127.0.0.1:8080")).prepare()
        body = call.body if isinstance(call.body, str | bytes) else None
        given = {**call.headers, **headers}
        answer = http.request(str(call.method), str(call.url), headers=httpx.Headers(given), content=body)  # type: ignore[arg-type] # requests has bytes among its headers
        return asyncio.run_coroutine_threadsafe(answer, loop).result(30)

    def fuzz() -> set[str]:
        fuzzed = set()
        for found in schemathesis.openapi.from_dict(app.openapi()).get_all_operations():
            assert isinstance(found, Ok)
            operation = found.ok()
            if operation.label in _ENDLESS:
                continue
            for mode in GenerationMode:
                cases = operation.as_strategy(generation_mode=mode)

                @_BOUNDED
                @given(case=cases, vendor=st.sampled_from(sorted(believing)), headers=st.sampled_from([key, key, {}]))
                def one(case: Case[Any], vendor: str, headers: dict[str, str]) -> None:
                    if "provider" in case.path_parameters:
                        case.path_parameters["provider"] = vendor
                    case.validate_response(send(case, headers), checks=_CHECKS)

                # An operation without parameters has no wrong requests.
                with suppress(*[Unsatisfiable] if mode is GenerationMode.NEGATIVE else []):
                    one()
            fuzzed.add(operation.label)
        return fuzzed

    fuzzed = await asyncio.to_thread(fuzz)
    assert {"POST /webhooks/twilio/inbound", "POST /webhooks/email/{provider}", "GET /readyz"} <= fuzzed
