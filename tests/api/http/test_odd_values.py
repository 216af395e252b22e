"""Values that a request may spell and PostgreSQL cannot take are refused, whichever list they are given to."""

import base64
from typing import Any

import pytest

from api.app import description
from tests.api.conftest import Api

_LISTS = ("/flow-executions", "/flow-executions/logs", "/flow-executions/history.csv", "/flow-executions/logs.csv")
_NAMED = {"id": "nobody", "version": "1"}


def _texts() -> list[tuple[str, str]]:
    """Every parameter of a query that takes any text, with its path."""
    found: list[tuple[str, str]] = []
    for path, operations in description()["paths"].items():
        if path == "/events" or "get" not in operations or not operations["get"].get("security"):
            continue
        found += [
            (path.format_map(_NAMED), parameter["name"])
            for parameter in operations["get"].get("parameters", [])
            if parameter["in"] == "query" and _is_text(parameter["schema"])
        ]
    return found


def _is_text(schema: dict[str, Any]) -> bool:
    kinds = schema.get("anyOf", [schema])
    return any(kind.get("type") == "string" and not kind.keys() & {"enum", "format"} for kind in kinds)


async def test_no_list_is_searched_for_what_cannot_be_stored(api: Api) -> None:
    """NUL in any text of a query is refused, or finds nothing; it is never a fault of ours."""
    every = await api.key("read", "write", "admin")
    assert ("/flow-executions", "search") in _texts()
    for path, name in _texts():
        answer = await api.http.get(path, params={name: "a\0b"}, headers=every)
        assert answer.status_code in (404, 422), (path, name, answer.text)


@pytest.mark.parametrize("path", [*_LISTS, "/flow-executions/statistics"])
@pytest.mark.parametrize("given", [{"since": "0001-01-01T00:00:00+14:00"}, {"until": "9999-12-31T23:59:59-14:00"}])
async def test_a_time_beyond_the_calendar_is_refused(api: Api, path: str, given: dict[str, str]) -> None:
    """The first and last hours of the calendar are no times in UTC: 422 names the parameter."""
    answer = await api.http.get(path, params=given, headers=await api.key("read"))
    assert answer.status_code == 422, answer.text
    assert answer.json()["faults"][0]["place"] == f"query.{next(iter(given))}"


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/sequences", '["\\ud800"]'),
        ("/campaigns", '["\\ud800"]'),
        ("/users", '["\\ud800"]'),
        ("/senders", '["email","\\ud800"]'),
    ],
)
async def test_a_cursor_of_half_a_character_is_refused(api: Api, path: str, written: str) -> None:
    """It fits the list in kind, and is none of ours all the same."""
    every = await api.key("read", "write", "admin")
    after = base64.urlsafe_b64encode(written.encode()).decode()
    answer = await api.http.get(path, params={"after": after}, headers=every)
    assert answer.status_code == 422, answer.text
