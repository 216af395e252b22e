"""Batches: everybody in a campaign on their way into a sequence."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from api.http.auth import REFUSALS, needs
from api.http.paging import After, Limit, Page, part, place
from api.http.problems import answers
from starter.campaigns import batches as starter
from starter.engine import Engine
from store.campaigns import batches
from store.campaigns.batches import Batch, BatchStatus, RefusalReason, Refused

router = APIRouter(prefix="/batches", tags=["campaigns"], responses={**REFUSALS, **answers(404, 422, 503)})

BatchRef = Annotated[UUID, Path(description="The batch's id.")]


class BatchState(BaseModel):
    """How far a batch has come. `done`, `skipped` and `failed` add up to those whose turn has been."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "5d0c4f6e-8a0d-4a43-8f57-6a54e9a3f0b7",
                "campaign": "spring",
                "campaign_id": "0b6f2a54-3a58-4f0e-9d57-0c5f6f0f7a11",
                "sequence": "quick-tour",
                "version": 3,
                "status": "running",
                "total": 100000,
                "done": 41210,
                "skipped": 40,
                "reasons": {"live": 38, "unschedulable": 2},
                "failed": 0,
                "held": None,
                "error": None,
                "created_at": "2026-11-21T09:30:00Z",
                "moved_at": "2026-11-21T09:41:12Z",
                "ended_at": None,
            }
        }
    )

    id: UUID
    campaign: str = Field(description="Key of the campaign.")
    campaign_id: UUID | None = Field(description="Null: it was deleted since.")
    sequence: str
    version: int = Field(description="The one that all of them are enrolled in.")
    status: BatchStatus
    total: int = Field(
        description="Members when the batch was asked for; who leaves the campaign before their turn is not counted on."
    )
    done: int = Field(description="Enrolled.")
    skipped: int
    reasons: dict[RefusalReason, int] = Field(
        description="Why contacts were skipped or failed: `live` in the sequence already; `once_only`: were in it, and "
        "it says `reenroll: never`; `shared_address`: somebody else of their email or phone is in it; `unschedulable`: "
        "no allowed time exists; `error`: a fault, which failed them."
    )
    failed: int
    held: str | None = Field(description="Why it waits: its sequence is paused. It goes on by itself.")
    error: str | None = Field(description="Why the batch as a whole failed; the request may be made again.")
    created_at: datetime
    moved_at: datetime = Field(description="When it last got on.")
    ended_at: datetime | None

    @classmethod
    def of(cls, batch: Batch, reasons: dict[RefusalReason, int]) -> Self:
        """A batch as clients see it."""
        return cls(**{**vars(batch), "done": batch.enrolled, "reasons": reasons})


@router.get("/{id}", summary="How far a batch has come")
async def get_batch(id: BatchRef, engine: Annotated[Engine, needs("read")]) -> BatchState:
    """Numbers of one moment, exact: a page of contacts is enrolled and counted in one transaction."""
    return await state_of(engine, id)


@router.get("/{id}/skipped", summary="Whom a batch did not enroll")
async def list_skipped(
    id: BatchRef,
    engine: Annotated[Engine, needs("read")],
    reason: Annotated[RefusalReason | None, Query(description="Only for this reason.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[Refused]:
    """Skipped or failed contacts, each with the reason, by contact id."""
    behind = place("skipped", after, UUID)
    async with engine.transaction() as tx:
        await starter.batch(tx, id)
        found = await batches.refused(tx, id, reason, after=behind and behind[0], limit=limit + 1)
    return part("skipped", found, limit, lambda one: (one.id,))


@router.post("/{id}/cancel", status_code=HTTPStatus.OK, summary="Cancel a batch", responses=answers(409))
async def cancel_batch(id: BatchRef, engine: Annotated[Engine, needs("write")]) -> BatchState:
    """From this answer on nobody more is enrolled; those who are go on, and may be stopped one by one.

    Cancelling again answers the same. 409: it has been completed, or has failed.
    """
    return await state_of(engine, (await starter.cancel(engine, id)).id)


async def state_of(engine: Engine, batch_id: UUID) -> BatchState:
    """The batch with why some were not enrolled. Raises NotFound."""
    async with engine.transaction() as tx:
        found = await starter.batch(tx, batch_id)
        return BatchState.of(found, await batches.reasons(tx, batch_id))
