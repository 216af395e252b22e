"""Who takes part in a simulation: the people of a file, or contacts of the running database."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import asyncpg

from domain.contact import Contact
from domain.errors import TouchlineError
from scheduling.delays import read_date
from simulation.run import Person, id_of
from starter.contacts.csv_file import ContactFile, Reading, RejectedLine
from store.contacts import contacts
from store.contacts.records import unknown
from store.gates import suppressions

_NAMED = 5


def people_of_csv(path: Path, default_region: str) -> list[Contact]:
    """The contacts of a CSV file. Raises TouchlineError naming the lines that cannot be used."""
    with ContactFile(path, Reading(default_region=default_region)) as file:
        records = list(file)
    if bad := [record for record in records if isinstance(record, RejectedLine)]:
        named = "\n".join(f"{path}:{line.line}: {'; '.join(line.reasons)}" for line in bad[:_NAMED])
        more = f"\nand {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
        raise TouchlineError(f"{len(bad)} of {len(records)} contacts cannot be used:\n{named}{more}")
    people = [
        record.model_copy(update={"id": id_of(record.external_id)}) for record in records if isinstance(record, Contact)
    ]
    if not people:
        raise TouchlineError(f"{path} holds no contacts")
    return people


async def read_people(
    tx: asyncpg.Connection, external_ids: Sequence[str], start: str | None, now: datetime, tenant_zone: str
) -> list[Person]:
    """Contacts of the database as they are now, with what suppresses their addresses. Raises NotFound."""
    found = {contact.external_id: contact for contact in await contacts.by_external_ids(tx, external_ids)}
    people = []
    for name in dict.fromkeys(external_ids):
        if name not in found:
            raise unknown([name])
        contact = found[name]
        addresses = [address for address in (contact.email, contact.phone) if address]
        people.append(
            Person(
                contact,
                start_of(contact, start, now, tenant_zone),
                tuple(await suppressions.of_contact(tx, contact.id, addresses)),
            )
        )
    return people


def start_of(contact: Contact, start: str | None, now: datetime, tenant_zone: str) -> datetime:
    """When a contact is enrolled: a date without a zone is meant by the contact's clock. Raises TouchlineError."""
    if start is None:
        return now.replace(microsecond=0)
    at = read_date(start, contact.zones[0] if contact.zones else tenant_zone)
    if at is None:
        raise TouchlineError(
            f"{start!r} is no date", hint="such as 2026-12-01, 2026-12-01T09:30 or 2026-12-01T09:30-05:00"
        )
    return at.replace(microsecond=0)
