"""A query parameter that an operation does not have is refused, by every operation that takes a key."""

from uuid import UUID

import pytest

from api.app import description
from tests.api.conftest import Api
from tests.providers import twilio_calls

_NAMED = {"id": str(UUID(int=7)), "step": "hello", "tag": "vip", "suppression": str(UUID(int=7))}
_OPERATIONS = [
    (method.upper(), path, operation)
    for path, operations in description()["paths"].items()
    for method, operation in operations.items()
    if operation.get("security") and not path.startswith("/webhooks/")
]


async def test_every_operation_refuses_a_parameter_that_it_does_not_have(api: Api) -> None:
    """422 names it and those that there are, before anything is done; the description says so."""
    key = await api.key("read", "write", "admin")
    assert len(_OPERATIONS) > 80
    for method, path, operation in _OPERATIONS:
        url = path.replace("{id}", _NAMED["id"])
        for name, value in _NAMED.items():
            url = url.replace(f"{{{name}}}", value)
        answer = await api.http.request(method, url, params={"stauts": "failed"}, headers=key)
        assert answer.status_code == 422, (method, path, answer.text)
        [fault] = answer.json()["faults"]
        assert fault["place"] == "query.stauts", (method, path)
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query":
                assert f"`{parameter['name']}`" in fault["hint"], (method, path)
        assert "422" in operation["responses"], (method, path)


async def test_a_misspelt_parameter_is_told_what_is_meant(api: Api) -> None:
    """The nearest name comes first; several are refused together."""
    key = await api.key("read")
    answer = await api.http.get("/flow-executions", params={"stauts": "failed", "istest": "1"}, headers=key)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:problem-type:touchline:unprocessable-content"
    hints = {fault["place"]: fault["hint"] for fault in answer.json()["faults"]}
    assert hints["query.stauts"].startswith("did you mean `status`? there are `after`, `isTest`, `limit`")
    assert hints["query.istest"].startswith("did you mean `isTest`?")


async def test_one_value_is_given_once(api: Api) -> None:
    """Of two the last would win, and the list would show what nobody asked for."""
    key = await api.key("read")
    answer = await api.http.get("/flow-executions?isTest=true&status=failed&status=running&isTest=false", headers=key)
    assert answer.status_code == 422
    assert [fault["place"] for fault in answer.json()["faults"]] == ["query.isTest"]


async def test_what_an_operation_has_is_accepted(api: Api) -> None:
    """Also what comes by way of its dependencies, and a parameter that is repeated."""
    key = await api.key("read")
    asked = {"status": ["failed", "running"], "search": "Ada", "since": "2026-01-01T00:00:00Z", "isTest": "false"}
    answer = await api.http.get("/flow-executions", params=asked, headers=key)
    assert answer.status_code == 200, answer.text


async def test_without_a_key_nothing_else_is_judged(api: Api) -> None:
    """401 comes first."""
    assert (await api.http.get("/flow-executions?stauts=failed")).status_code == 401


async def test_an_endless_list_of_parameters_gets_a_short_answer(api: Api) -> None:
    """Neither many nor long names come back at their full length."""
    query = "&".join(f"{number}{'x' * 300}=1" for number in range(100))
    answer = await api.http.get(f"/contacts?{query}", headers=await api.key("read"))
    assert answer.status_code == 422
    assert len(answer.content) < 10_000


@pytest.mark.parametrize("path", ["/healthz", "/unsubscribe/none", "/c/none", "/o/none.gif"])
async def test_pages_and_links_ignore_what_they_do_not_know(api: Api, path: str) -> None:
    """Mail programs and analytics add parameters to links."""
    plain, more = await api.http.get(path), await api.http.get(f"{path}?utm_source=mail")
    assert more.status_code == plain.status_code != 422


async def test_providers_may_add_parameters(api: Api) -> None:
    """A call that is signed with them is taken."""
    call = twilio_calls.call(twilio_calls.REPLY, f"{twilio_calls.INBOUND}?later=1")
    assert (await api.twilio(call)).status_code == 200
