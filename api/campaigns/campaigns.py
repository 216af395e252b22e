"""Campaigns: groups of contacts that are enrolled together."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.campaigns.batches import BatchState, state_of
from api.http.auth import REFUSALS, needs
from api.http.paging import After, Limit, Page, part, place
from api.http.problems import answers
from starter.campaigns import batches as starter_batches
from starter.campaigns import campaigns as starter
from starter.engine import Engine
from store.campaigns import batches, campaigns
from store.campaigns.campaigns import Campaign, Member

router = APIRouter(prefix="/campaigns", tags=["campaigns"], responses={**REFUSALS, **answers(404, 422, 503)})

_EXAMPLE = {
    "id": "0b6f2a54-3a58-4f0e-9d57-0c5f6f0f7a11",
    "key": "spring",
    "name": "Spring offer",
    "description": "Roofers in Florida",
    "created_at": "2026-11-21T09:30:00Z",
    "updated_at": "2026-11-21T09:30:00Z",
}

CampaignRef = Annotated[
    str,
    Path(
        description="The campaign's key or id; by its id alone where the key has a slash.",
        max_length=200,
        examples=["spring"],
    ),
]
_Key = Annotated[
    str, StringConstraints(pattern=r"^[^/\x00-\x1f\x7f]*[^/\s\x00-\x1f\x7f][^/\x00-\x1f\x7f]*$", max_length=200)
]
_Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*[^\s\x00][^\x00]*$", max_length=200)]
_Description = Annotated[str, StringConstraints(pattern=r"^[^\x00]*[^\s\x00][^\x00]*$", max_length=2000)]
_ContactName = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class CampaignDescription(BaseModel):
    """What people read of a campaign."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"name": "Spring offer"}})

    name: _Text
    description: _Description | None = None


class NewCampaign(BaseModel):
    """A campaign to be made."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"key": "spring", "name": "Spring offer"}})

    key: _Key = Field(description="What `add_to_campaign` steps and programs call it; never changes.")
    name: _Text | None = Field(default=None, description="For people; without it the key.")
    description: _Description | None = None


class CampaignState(BaseModel):
    """A campaign, and how many are in it."""

    model_config = ConfigDict(json_schema_extra={"example": {**_EXAMPLE, "members": 1240}})

    id: UUID
    key: str
    name: str
    description: str | None
    created_at: datetime
    updated_at: datetime
    members: int


class NewMembers(BaseModel):
    """Contacts to be made members."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"contacts": ["T01", "T02"]}})

    contacts: list[_ContactName] = Field(
        description="External ids, or our ids.", min_length=1, max_length=1000, examples=[["T01"]]
    )


class Added(BaseModel):
    """What became of contacts that were to be members."""

    added: int
    already: int = Field(description="Were members before.")


class Assignment(BaseModel):
    """The sequence that everybody is to be enrolled in."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"sequence": "quick-tour"}})

    sequence: str = Field(description="Its key or id.", min_length=1, max_length=64)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Make a campaign",
    responses=answers(409),
)
async def create_campaign(body: NewCampaign, engine: Annotated[Engine, needs("write")]) -> CampaignState:
    """Empty at first. 409: there is one of that key, perhaps because a sequence's `add_to_campaign` has made it."""
    return await _state(engine, (await starter.create(engine, body.key, body.name, body.description)).key)


@router.get("", summary="List campaigns")
async def list_campaigns(
    engine: Annotated[Engine, needs("read")], after: After = None, limit: Limit = 50
) -> Page[Campaign]:
    """By key. How many are in one, it says by itself."""
    behind = place("campaigns", after, str)
    async with engine.transaction() as tx:
        found = await campaigns.listed(tx, after=behind and behind[0], limit=limit + 1)
    return part("campaigns", found, limit, lambda one: (one.key,))


@router.get("/{id}", summary="One campaign")
async def get_campaign(id: CampaignRef, engine: Annotated[Engine, needs("read")]) -> CampaignState:
    """With the number of its members."""
    return await _state(engine, id)


