"""One simulation: the real workflow and gates, at a time of their own, with a provider that only records."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID, uuid5

from temporalio.worker import Worker

from authoring.check import Checked
from domain.contact import Contact
from domain.errors import NotReady, TouchlineError
from domain.fields import HEARD
from simulation.clock import SkippingClock
from simulation.cues import Cue, can_be_answered
from simulation.interceptor import Attempts
from simulation.outcome import NOT_ENROLLED, Outcome, read_outcome
from starter.engine import Engine, at_time
from starter.enrollments.enroll import enroll
from starter.sequences.publish import publish
from store import health
from store.contacts import contacts
from store.gates.suppressions import Suppression, suppress
from store.workspace import tenant_settings
from store.workspace.tenant_settings import Tenant

HORIZON = timedelta(days=3600)
"""How far a simulation goes: the time-skipping server ends every workflow after ten years."""
NO_POSTAL_ADDRESS = "(postal address)"
_POLL_S = 0.03
_PATIENCE_S = 60.0
_SAME_FOR_ALL = UUID("5b1f3b0e-6d0c-4c1e-9a59-6f0c7c3d2c10")


@dataclass(frozen=True)
class Person:
    """Somebody who is enrolled in a simulation."""

    contact: Contact
    start: datetime
    """UTC."""
    barred: tuple[Suppression, ...] = ()
    """Where this contact may not be written to."""


@dataclass(frozen=True)
class Played:
    """What came of a simulation."""

    outcomes: list[Outcome]
    """In the order of the people."""
    unplayed: list[Cue]
    """Whose step never reached its contact."""


def id_of(external_id: str) -> UUID:
    """The id of a contact that is in no database: always the same, so that a `split` decides alike each time."""
    return uuid5(_SAME_FOR_ALL, external_id)


def must_fit(checked: Checked, people: Sequence[Contact], cues: Iterable[Cue]) -> None:
    """Raises TouchlineError for a cue whose contact or step is not there or cannot be answered, or nobody hears."""
    nodes = checked.plan.nodes if checked.plan else {}
    known = {contact.external_id for contact in people}
    heard = (*HEARD, *sorted(checked.plan.hears() if checked.plan else ()))
    answerable = ", ".join(node.id for node in nodes.values() if can_be_answered(node))
    for cue in cues:
        if cue.contact not in known:
            raise TouchlineError(f"{cue}: there is no contact {cue.contact!r} in this simulation")
        if cue.step not in nodes:
            raise TouchlineError(
                f"{cue}: there is no step {cue.step!r}", hint=f"steps that it can follow: {answerable}"
            )
        if not can_be_answered(nodes[cue.step]):
            raise TouchlineError(
                f"{cue}: step {cue.step!r} sends nothing and waits for nobody",
                hint=f"steps that it can follow: {answerable}",
            )
        if cue.event not in heard:
            raise TouchlineError(
                f"{cue}: nothing in the sequence hears of {cue.event!r}", hint=f"what it hears: {', '.join(heard)}"
            )


async def simulate(
    engine: Engine,
    worker: Callable[[Attempts, SkippingClock], Worker],
    checked: Checked,
    people: Sequence[Person],
    cues: Sequence[Cue],
    tenant: Tenant | None = None,
) -> Played:
    """Enroll people, each at its start, and let time fly until nothing comes by itself any more.

    `engine` is that of a place of its own; `worker` makes a worker for it that is accompanied as it is told. `tenant`:
    whose decisions hold, unless they are the default ones.
    """
    if not people or checked.plan is None:
        raise ValueError("a simulation needs people, and a sequence without errors")
    enrolled = {uuid5(person.contact.id, checked.plan.sequence): person for person in people}
    clock = SkippingClock(engine.runs.client)
    attempts = Attempts(engine, clock, {e: p.contact for e, p in enrolled.items()}, cues)
    await _prepare(engine, checked, people, tenant)
    async with worker(attempts, clock):
        begin = min(person.start for person in people)
        await clock.begin(begin)
        refused = await _enroll(engine, checked.plan.sequence, enrolled)
        await clock.run()
        await _until_quiet(engine, attempts, begin + HORIZON)
        await clock.stand()
    async with engine.transaction() as tx:
        outcomes = [
            Outcome(person.contact.external_id, NOT_ENROLLED, refused[person.contact.external_id])
            if person.contact.external_id in refused
            else await read_outcome(tx, enrollment_id, attempts.held.get(enrollment_id, ()))
            for enrollment_id, person in enrolled.items()
        ]
    return Played(outcomes, attempts.open)


async def _prepare(engine: Engine, checked: Checked, people: Sequence[Person], tenant: Tenant | None) -> None:
    async with engine.transaction() as tx:
        own = await tenant_settings.read(tx)
        if own is None:
            raise LookupError("the first migration creates the tenant")
        decided = replace(tenant or own, id=own.id)
        await tenant_settings.change(tx, replace(decided, postal_address=decided.postal_address or NO_POSTAL_ADDRESS))
        await contacts.upsert(tx, [person.contact for person in people])
        for person in people:
            for one in person.barred:
                await suppress(tx, one.channel, one.address, one.reason, at=one.at, now=person.start)
    await publish(engine, _unbraked(checked))


def _unbraked(checked: Checked) -> Checked:
    """What is simulated is everybody's way; nobody is there who could resume a sequence that pauses itself."""
    if checked.plan is None:
        return checked
    settings = checked.plan.settings.model_copy(update={"brake": None})
    return replace(checked, plan=checked.plan.model_copy(update={"settings": settings}))


async def _enroll(engine: Engine, key: str, enrolled: dict[UUID, Person]) -> dict[str, str]:
    """Each at its own start, some of which lie ahead; answers who could not be enrolled, and why."""
    refused: dict[str, str] = {}
    enrollment_of = {person.contact.id: enrollment_id for enrollment_id, person in enrolled.items()}

    async def pages(people: Iterable[Person]) -> AsyncIterator[Sequence[Contact]]:
        yield [person.contact for person in people]

    by_start = sorted(enrolled.values(), key=lambda person: person.start)
    for start, group in groupby(by_start, key=lambda person: person.start):
        report = await enroll(
            at_time(engine, start), key, pages(group), source="simulation", id_of=lambda c: enrollment_of[c.id]
        )
        refused |= dict(report.unschedulable)
        refused |= {one.contact.external_id: str(one) for one in report.shared}
    return refused


async def _until_quiet(engine: Engine, attempts: Attempts, horizon: datetime) -> None:
    """Until no enrollment waits for a moment before the horizon. Raises what broke, or NotReady when nothing moves."""
    seen, since = -1, time.monotonic()
    while True:
        if attempts.failure is not None:
            raise attempts.failure
        if attempts.done != seen:
            seen, since = attempts.done, time.monotonic()
        if not attempts.under_way:
            async with engine.transaction() as tx:
                due = await health.is_due(tx, horizon)
            if not due and not attempts.under_way:
                return
        if time.monotonic() - since > _PATIENCE_S:
            raise NotReady(f"the simulation stood still for {_PATIENCE_S:g} s", "run it again")
        await asyncio.sleep(_POLL_S)
