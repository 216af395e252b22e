"""Nodes that wait by themselves: entered once, looked at again at each wake-up, and left by one of their ways."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, get_args

import asyncpg

from content.liquid import render, rendered
from domain.contact import Contact
from domain.enrollment import Ending, EnrollmentStatus, Gate, Visit
from domain.errors import ContentError
from domain.facts import FieldValue
from domain.plan import DelayNode, Plan, TaskNode, WaitNode
from domain.schedule import DatePolicy, Delay, Until, UntilDate, UntilField
from scheduling.delays import DateVerdict, delay_end
from scheduling.itinerary import LocalTime, Stop
from store.enrollments import steps, tasks
from store.enrollments.tasks import Outcome

_ENDED = Ending(status=EnrollmentStatus.STOPPED, reason="stopped")


@dataclass(frozen=True)
class Moment:
    """When a node is looked at."""

    now: datetime
    where: LocalTime
    hurried: bool
    """An operator has ended the wait."""


@dataclass(frozen=True)
class Left:
    """The wait is over."""

    way: str | None
    """The next node; None: the enrollment ends (see `ending`)."""
    result: dict[str, Any] = field(default_factory=dict)
    ending: Ending = _ENDED
    error: str | None = None
    """The step failed."""


async def for_event(tx: asyncpg.Connection, node: WaitNode, visit: Visit, moment: Moment) -> Stop | Left:
    """What happens meanwhile is noted on the step's record by whoever records it."""
    record = await steps.hold(tx, visit)
    if record is None or record["started_at"] is None:
        ends = moment.now + timedelta(seconds=node.timeout_seconds)
        return Stop((), node, ends, Gate.EVENT, lap=visit.lap, since=moment.now)
    if "event" in record["result"]:
        return Left(node.then, {"branch": "then"})
    if moment.hurried or record["due_at"] <= moment.now:
        return Left(node.otherwise, {"branch": "else"})
    return Stop((), node, record["due_at"], Gate.EVENT, lap=visit.lap, since=record["started_at"])


async def for_person(
    tx: asyncpg.Connection,
    node: TaskNode,
    visit: Visit,
    moment: Moment,
    contact: Contact,
    said: Mapping[str, str],
) -> Stop | Left:
    """What the person does is noted on the step's record when it is done."""
    record = await steps.read(tx, visit)
    if record is None or record["started_at"] is None:
        return await _give(tx, node, visit, moment.now, contact, said)
    due, found = record["due_at"], record["result"].get("outcome")
    if found is None and not moment.hurried and (due is None or due > moment.now):
        return Stop((), node, due, Gate.TASK, lap=visit.lap, since=record["started_at"])
    if found in get_args(Outcome):
        outcome: Outcome = found
    else:
        outcome = "lapsed" if node.lapsed else "skipped"
        await tasks.close(tx, visit.step_id, outcome, moment.now)
    ways = {"completed": node.next, "skipped": node.skipped, "lapsed": node.lapsed or node.skipped}
    return Left(ways[outcome], {"outcome": outcome})


async def _give(
    tx: asyncpg.Connection, node: TaskNode, visit: Visit, now: datetime, contact: Contact, said: Mapping[str, str]
) -> Stop | Left:
    try:
        written = {key: said[key] for key in ("title", "instructions") if key in said}
        texts = {key: await rendered(partial(render, text, contact)) for key, text in written.items()}
    except ContentError as error:
        return Left(node.skipped, error=str(error))
    ends = None if node.lapse_seconds is None else now + timedelta(seconds=node.lapse_seconds)
    await tasks.give(
        tx,
        visit,
        contact.id,
        title=texts["title"],
        instructions=texts.get("instructions"),
        assignee=said.get("assignee"),
        now=now,
        lapses_at=ends,
    )
    return Stop((), node, ends, Gate.TASK, lap=visit.lap, since=now)


async def until_date(
    tx: asyncpg.Connection,
    node: DelayNode,
    visit: Visit,
    moment: Moment,
    since: datetime,
    plan: Plan,
    fields: Mapping[str, FieldValue],
) -> Stop | Left:
    """The date may have changed since it was last looked at, so it is looked at again."""
    record = await steps.read(tx, visit)
    entered = (record and record["started_at"]) or since
    value = fields.get(node.delay.field) if isinstance(node.delay, UntilField) else None
    end = delay_end(
        node.delay,
        entered,
        zone=moment.where.home_zone,
        window=plan.settings.window,
        value=value if isinstance(value, str) else None,
    )
    if end.verdict == "due":
        if end.at > moment.now and not moment.hurried:
            return Stop((), node, end.at, Gate.DATE, lap=visit.lap, since=entered)
        return Left(node.next)
    result = {"date": end.verdict}
    match _policy(node.delay, end.verdict):
        case "stop":
            return Left(None, result, Ending(status=EnrollmentStatus.STOPPED, reason=f"date_{end.verdict}"))
        case "skip" if node.skip_to is not None:
            return Left(node.skip_to, result)
        case _:
            return Left(node.next, result)


def _policy(delay: Delay | Until, verdict: DateVerdict) -> DatePolicy:
    match delay:
        case UntilField():
            return delay.if_passed if verdict == "passed" else delay.if_missing
        case UntilDate():
            return delay.if_passed
        case _:
            return "continue"
