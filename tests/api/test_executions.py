"""What the tabs of a flow show: history, logs, details, statistics."""

import asyncio
import csv
import io
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest

from store.analytics import counters
from store.pool import Database
from tests.api.conftest import Api
from tests.store.counted import COUNTED
from tests.store.tenants import Tenant, fill

_START = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
_ENDED = {"current_node": None, "next_run_at": None, "gate": None}
_STATES: list[dict[str, Any]] = [
    {"status": "completed", "reason": None, **_ENDED},
    {"status": "stopped", "reason": "replied", **_ENDED},
    {"status": "failed", "error": "no such user", "ended_node": "two", **_ENDED},
    {"status": "completed", "reason": "goal", **_ENDED},
]


@pytest.fixture
async def tenant(database: Database, tenant_id: UUID) -> Tenant:
    """One enrollment between two steps, and none beside it."""
    return await fill(database, tenant_id)


async def _enroll(tenant: Tenant, count: int, **changes: Any) -> list[str]:
    """Ended enrollments, an hour apart, of which every fourth is alike; oldest first."""
    made = [str(uuid4()) for _ in range(count)]
    for n, id_ in enumerate(made):
        at = (_START + n * timedelta(hours=1)).isoformat()
        state = {**_STATES[n % len(_STATES)], "ended_at": at, "enrolled_at": at}
        await tenant.clone("enrollments", id=id_, **{**state, **changes})
    return made


async def _all(api: Api, path: str, query: str = "") -> list[dict[str, Any]]:
    """Every part of a list, three items each."""
    read = await api.key("read")
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        page = (await api.http.get(f"{path}?limit=3{query}{after}", headers=read)).json()
        assert len(page["items"]) <= 3
        found += page["items"]
        if page["next"] is None:
            return found
        after = f"&after={page['next']}"


async def test_history_says_who_ran_and_how_it_stands(api: Api, tenant: Tenant) -> None:
    """Name and email, why and when enrolled, what is next and when."""
    [row] = await _all(api, "/flow-executions")
    contact = (await tenant.rows("SELECT name, email FROM contacts"))[0]
    assert (row["contact_name"], row["contact_email"]) == (contact["name"], contact["email"])
    assert (row["id"], row["sequence"], row["version"]) == (str(tenant.enrollment), "journey", 1)
    assert (row["status"], row["step"], row["current_action"]) == ("running", "two", "Send email")
    [stored] = await tenant.rows("SELECT source, next_run_at FROM enrollments")
    assert row["enrollment_reason"] == stored["source"]
    assert datetime.fromisoformat(row["next_run_at"]) == stored["next_run_at"]
    assert row["isTest"] is False


async def test_history_is_read_in_parts_that_stay_right_while_rows_arrive(api: Api, tenant: Tenant) -> None:
    """Newest first; what is enrolled between two parts moves nothing, and one instant's rows are told apart."""
    made = await _enroll(tenant, 7)
    same = _START + timedelta(hours=6)
    twins = [str(uuid4()) for _ in range(4)]
    for id_ in twins:
        await tenant.clone(
            "enrollments", id=id_, status="cancelled", ended_at=same.isoformat(), enrolled_at=same.isoformat(), **_ENDED
        )
    read = await api.key("read")
    first = (await api.http.get("/flow-executions?limit=2", headers=read)).json()
    await _enroll(tenant, 1, enrolled_at=(_START + timedelta(days=9)).isoformat())
    rest = (await api.http.get(f"/flow-executions?limit=200&after={first['next']}", headers=read)).json()
    seen = first["items"] + rest["items"]
    assert sorted(row["id"] for row in seen) == sorted({*made, *twins, str(tenant.enrollment)})
    assert [row["enrolled_at"] for row in seen] == sorted((row["enrolled_at"] for row in seen), reverse=True)
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("&status=failed", [2, 6]),
        ("&status=failed&status=stopped", [1, 2, 5, 6]),
        ("&since=2027-03-01T15:00:00Z", [3, 4, 5, 6, 7]),
        ("&until=2027-03-01T13:30:00Z", [0, 1]),
        ("&since=2027-03-01T10:00:00-05:00&until=2027-03-01T17:00:00Z&status=completed", [3, 4]),
        ("&sequence=journey&status=stopped", [1, 5]),
        ("&step=two&status=failed", [2, 6]),
        ("&step=two&sequence=journey&status=failed", [2, 6]),
        ("&step=two&search=ada&status=failed", [2, 6]),
        ("&reason=goal", [3, 7]),
        ("&reason=goal&sequence=journey", [3, 7]),
        ("&reason=goal&search=ada", [3, 7]),
    ],
)
async def test_history_is_filtered(api: Api, tenant: Tenant, query: str, expected: list[int]) -> None:
    """By status, by when they were enrolled, by sequence; each alone and together."""
    await tenant.execute("UPDATE enrollments SET enrolled_at = '2020-01-01Z'")
    made = await _enroll(tenant, 8)
    found = await _all(api, "/flow-executions", query)
    late = [row["id"] for row in found if row["id"] in made]
    assert late == [made[n] for n in reversed(expected)]
    [one] = await _all(api, "/flow-executions", "&status=running")
    assert one["id"] == str(tenant.enrollment)


