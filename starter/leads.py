"""What somebody's own system does with contacts: enroll them, and pause, resume or stop what they are in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from domain.contact import Contact
from domain.enrollment import EnrollmentState
from domain.errors import Conflict, NotFound
from starter.engine import Engine
from starter.enroll import EnrollReport, enroll
from store import campaigns, conversation, leads, sequences
from store.conversation import Party
from store.leads import Live

_AT_ONCE = 20
_NAMED = 20

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

    enrollment: Live
    state: EnrollmentState | None
    refused: str | None
    """Why it does not fit how the enrollment stands."""


async def enroll_named(
    engine: Engine, names: Sequence[str], sequence: str, *, source: str, is_test: bool = False
) -> list[Outcome]:
    """Enroll contacts, each named by its external id or ours, in the order in which they were first named.

    Raises NotFound naming those that do not exist, before anybody is enrolled; otherwise as `enroll` does.
    """
    async with engine.database.transaction(engine.tenant_id) as tx:
        known = await campaigns.contacts_named(tx, names)
        if unknown := [name for name in names if name not in known]:
            more = f", and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
            raise NotFound(
                f"no contact {', '.join(map(repr, unknown[:_NAMED]))}{more}; nobody was enrolled",
                hint="name contacts by their external ids, or by our ids",
            )
        found = {contact.id: contact for contact in await leads.contacts_of(tx, list(known.values()))}
        wanted = await sequences.find(tx, sequence)
    people = [found[contact_id] for contact_id in dict.fromkeys(known[name] for name in names)]
    report = await enroll(engine, sequence, _pages(people), source=source, is_test=is_test)
    async with engine.database.transaction(engine.tenant_id) as tx:
        live = await leads.live_of(tx, report.alive, wanted.id if wanted else None)
    return _outcomes(people, report, {one.contact_id: one.id for one in live})


async def _pages(people: Sequence[Contact]) -> AsyncIterator[Sequence[Contact]]:
    yield people


def _outcomes(people: Sequence[Contact], report: EnrollReport, live: dict[UUID, UUID]) -> list[Outcome]:
    shared = {one.contact.id: one for one in report.shared}
    alive, were_in, unschedulable = set(report.alive), set(report.were_in), dict(report.unschedulable)

    def outcome(contact: Contact) -> Outcome:
        if contact.id in alive:
            return Outcome(contact, "live", live.get(contact.id), None)
        if contact.id in were_in:
            return Outcome(contact, "once_only", None, None)
        if contact.id in shared:
            return Outcome(contact, "shared_address", None, str(shared[contact.id]))
        if contact.external_id in unschedulable:
            return Outcome(contact, "unschedulable", None, unschedulable[contact.external_id])
        return Outcome(contact, "enrolled", report.new[contact.id], None)

    return [outcome(contact) for contact in people]


async def find(engine: Engine, name: str) -> Party:
    """The contact of that external id, or of that id of ours. Raises NotFound."""
    async with engine.database.transaction(engine.tenant_id) as tx:
        party = await conversation.find(tx, name)
    if party is None:
        raise NotFound("there is no such contact", hint="name it by its external id, or by our id")
    return party


async def tell(engine: Engine, name: str, sequence: str | None, act: Act) -> list[Told]:
    """Do something to a contact's live enrollment in one sequence, or to all that it has.

    Of several, one that refuses holds up none of the others. Raises NotFound; NotReady, where no worker answers (to
    say the same again is safe); Conflict, where the one in `sequence` refuses or does not live.
    """
    party = await find(engine, name)
    async with engine.database.transaction(engine.tenant_id) as tx:
        row = await sequences.named(tx, sequence) if sequence is not None else None
        live = await leads.live_of(tx, [party.id], row.id if row else None)
    if row is not None and not live:
        raise Conflict(f"the contact has no live enrollment in {row.key!r}")
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(enrollment: Live) -> Told:
        async with slots:
            try:
                return Told(enrollment, await act(engine, enrollment.id), None)
            except Conflict as error:
                if row is not None:
                    raise
                return Told(enrollment, None, str(error))

    told = await asyncio.gather(*(one(enrollment) for enrollment in live), return_exceptions=True)
    for answer in told:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in told if isinstance(answer, Told)]
