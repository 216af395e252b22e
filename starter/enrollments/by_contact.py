"""What the tenant's own system does with contacts: enroll them, and pause, resume or stop what they are in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal
from uuid import UUID

from domain import ids
from domain.contact import Contact
from domain.enrollment import EnrollmentState
from domain.errors import Conflict
from starter.engine import Engine
from starter.enrollments import control
from starter.enrollments.enroll import EnrollReport, enroll
from store import once
from store.campaigns import campaigns
from store.contacts import contacts, conversation
from store.contacts.conversation import Party
from store.contacts.records import unknown
from store.enrollments import enrollments
from store.enrollments.enrollments import LiveEnrollment
from store.sequences import sequences

_AT_ONCE = 20

Became = Literal["enrolled", "live", "once_only", "shared_address", "unschedulable"]
Act = Callable[[Engine, UUID], Awaitable[EnrollmentState]]


@dataclass(frozen=True)
class Outcome:
    """What became of one contact that was to be enrolled."""

    contact: Contact
    became: Became
    enrollment: UUID | None
    """The new one, or the one that lived already."""
    reason: str | None
    """Why no time exists at which the contact may be written to, or with whom it shares an address."""


@dataclass(frozen=True)
class Told:
    """What became of one command."""

    enrollment: LiveEnrollment
    state: EnrollmentState | None
    refused: str | None
    """Why it does not fit how the enrollment stands."""


@dataclass(frozen=True)
class Enrolled:
    """What became of contacts that were to be enrolled."""

    outcomes: list[Outcome]
    """In the order in which they were first named."""
    unstarted: int
    """Of those that are enrolled: Temporal has not taken their start yet; the reconciler starts them."""


async def enroll_named(
    engine: Engine, names: Sequence[str], sequence: str, *, source: str, is_test: bool = False
) -> Enrolled:
    """Enroll contacts, each named by its external id or ours.

    What is written stays, also where Temporal is silent. A request that is made again finds the enrollments that it
    made, also those that have ended since, and opens no other for these contacts. Raises NotFound naming the contacts
    that do not exist, before anybody is enrolled; otherwise as `enroll` does.
    """
    with once.apart():
        request = once.request_id()
        async with engine.transaction() as tx:
            known = await campaigns.contacts_named(tx, names)
            if missing := [name for name in names if name not in known]:
                raise unknown(missing, "nobody was enrolled")
            found = {contact.id: contact for contact in await contacts.contacts_of(tx, list(known.values()))}
            wanted = await sequences.find(tx, sequence)
            own = {ids.enrolled_on(request, contact_id): contact_id for contact_id in found} if request else {}
            before = await enrollments.made(tx, list(own))
        people = [found[contact_id] for contact_id in dict.fromkeys(known[name] for name in names)]
        there = {one.contact_id for one in before}
        report = EnrollReport()
        if rest := [contact for contact in people if contact.id not in there]:
            report = await enroll(
                engine, sequence, _pages(rest), source=source, is_test=is_test, id_of=partial(_id_of, request)
            )
        made = {one.contact_id: one.id for one in before} | {one.contact_id: one.id for one in report.new}
        unstarted = report.unstarted + sum(one.is_pending for one in before)
        async with engine.transaction() as tx:
            live = await enrollments.live_of(tx, report.live, wanted.id if wanted else None)
    return Enrolled(_outcomes(people, report, made, {one.contact_id: one.id for one in live}), unstarted)


def _id_of(request: UUID | None, contact: Contact) -> UUID:
    return ids.enrolled_on(request, contact.id) if request else ids.new_id()


async def _pages(people: Sequence[Contact]) -> AsyncIterator[Sequence[Contact]]:
    yield people


def _outcomes(
    people: Sequence[Contact], report: EnrollReport, made: Mapping[UUID, UUID], live: Mapping[UUID, UUID]
) -> list[Outcome]:
    shared = {one.contact.id: one for one in report.shared}
    alive, were_in, unschedulable = set(report.live), set(report.once_only), dict(report.unschedulable)

    def outcome(contact: Contact) -> Outcome:
        if contact.id in alive:
            return Outcome(contact, "live", live.get(contact.id), None)
        if contact.id in were_in:
            return Outcome(contact, "once_only", None, None)
        if contact.id in shared:
            return Outcome(contact, "shared_address", None, str(shared[contact.id]))
        if contact.external_id in unschedulable:
            return Outcome(contact, "unschedulable", None, unschedulable[contact.external_id])
        return Outcome(contact, "enrolled", made[contact.id], None)

    return [outcome(contact) for contact in people]


async def find(engine: Engine, name: str) -> Party:
    """The contact of that external id, or of that id of ours. Raises NotFound."""
    async with engine.transaction() as tx:
        return await conversation.named(tx, name)


async def tell(engine: Engine, name: str, sequence: str | None, act: Act) -> list[Told]:
    """Do something to a contact's live enrollment in one sequence, or to all that it has.

    Of several, one that refuses holds up none of the others. Raises NotFound; NotReady, where no worker answers (to
    say the same again is safe); Conflict, where the one in `sequence` refuses or does not live.
    """
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(enrollment: LiveEnrollment, alone: bool) -> Told:
        async with slots:
            return await _told(engine, enrollment, act, alone=alone)

    with once.apart():
        live = await _live(engine, name, sequence)
        alone = sequence is not None
        told = await asyncio.gather(*(one(enrollment, alone) for enrollment in live), return_exceptions=True)
    for answer in told:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in told if isinstance(answer, Told)]


async def stop(engine: Engine, name: str, sequence: str | None, reason: str) -> list[Told]:
    """Stop a contact's live enrollment in one sequence, or all, in the database and in the order of locks."""

    async def act(engine: Engine, enrollment_id: UUID) -> EnrollmentState:
        return await control.stop(engine, enrollment_id, reason)

    live = await _live(engine, name, sequence)
    told = {
        one.id: await _told(engine, one, act, alone=sequence is not None)
        for one in sorted(live, key=lambda enrollment: enrollment.id)
    }
    return [told[one.id] for one in live]


async def _live(engine: Engine, name: str, sequence: str | None) -> list[LiveEnrollment]:
    """What lives of a contact, the oldest first. Raises NotFound; Conflict where it does not live in `sequence`."""
    party = await find(engine, name)
    async with engine.transaction() as tx:
        row = await sequences.named(tx, sequence) if sequence is not None else None
        live = await enrollments.live_of(tx, [party.id], row.id if row else None)
    if row is not None and not live:
        raise Conflict(f"the contact has no live enrollment in {row.key!r}")
    return live


async def _told(engine: Engine, enrollment: LiveEnrollment, act: Act, *, alone: bool) -> Told:
    try:
        return Told(enrollment, await act(engine, enrollment.id), None)
    except Conflict as error:
        if alone:
            raise
        return Told(enrollment, None, str(error))