async def test_the_step_that_a_test_run_stands_at_filters_too(api: Api, tenant: Tenant) -> None:
    """Both lists, of test runs alone as of all; a step that nobody came to leaves nothing."""
    [test] = await _enroll(tenant, 1, is_test=True, ended_node="two")
    await tenant.clone("enrollment_steps", id=str(uuid4()), enrollment_id=test, is_test=True)
    assert [row["id"] for row in await _all(api, "/flow-executions", "&isTest=true&step=two")] == [test]
    assert await _all(api, "/flow-executions", "&isTest=true&step=one") == []
    for more in ("", "&isTest=true", "&search=ada"):
        found = await _all(api, "/flow-executions/logs", f"&step=one{more}")
        assert {row["step"] for row in found} == {"one"}
        assert await _all(api, "/flow-executions/logs", f"&step=three{more}") == []


async def test_history_says_by_whose_clock_and_why_it_waits(api: Api, tenant: Tenant) -> None:
    """The zone of the contact, or where it has none that of the workspace; a gate in words."""
    await tenant.execute("UPDATE contacts SET zones = ARRAY['Asia/Tokyo']")
    await tenant.execute("UPDATE enrollments SET gate = 'window'")
    [row] = await _all(api, "/flow-executions")
    assert (row["zone"], row["held_by"]) == ("Asia/Tokyo", "held back by its window of allowed hours")
    await tenant.execute("UPDATE contacts SET zones = '{}'")
    [row] = await _all(api, "/flow-executions")
    [workspace] = await tenant.rows("SELECT timezone FROM tenants")
    assert row["zone"] == workspace["timezone"]


async def test_test_runs_are_separable(api: Api, tenant: Tenant) -> None:
    """Marked, and left out or listed alone as asked for; in logs and in statistics too."""
    [test] = await _enroll(tenant, 1, is_test=True)
    await tenant.clone("enrollment_steps", id=str(uuid4()), enrollment_id=test, is_test=True)
    for path in ("/flow-executions", "/flow-executions/logs"):
        assert {row["isTest"] for row in await _all(api, path)} == {True, False}
        assert {row["isTest"] for row in await _all(api, path, "&isTest=true")} == {True}
        assert {row["isTest"] for row in await _all(api, path, "&isTest=false")} == {False}
        of_sequence = f"&isTest=true&sequence=journey&status={'completed' if path == '/flow-executions' else 'success'}"
        assert {row["isTest"] for row in await _all(api, path, of_sequence)} == {True}
    read = await api.key("read")
    for query, total in (("", 2), ("?isTest=true", 1), ("?isTest=false", 1)):
        assert (await api.http.get(f"/flow-executions/statistics{query}", headers=read)).json()["total"] == total


