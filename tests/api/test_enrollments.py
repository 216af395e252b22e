"""One enrollment by the API: its record, what an operator does to it, and the retry of a step that failed."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from pydantic_core import to_json

from domain.errors import AmbiguousError, PermanentError
from domain.messages import OutgoingMessage, Receipt
from starter.enrollments.record import record_of
from store.enrollments import record as reports
from tests.api.conftest import Api
from tests.api.operating import SLOW
from tests.support.harness import Rig, ScriptedProvider, receipt

NEVER = PermanentError("scripted", "no such user", code="550")
LOST = AmbiguousError("scripted", "the connection was lost")
TEXTS = """
    sequence: texts
    steps:
      - {id: first, type: sms, body: "One. STOP to end."}
      - {id: second, type: sms, body: "Two."}
"""


async def say(api: Api, enrollment: UUID, what: str, body: object = None) -> tuple[int, dict[str, Any]]:
    """A command with a key that may write; its status and answer."""
    answer = await api.http.post(f"/enrollments/{enrollment}/{what}", json=body, headers=await api.key("write"))
    return answer.status_code, answer.json()


async def taken(message: OutgoingMessage) -> Receipt:
    return receipt(message)


async def test_the_whole_record_is_read(running: tuple[Api, Rig]) -> None:
    """The same document that the command line shows: history, what is next and when, messages, contact."""
    api, rig = running
    enrollment, contact = await rig.start(SLOW)
    await rig.arrives(enrollment, "more")
    answer = await api.http.get(f"/enrollments/{enrollment}", headers=await api.key("read"))
    record = answer.json()
    assert (record["id"], record["status"], record["next"]["step"]) == (str(enrollment), "running", "more")
    assert record["contact"]["external_id"] == contact.external_id
    assert [(step["step"], step["status"]) for step in record["steps"]] == [
        ("hello", "success"),
        ("wait", "running"),
        ("more", "pending"),
    ]
    assert [(message["step"], message["state"]) for message in record["messages"]] == [
        ("hello", "sent"),
        ("more", "pending"),
    ]
    async with rig.engine.transaction() as tx:
        report = await reports.read_enrollment(tx, enrollment)
    assert report is not None
    assert answer.content == to_json(record_of(report))


async def test_it_is_paused_resumed_and_stopped(running: tuple[Api, Rig]) -> None:
    """Each is recorded when it is answered; what makes no sense is a conflict with the reason."""
    api, rig = running
    enrollment, _ = await rig.start(SLOW)
    await rig.arrives(enrollment, "more")
    status, paused = await say(api, enrollment, "pause")
    assert (status, paused["status"], paused["step"], paused["gate"]) == (200, "paused", "more", "enrollment_paused")
    assert paused["remaining_seconds"] > 2.5 * 86400
    assert (await rig.enrollment(enrollment))["status"] == "paused"
    status, refused = await say(api, enrollment, "pause")
    assert (status, "paused already" in refused["detail"]) == (409, True)
    assert (await say(api, enrollment, "send-now"))[0] == 409
    status, resumed = await say(api, enrollment, "resume")
    assert (status, resumed["status"]) == (200, "running")
    assert (await rig.enrollment(enrollment))["status"] == "running"
    for taken in ("replied", "unsubscribed", "bounced", "complained", "goal"):  # Statistics would count it as such.
        status, refused = await say(api, enrollment, "stop", {"reason": taken})
        assert (status, "is what Touchline hears itself" in refused["detail"]) == (422, True)
    assert (await rig.enrollment(enrollment))["status"] == "running"
    status, stopped = await say(api, enrollment, "stop", {"reason": "called us"})
    assert (status, stopped["status"], stopped["reason"], stopped["step"]) == (200, "stopped", "called us", None)
    row = await rig.enrollment(enrollment)
    assert (row["status"], row["reason"]) == ("stopped", "called us")
    status, refused = await say(api, enrollment, "resume")
    assert (status, "ended already: called us" in refused["detail"]) == (409, True)


async def test_send_now_cuts_the_wait_short(running: tuple[Api, Rig], provider: ScriptedProvider) -> None:
    """The next message goes before it is answered."""
    api, rig = running
    enrollment, _ = await rig.start(SLOW)
    await rig.arrives(enrollment, "more")
    status, answer = await say(api, enrollment, "send-now")
    assert (status, answer["status"]) == (200, "completed")
    assert len(provider.handed_over) == 2


async def test_a_message_in_doubt_is_counted_as_sent(running: tuple[Api, Rig], provider: ScriptedProvider) -> None:
    """And only one in doubt."""
    api, rig = running
    provider.answers.append(LOST)
    enrollment, _ = await rig.start(SLOW)
    await rig.arrives(enrollment, "hello", gate="ambiguous")
    status, answer = await say(api, enrollment, "assume-sent")
    assert (status, answer["step"]) == (200, "more")
    assert (await rig.job(enrollment, "hello"))["assumed"]
    assert (await say(api, enrollment, "assume-sent"))[0] == 409


async def test_a_failed_step_is_retried_once(running: tuple[Api, Rig], provider: ScriptedProvider) -> None:
    """Whoever calls at the same time gets one attempt in all; nothing that was sent is sent again."""
    api, rig = running
    provider.answers.extend([taken, NEVER])
    enrollment, _ = await rig.start(TEXTS)
    await rig.ended(enrollment)
    assert (await say(api, enrollment, "steps/first/retry"))[0] == 409
    answers = await asyncio.gather(*(say(api, enrollment, "steps/second/retry") for _ in range(8)))
    assert sorted(status for status, _ in answers) == [200, *[409] * 7]
    [won] = [answer for status, answer in answers if status == 200]
    assert (won["status"], won["step"]) == ("running", "second")
    assert await rig.ended(enrollment) == ("completed", None)
    said = [message.content.model_dump()["body"] for message in provider.handed_over]
    assert said == ["One. STOP to end.", "Two.", "Two."]
    record = (await api.http.get(f"/enrollments/{enrollment}", headers=await api.key("read"))).json()
    assert record["retried"] == 1
    assert [(retry["step"], retry["error"]) for retry in record["retries"]] == [
        ("second", "second: scripted 550: no such user")
    ]
    assert [(step["step"], step["lap"], step["status"]) for step in record["steps"]] == [
        ("first", 0, "success"),
        ("second", 0, "failed"),
        ("second", 1, "success"),
    ]


async def test_what_is_not_there_is_not_found(api: Api) -> None:
    """An id that nobody has, or that is none."""
    for method, path in (
        ("GET", ""),
        *(("POST", f"/{what}") for what in ("pause", "resume", "stop", "send-now", "assume-sent", "steps/x/retry")),
    ):
        key = await api.key("read", "write")
        assert (await api.http.request(method, f"/enrollments/{uuid4()}{path}", headers=key)).status_code == 404, path
        assert (await api.http.request(method, f"/enrollments/none{path}", headers=key)).status_code == 422, path
