"""What an `action` step does, in the transaction that records the step: once, however often it is tried."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg

from activities.enrollments import Enroller, enroll_from
from content.liquid import render, rendered
from domain.action import (
    ActionStep,
    AddToCampaign,
    AssignToUser,
    Enroll,
    MarkQualified,
    NotifyUser,
    SetAttribute,
    Stop,
    TagLead,
    UpdateStatus,
)
from domain.contact import Contact
from domain.enrollment import Ending, EnrollmentStatus, Visit
from store.enrollments import actions, date_waits


@dataclass(frozen=True)
class Actor:
    """On whose behalf something is done."""

    visit: Visit
    sequence_id: UUID
    contact: Contact


@dataclass(frozen=True)
class Effect:
    """What an action led to."""

    result: dict[str, Any] = field(default_factory=dict)
    ending: Ending | None = None


async def act(tx: asyncpg.Connection, action: ActionStep, actor: Actor, desk: Enroller, now: datetime) -> Effect:
    """Do it. Raises ContentError when a text has no value for this contact."""
    who = actor.contact.id
    match action:
        case UpdateStatus(status=status):
            return Effect({"status": status, "was": await actions.set_status(tx, who, status, now)})
        case TagLead(add=added, remove=removed):
            return Effect({"tags": await actions.retag(tx, who, added, removed, now)})
        case MarkQualified():
            return Effect({"qualified_at": await actions.qualify(tx, who, now)})
        case AssignToUser(user=user, round_robin=users):
            if users:
                turn = await actions.take_turn(tx, who, actor.sequence_id, actor.visit.node_id)
                user = users[turn % len(users)]
            await actions.assign(tx, who, user or "", now)
            return Effect({"user": user})
        case AddToCampaign(campaign=campaign):
            new = await actions.join_campaign(tx, who, campaign, actor.visit.enrollment_id, now)
            return Effect({"campaign": campaign, "new": new})
        case SetAttribute(attribute=attribute, value=template):
            value = await rendered(partial(render, template, actor.contact))
            await actions.set_attributes(tx, who, {attribute: value}, now)
            await date_waits.changed(tx, [who], now, but=actor.visit.enrollment_id)
            return Effect({"attribute": attribute, "value": value})
        case NotifyUser(user=user, message=template):
            said = await rendered(partial(render, template, actor.contact))
            await actions.notify(tx, actor.visit, who, user, said, now)
            return Effect({"user": user})
        case Enroll(sequence=key):
            return Effect(await enroll_from(tx, key, actor.visit, actor.sequence_id, actor.contact, desk, now))
        case Stop(reason=reason):
            return Effect(ending=Ending(status=EnrollmentStatus.STOPPED, reason=reason or "stopped"))
