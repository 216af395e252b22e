"""Enrollments that come to be: the rows, and what their workflows are started with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from activities.version_cache import Versions
from domain import ids
from domain.contact import Contact
from domain.enrollment import EnrollmentInput, Visit
from domain.errors import NotReady
from domain.messages import Channel
from domain.plan import Plan
from scheduling.itinerary import TenantTime, next_stop
from scheduling.window import NoAllowedInstant
from store.enrollments import enrollments, local_time
from store.enrollments.enrollments import NOBODYS, Held, NewEnrollment, Sharer
from store.sequences import sequences
from store.sequences.sequences import Version


@dataclass(frozen=True)
class Shared:
    """A contact that is not enrolled, because somebody else in the sequence has the same address."""

    contact: Contact
    sharer: Sharer

    def __str__(self) -> str:
        return f"shares its {self.sharer.kind} with {self.sharer.external_id}, who is in it"


@dataclass
class Opened:
    """What became of contacts that were to be enrolled."""

    new: list[NewEnrollment] = field(default_factory=list)
    live: list[UUID] = field(default_factory=list)
    """Contacts that had a live enrollment in the sequence already."""
    once_only: list[UUID] = field(default_factory=list)
    """Contacts that were in it before, and the sequence says `reenroll: never`."""
    shared: list[Shared] = field(default_factory=list)
    """Contacts whose address somebody else in the sequence has."""
    unschedulable: list[tuple[str, str]] = field(default_factory=list)
    """(external id, why): no allowed time exists for them."""

    def add(self, other: "Opened") -> None:
        """Take over what became of others."""
        self.new += other.new
        self.live += other.live
        self.once_only += other.once_only
        self.shared += other.shared
        self.unschedulable += other.unschedulable


async def open_enrollments(
    tx: asyncpg.Connection,
    version: Version,
    people: Sequence[Contact],
    *,
    home: TenantTime,
    source: str,
    now: datetime,
    id_of: Callable[[Contact], UUID] = lambda _: ids.new_id(),
    chain: Sequence[UUID] = (),
    is_test: bool = False,
) -> Opened:
    """Write enrollments `pending`, each with its first stop; `chain`: the sequences whose actions led here.

    A test run may be repeated, also where the sequence takes nobody in again.
    """
    opened = Opened()
    if version.plan.settings.reenroll == "never" and not is_test:
        before = await enrollments.once_enrolled(tx, version.sequence_id, [c.id for c in people])
        opened.once_only = [c.id for c in people if c.id in before]
        people = [c for c in people if c.id not in before]
    addresses = {c.id: NOBODYS if is_test else held_by(version.plan, c.email, c.phone) for c in people}
    once = version.plan.settings.reenroll == "never"
    taken: dict[str | None, Contact] = {}
    opened.shared = await _sharing(tx, version.sequence_id, people, addresses, ever=once)
    barred = {one.contact.id for one in opened.shared}
    for contact in people:
        if contact.id in barred:
            continue
        enrollment_id = id_of(contact)
        where = local_time.of_contact(contact, home, enrollment_id)
        try:
            stop = next_stop(version.plan, version.plan.start, now, where)
        except NoAllowedInstant as error:
            opened.unschedulable.append((contact.external_id, str(error)))
            continue
        held = addresses[contact.id]
        if first := taken.get(held.email) or taken.get(held.phone):
            sharer = Sharer(first.id, first.external_id, "email" if held.email in taken else "phone")
            opened.shared.append(Shared(contact, sharer))
            continue
        taken |= dict.fromkeys(filter(None, held), contact)
        opened.new.append(NewEnrollment(enrollment_id, contact.id, stop, held))
    inserted = await enrollments.create(
        tx,
        sequence_id=version.sequence_id,
        version_id=version.id,
        source=source,
        chain=chain,
        is_test=is_test,
        now=now,
        new=opened.new,
    )
    # Whoever enrolled them, or somebody of their address, at this moment: it has committed, and is found now.
    late = {n.contact_id for n in opened.new if n.id not in inserted}
    if late:
        beaten = await _sharing(tx, version.sequence_id, [c for c in people if c.id in late], addresses, ever=False)
        opened.shared += beaten
        late -= {one.contact.id for one in beaten}
    opened.live = [n.contact_id for n in opened.new if n.contact_id in late]
    opened.new = [n for n in opened.new if n.id in inserted]
    return opened


def held_by(plan: Plan, email: str | None, phone: str | None) -> Held:
    """The addresses of a contact that nobody else in a sequence may have while the contact lives in it."""
    if plan.settings.shared_addresses == "allow":
        return NOBODYS
    channels = plan.channels()
    return Held(
        email if Channel.EMAIL in channels else None, phone if channels & {Channel.SMS, Channel.WHATSAPP} else None
    )


async def _sharing(
    tx: asyncpg.Connection, sequence_id: UUID, people: Sequence[Contact], addresses: Mapping[UUID, Held], *, ever: bool
) -> list[Shared]:
    """Which of these people share an address with somebody else in the sequence."""
    held = {contact.id: addresses[contact.id] for contact in people if any(addresses[contact.id])}
    found = await enrollments.sharers(tx, sequence_id, held, ever=ever) if held else {}
    return [Shared(contact, found[contact.id]) for contact in people if contact.id in found]


def input_of(tenant_id: UUID, version: Version, new: NewEnrollment) -> EnrollmentInput:
    """What its workflow is started with."""
    return EnrollmentInput(tenant_id=tenant_id, enrollment_id=new.id, plan=version.plan, next=new.stop.upcoming)


@dataclass(frozen=True)
class Launch:
    """A workflow to start once the transaction has committed; if nobody does, the reconciler starts it."""

    start: EnrollmentInput
    contact_id: UUID
    version: int


@dataclass(frozen=True)
class Enroller:
    """What actions need from outside of their transaction."""

    tenant_id: UUID
    versions: Versions
    must_carry: Callable[[Plan], None]
    """Raises NotReady when a channel of the plan has no provider."""
    launches: list[Launch] = field(default_factory=list)


async def enroll_from(
    tx: asyncpg.Connection,
    key: str,
    visit: Visit,
    sequence_id: UUID,
    contact: Contact,
    desk: Enroller,
    now: datetime,
) -> dict[str, Any]:
    """Enroll a contact in another sequence from a step; answers what became of it, for the step's record.

    A chain of enrollments never comes back to a sequence that it has been through. What a test run leads to is one too.
    """
    before, is_test = await enrollments.origin_of(tx, visit.enrollment_id)
    chain = (*before, sequence_id)
    sequence = await sequences.find(tx, key)
    if sequence is None or sequence.version_id is None:
        return {"sequence": key, "refused": "it is not published"}
    if sequence.id in chain:
        return {"sequence": key, "refused": "the contact comes from there: a loop"}
    if (status := await sequences.hold_status(tx, sequence.id)) != "active":
        return {"sequence": key, "refused": f"it is {status}"}
    version = await desk.versions.get(tx, sequence.version_id)
    try:
        desk.must_carry(version.plan)
    except NotReady as error:
        return {"sequence": key, "refused": str(error)}
    opened = await open_enrollments(
        tx,
        version,
        [contact],
        home=await sequences.home(tx),
        source=f"step:{visit.node_id}",
        now=now,
        id_of=lambda _: ids.enrolled_by(visit.step_id),
        chain=chain,
        is_test=is_test,
    )
    if not opened.new:
        if opened.shared:
            why = str(opened.shared[0])
        else:
            why = "once only" if opened.once_only else "it lives already" if opened.live else opened.unschedulable[0][1]
        return {"sequence": key, "refused": why}
    [new] = opened.new
    desk.launches.append(Launch(input_of(desk.tenant_id, version, new), contact.id, version.number))
    return {"sequence": key, "enrollment": str(new.id)}