async def test_logs_say_what_each_step_did(api: Api, tenant: Tenant) -> None:
    """Newest first, in words, with its result; what is still to come is no part of it."""
    for n, status in enumerate(("success", "failed", "skipped")):
        at = (_START + n * timedelta(minutes=1)).isoformat()
        started = None if status == "skipped" else at
        await tenant.clone(
            "enrollment_steps",
            id=str(uuid4()),
            node_id=f"s{n}",
            node_type="sms",
            status=status,
            started_at=started,
            completed_at=at,
            result={"n": n},
        )
    whole = await _all(api, "/flow-executions/logs")
    told = {row["step"]: (row["action"], row["status"], row["result"]) for row in whole if row["step"] != "one"}
    assert told == {
        "s0": ("Send SMS", "success", {"n": 0}),
        "s1": ("Send SMS", "failed", {"n": 1}),
        "s2": ("Send SMS", "skipped", {"n": 2}),
    }
    assert [row["at"] for row in whole] == sorted((row["at"] for row in whole), reverse=True)
    [failed] = await _all(api, "/flow-executions/logs", "&status=failed&sequence=journey")
    assert failed["step"] == "s1"


async def test_details_have_every_step_of_one_execution(api: Api, tenant: Tenant) -> None:
    """Also the one that it waits for; of nobody else's execution, and 404 for an id that is nobody's."""
    read = await api.key("read")
    found = (await api.http.get(f"/flow-executions/{tenant.enrollment}", headers=read)).json()
    assert found["execution"]["id"] == str(tenant.enrollment)
    assert [(step["step"], step["status"]) for step in found["steps"]] == [("one", "success"), ("two", "pending")]
    assert (await api.http.get(f"/flow-executions/{uuid4()}", headers=read)).status_code == 404


async def test_statistics_equal_a_full_count_of_any_range(api: Api, tenant: Tenant, database: Database) -> None:
    """Whole days come from counters and parts of days by counting: together every enrollment once."""
    await _enroll(tenant, 80)
    read = await api.key("read")
    bounds = [None, _START, _START + timedelta(hours=5), datetime(2027, 3, 2, tzinfo=UTC), _START + timedelta(hours=40)]
    for since in bounds:
        for until in bounds:
            params = {k: v.isoformat() for k, v in (("since", since), ("until", until)) if v}
            told = (await api.http.get("/flow-executions/statistics", params=params, headers=read)).json()
            rows = await tenant.rows(
                "SELECT status, count(*) AS n FROM enrollments"
                " WHERE enrolled_at >= coalesce($1, '-infinity'::timestamptz)"
                " AND enrolled_at < coalesce($2, 'infinity'::timestamptz) GROUP BY 1",
                since,
                until,
            )
            count = {row["status"]: row["n"] for row in rows}
            assert told["total"] == sum(count.values()), params
            assert told["completed"] == count.get("completed", 0)
            assert told["failed"] == count.get("failed", 0)
            assert told["running"] == count.get("running", 0)
            assert told["stopped"] == count.get("stopped", 0)


async def test_statistics_agree_with_the_list_that_is_filtered_alike(api: Api, tenant: Tenant) -> None:
    """By status, contact, sequence, test runs and dates, each alone and together: as many as the list has."""
    someone = str(uuid4())
    await tenant.clone("contacts", id=someone, external_id="X-1", email="ada.l@example.com", name="Ada Łovelace")
    await _enroll(tenant, 20)
    await _enroll(tenant, 13, contact_id=someone)
    await _enroll(tenant, 6, contact_id=someone, is_test=True)
    read = await api.key("read")
    totals = set()
    for status, search, more, dates in product(
        ("", "&status=failed", "&status=completed&status=running"),
        ("", "&search=ada ł"),
        ("", "&sequence=journey&isTest=true", "&isTest=false"),
        ("", "&since=2027-03-01T15:30:00Z&until=2027-03-01T19:30:00-05:00"),
    ):
        query = f"{status}{search}{more}{dates}"
        listed = (await api.http.get(f"/flow-executions?limit=200{query}", headers=read)).json()["items"]
        told = (await api.http.get(f"/flow-executions/statistics?{query[1:]}", headers=read)).json()
        assert told["total"] == len(listed), query
        assert {(of["status"], of["reason"]): of["enrollments"] for of in told["by_status"]} == Counter(
            (row["status"], row["reason"]) for row in listed
        ), query
        totals.add(told["total"])
    assert len(totals) > 10


