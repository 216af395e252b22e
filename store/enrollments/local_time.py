"""What local time and local law mean for an enrollment, of the row that it was read with."""

from collections.abc import Mapping
from uuid import UUID

import asyncpg

from content.countries import region_of
from domain.contact import Contact
from scheduling.itinerary import LocalTime, TenantTime
from scheduling.law import AS_SHIPPED, TenantLaw
from scheduling.regions import regions_of_phone, stored_regions

_STATES = ("state", "province", "region")
"""Attributes that name one, the first that is there; `stated_region` in the database reads the same."""


def of_row(row: asyncpg.Record, enrollment_id: UUID) -> LocalTime:
    """From columns `zones`, `phone`, `stated_region`, `tenant_zone`, `holidays` and `law`."""
    return LocalTime(
        tuple(row["zones"]),
        row["tenant_zone"],
        enrollment_id,
        frozenset(row["holidays"]),
        _regions(row["stated_region"][0], row["stated_region"][1], row["phone"]),
        TenantLaw.model_validate(row["law"]) if row["law"] else AS_SHIPPED,
    )


def of_contact(contact: Contact, home: TenantTime, enrollment_id: UUID) -> LocalTime:
    """Of somebody who is about to be enrolled."""
    return LocalTime(
        contact.zones, home.zone, enrollment_id, home.holidays, regions_of(contact.attributes, contact.phone), home.law
    )


def regions_of(attributes: Mapping[str, str], phone: str | None) -> tuple[str, ...]:
    """Where a contact may be in law: ISO 3166 codes of the stored country and state, and of the phone number."""
    state = next((attributes[name] for name in _STATES if name in attributes), None)
    return _regions(attributes.get("country"), state, phone)


def _regions(country: str | None, state: str | None, phone: str | None) -> tuple[str, ...]:
    stored = stored_regions(region_of(country) if country else None, state)
    return tuple(dict.fromkeys((*stored, *(regions_of_phone(phone) if phone else ()))))