@router.put("/{id}", summary="Rename a campaign")
async def change_campaign(
    id: CampaignRef, body: CampaignDescription, engine: Annotated[Engine, needs("write")]
) -> CampaignState:
    """Name and description; a description that is left out is taken away. The key stays."""
    return await _state(engine, (await starter.describe(engine, id, body.name, body.description)).key)


@router.delete(
    "/{id}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Dissolve a campaign",
    responses=answers(409),
)
async def delete_campaign(id: CampaignRef, engine: Annotated[Engine, needs("write")]) -> None:
    """Its contacts, their enrollments and the record of its batches stay. 409: a batch of it is under way."""
    await starter.delete(engine, id)


@router.get("/{id}/members", summary="List who is in a campaign")
async def list_members(
    id: CampaignRef, engine: Annotated[Engine, needs("read")], after: After = None, limit: Limit = 50
) -> Page[Member]:
    """The newest first, each with how the contact came in: by an `action` of an enrollment, the `api` or the `cli`."""
    before = place("members", after, datetime, UUID)
    async with engine.transaction() as tx:
        campaign = await starter.find(tx, id)
        found = await campaigns.members(tx, campaign.id, before=before, limit=limit + 1)
    return part("members", found, limit, lambda one: (one.added_at, one.id))


@router.post("/{id}/members", summary="Add contacts to a campaign")
async def add_members(id: CampaignRef, body: NewMembers, engine: Annotated[Engine, needs("write")]) -> Added:
    """Whoever is a member stays as they are. 404 names the contacts that do not exist, and then nobody is added.

    Those who are added while a batch is under way are not part of it.
    """
    added = await starter.add(engine, id, body.contacts, "api")
    return Added(added=added.new, already=added.named - added.new)


@router.delete(
    "/{id}/members/{contact:path}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Take a contact out of a campaign",
)
async def remove_member(
    id: CampaignRef,
    contact: Annotated[str, Path(description="The contact's external id, or ours.", max_length=500)],
    engine: Annotated[Engine, needs("write")],
) -> None:
    """Enrollments of the contact go on. 404: there is no such member."""
    await starter.remove(engine, id, contact)


@router.post(
    "/{id}/assign-sequence",
    status_code=HTTPStatus.ACCEPTED,
    summary="Enroll everybody in a campaign",
    responses=answers(409),
)
async def assign_sequence(id: CampaignRef, body: Assignment, engine: Annotated[Engine, needs("write")]) -> BatchState:
    """Begin a batch that enrolls all who are members by now in the sequence's newest version; answers it at once.

    `GET /batches/{id}` tells how far it has come. Nobody is enrolled twice: whoever lives in the sequence already is
    skipped. While a batch of this campaign and sequence is under way the same request answers that batch, so it may be
    repeated. Single enrollments go before those of batches, whichever tenant's. 409: the sequence is not active; 503:
    it uses a channel that has no provider.
    """
    return await state_of(engine, (await starter_batches.assign_sequence(engine, id, body.sequence)).id)


@router.get("/{id}/batches", summary="List a campaign's batches")
async def list_batches(
    id: CampaignRef, engine: Annotated[Engine, needs("read")], after: After = None, limit: Limit = 50
) -> Page[BatchState]:
    """The newest first, with how far each has come."""
    before = place("batches", after, datetime, UUID)
    async with engine.transaction() as tx:
        campaign = await starter.find(tx, id)
        found = await batches.listed(tx, campaign.id, before=before, limit=limit + 1)
        shown = [BatchState.of(batch, await batches.reasons(tx, batch.id)) for batch in found]
    return part("batches", shown, limit, lambda one: (one.created_at, one.id))


async def _state(engine: Engine, name: str) -> CampaignState:
    async with engine.transaction() as tx:
        campaign = await starter.find(tx, name)
        members = await campaigns.count_members(tx, campaign.id)
    return CampaignState(**vars(campaign), members=members)