async def test_exports_are_the_whole_list_and_no_formula(api: Api, tenant: Tenant) -> None:
    """As CSV, newest first; a name that a spreadsheet would calculate is text."""
    await tenant.execute("UPDATE contacts SET name = '=HYPERLINK(\"x\")'")
    made = await _enroll(tenant, 5)
    read = await api.key("read")
    answer = await api.http.get("/flow-executions/history.csv?since=2027-03-01T12:00:00Z", headers=read)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    rows = [row for row in csv.DictReader(io.StringIO(answer.text)) if row["id"] in made]
    assert [row["id"] for row in rows] == made[::-1]
    assert {row["contact_name"] for row in rows} == {'\'=HYPERLINK("x")'}
    logs = await api.http.get("/flow-executions/logs.csv", headers=read)
    assert [row["step"] for row in csv.DictReader(io.StringIO(logs.text))] == ["one"]


async def test_an_unknown_sequence_and_a_foreign_cursor_are_refused(api: Api, tenant: Tenant) -> None:
    """404 and 422, with what to do."""
    read = await api.key("read")
    assert (await api.http.get("/flow-executions?sequence=none", headers=read)).status_code == 404
    refused = await api.http.get("/flow-executions?after=xyz", headers=read)
    assert (refused.status_code, "no cursor" in refused.json()["detail"]) == (422, True)
    assert (await api.http.get("/flow-executions?since=2027-03-01T12:00:00", headers=read)).status_code == 422


async def test_contacts_are_searched_from_their_beginning(api: Api, tenant: Tenant) -> None:
    """By name or email in any case, by phone, by external id; what means something to LIKE is a letter like others."""
    [ada] = await _enroll(tenant, 1)
    contact = str(uuid4())
    await tenant.clone(
        "contacts",
        id=contact,
        external_id="X-100%",
        name="Ada Łovelace",
        email="ada.l@example.com",
        phone="+12125550177",
    )
    await tenant.execute("UPDATE enrollments SET contact_id = $1 WHERE id = $2", UUID(contact), UUID(ada))
    await tenant.clone("enrollment_steps", id=str(uuid4()), enrollment_id=ada)
    read = await api.key("read")
    for text in ("ada ł", "ADA Łove", "łove", "ADA.L@", "+1212555017", "X-100%"):
        for path in ("/flow-executions", "/flow-executions/logs"):
            answer = await api.http.get(path, params={"search": text}, headers=read)
            assert [row["contact"] for row in answer.json()["items"]] == ["X-100%"], (path, text)
    for text in ("ovelace", "%", "_da", "x-100"):
        assert (await api.http.get("/flow-executions", params={"search": text}, headers=read)).json()["items"] == []


async def test_folded_counters_count_the_same(api: Api, tenant: Tenant) -> None:
    """One row for all that count the same is left, however often enrollments moved, also while others add."""
    await _enroll(tenant, 12)
    for status in ("stopped", "completed", "stopped"):
        await tenant.execute(f"UPDATE enrollments SET status = '{status}', reason = 'x' WHERE ended_at IS NOT NULL")  # noqa: S608 - our own words
    read = await api.key("read")
    before = (await api.http.get("/flow-executions/statistics", headers=read)).json()
    tables = ("enrollment_counts", "step_counters", "arm_counters")
    counted = await tenant.rows(COUNTED)

    async def rows() -> int:
        return sum([await api.count(table) for table in tables])

    async def fold() -> int:
        async with tenant.database.transaction(tenant.id) as tx:
            return await counters.fold(tx)

    many = await rows()

    gone = await asyncio.gather(fold(), fold(), _enroll(tenant, 1, is_test=True))
    assert gone[0] + gone[1] == many - await rows() + 1
    after = (await api.http.get("/flow-executions/statistics?isTest=false", headers=read)).json()
    assert after == before
    await fold()
    states = await tenant.rows(
        "SELECT DISTINCT (enrolled_at AT TIME ZONE 'UTC')::date, is_test, status, reason FROM enrollments"
    )
    assert await api.count("enrollment_counts") == len(states)
    assert await api.count("step_counters") == len(counted)
    assert await tenant.rows(COUNTED) == counted
    assert await fold() == 0
