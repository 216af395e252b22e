"""Contacts: made, found, changed and tagged."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.http.auth import REFUSALS, needs
from api.http.paging import After, Limit, Page, part, place
from api.http.problems import answers
from api.http.text_types import Line
from starter.contacts import contacts, erasure
from starter.contacts.contacts import Changes
from starter.contacts.fields import LONGEST_ATTRIBUTE
from starter.engine import Engine
from store.contacts import records
from store.contacts.records import ContactRecord
from store.gates import suppressions
from store.gates.suppressions import SuppressionRecord

router = APIRouter(prefix="/contacts", tags=["contacts"], responses={**REFUSALS, **answers(404, 422, 503)})

ContactRef = Annotated[
    str, Path(description="The contact's external id, or ours.", max_length=500, examples=["C-1001"])
]
Tag = Annotated[
    str, StringConstraints(pattern=r"^[^;\x00-\x1f\x7f]*[^;\s\x00-\x1f\x7f][^;\x00-\x1f\x7f]*$", max_length=200)
]
_Text = Annotated[str, StringConstraints(max_length=300)]
_Name = Annotated[str, StringConstraints(max_length=100)]
_Value = Annotated[str, StringConstraints(max_length=LONGEST_ATTRIBUTE)]

_EXAMPLE: dict[str, Any] = {
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "phone": "+12125550100",
    "company": "Analytical Engines",
    "timezone": "America/New_York",
    "tags": ["vip"],
    "attributes": {"plan": "gold"},
}


class ContactFields(BaseModel):
    """What is said of a contact."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"timezone": "Europe/Paris", "phone": None}}
    )

    name: _Text | None = None
    email: _Text | None = None
    phone: _Text | None = Field(
        default=None,
        description="In any spelling; without a country code it is one of the country in the attribute `country`, "
        "else of the installation's. A number that no numbering plan has is refused.",
    )
    company: _Text | None = None
    timezone: _Text | None = Field(
        default=None,
        description="IANA name, or one that means such a zone (`EST`); without one the phone number says it.",
    )
    status: _Text | None = Field(default=None, description="Your own word; conditions and lists read it.")
    assigned_to: _Text | None = Field(default=None, description="The user who looks after the contact.")
    tags: list[Tag] = Field(default=[], max_length=100)
    triggers: list[Tag] = Field(default=[], description="What sequences enroll by.", max_length=100)
    attributes: dict[_Name, _Value | None] = Field(
        default={}, description="Further fields of your own; null takes one away.", max_length=200
    )

    def changes(self) -> Changes:
        """Only what was said."""
        return Changes.model_validate(self.model_dump(exclude_unset=True, exclude={"external_id"}))


class NewContact(ContactFields):
    """A contact to be made: an email or a phone is needed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"external_id": "C-1001", **_EXAMPLE}})

    external_id: _Text | None = Field(
        default=None, description="What your own system calls the contact; never changes. Without one it is our id."
    )


class NewTags(BaseModel):
    """Tags to be added."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"tags": ["vip"]}})

    tags: list[Tag] = Field(min_length=1, max_length=100)


class BarredContact(ContactRecord):
    """A contact, and what suppresses it now."""

    suppressions: tuple[SuppressionRecord, ...]
    """Of its addresses, and by its own wish whichever it has."""


class Tags(BaseModel):
    """All tags that a contact has."""

    tags: list[str] = Field(examples=[["vip"]])


@router.post("", status_code=HTTPStatus.CREATED, summary="Make a contact", responses=answers(409))
async def create_contact(body: NewContact, engine: Annotated[Engine, needs("write")]) -> BarredContact:
    """Addresses are stored in one spelling: emails in lower case, phone numbers in E.164.

    409: there is a contact of that external id. An address that is suppressed stays so, whoever has it.
    """
    return await _barred(engine, await contacts.create(engine, body.external_id, body.changes()))


@router.get("", summary="List and search contacts")
async def list_contacts(
    engine: Annotated[Engine, needs("read")],
    search: Annotated[
        Line | None,
        Query(description="What the name, the last name, email, phone or external id begins with."),
    ] = None,
    tag: Annotated[Line | None, Query(description="Those with this tag.")] = None,
    status: Annotated[Line | None, Query(description="Those of this status.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[ContactRecord]:
    """The newest first; the parts stay right while others come. 422: more than 1,000 fit the search; say more."""
    before = place("contacts", after, datetime, UUID)
    async with engine.transaction() as tx:
        found = await records.page(
            tx, search=search.strip() if search else None, tag=tag, status=status, before=before, limit=limit + 1
        )
    return part("contacts", found, limit, lambda one: (one.created_at, one.id))


@router.post("/{id:path}/tags", summary="Add tags to a contact")
async def add_tags(id: ContactRef, body: NewTags, engine: Annotated[Engine, needs("write")]) -> Tags:
    """Those that the contact has already stay as they are; answers all that there are then."""
    return Tags(tags=list((await contacts.retag(engine, id, add=body.tags)).tags))


@router.delete("/{id:path}/tags/{tag:path}", summary="Take a tag from a contact")
async def remove_tag(
    id: ContactRef,
    tag: Annotated[str, Path(max_length=200, examples=["vip"])],
    engine: Annotated[Engine, needs("write")],
) -> Tags:
    """Answers all that are left; a tag that the contact does not have is none of them."""
    return Tags(tags=list((await contacts.retag(engine, id, remove=[tag])).tags))


# An external id may hold anything, slashes included: what is behind it in a path comes before these.
@router.get("/{id:path}", summary="One contact")
async def get_contact(id: ContactRef, engine: Annotated[Engine, needs("read")]) -> BarredContact:
    """With all that is known, and what suppresses it."""
    async with engine.transaction() as tx:
        found = await records.named(tx, id)
    return await _barred(engine, found)


async def _barred(engine: Engine, found: ContactRecord) -> BarredContact:
    async with engine.transaction() as tx:
        bars = await suppressions.records_of(tx, [one for one in (found.email, found.phone) if one], found.id)
    return BarredContact(**vars(found), suppressions=tuple(one for one in bars if one.active))


@router.patch("/{id:path}", summary="Change a contact")
async def change_contact(
    id: ContactRef, body: ContactFields, engine: Annotated[Engine, needs("write")]
) -> BarredContact:
    """What is left out stays; null takes a value away; tags and triggers are replaced, attributes merged.

    Live enrollments go by it from now on: the next message goes to the new address by the new clock, whoever waits for
    a date of the contact looks at it again, what waits by another clock is planned anew, and those whose goal holds now
    end.
    """
    return await _barred(engine, await contacts.change(engine, id, body.changes()))


@router.delete(
    "/{id:path}", status_code=HTTPStatus.NO_CONTENT, summary="Erase a contact for good", responses=answers(409)
)
async def erase_contact(
    id: ContactRef,
    engine: Annotated[Engine, needs("write")],
    stop: Annotated[bool, Query(description="Stop the contact's live enrollments.")] = False,
) -> None:
    """Everything that tells who it was is overwritten at once: the contact's fields, addresses, texts in both
    directions, what providers reported. That messages were sent and answered stays, so no statistics change; so do
    suppressions, without which the next import would write to the person again. 409: an enrollment lives and `stop` is
    not given, or a message is just being handed over.
    """
    await erasure.erase(engine, id, stop=stop)
