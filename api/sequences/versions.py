"""The published versions of a sequence."""

from typing import Annotated

from fastapi import APIRouter, Path

from api.http.auth import REFUSALS
from api.http.paging import After, Limit, Page, part, place
from api.http.problems import answers
from api.sequences.sequences import Reads, SequenceRef
from domain.errors import NotFound
from starter.sequences import drafts as starter
from store.sequences import drafts
from store.sequences.drafts import VersionSheet, VersionSummary

router = APIRouter(
    prefix="/sequences/{id}/versions", tags=["sequences"], responses={**REFUSALS, **answers(404, 422, 503)}
)


@router.get("", summary="List the published versions")
async def list_versions(id: SequenceRef, engine: Reads, after: After = None, limit: Limit = 50) -> Page[VersionSummary]:
    """The newest first."""
    behind = place("versions", after, int)
    async with engine.transaction() as tx:
        sheet = await starter.found(tx, id)
        rows = await drafts.versions(tx, sheet.id, before=behind and behind[0], limit=limit + 1)
    return part("versions", rows, limit, lambda one: (one.version,))


@router.get("/{version}", summary="Get a published version")
async def get_version(
    id: SequenceRef,
    version: Annotated[int, Path(description="Its number, from 1.", ge=1, le=2**31 - 1)],
    engine: Reads,
) -> VersionSheet:
    """With its definition; it never changes."""
    async with engine.transaction() as tx:
        sheet = await starter.found(tx, id)
        found = await drafts.version(tx, sheet.id, version)
    if found is None:
        raise NotFound(f"sequence {sheet.key!r} has no version {version}", hint="the list of versions names them all")
    return found
