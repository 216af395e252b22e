"""Contacts in and out as CSV files, however many: neither is ever in memory as a whole."""

import asyncio
from http import HTTPStatus
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from api.http.auth import REFUSALS, needs, takes_turn
from api.http.csv_stream import stream_csv
from api.http.middleware import MAX_CONTACT_FILE
from api.http.problems import Refusal, answers
from starter.contacts.csv_file import Key, Reading
from starter.contacts.dates import DateOrder
from starter.contacts.exports import export
from starter.contacts.imports import ImportReport, import_csv
from starter.engine import Engine
from store import once

router = APIRouter(prefix="/contacts", tags=["contacts"], responses={**REFUSALS, **answers(503)})

_MEDIA_TYPE = "text/csv"
_EXAMPLE = (
    "external_id,name,email,phone,timezone,tags,status,plan\r\n"
    "C-1001,Ada Lovelace,ada@example.com,,,vip;new,customer,gold\r\n"
)
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {_MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file.",
        "content": {_MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}


@router.post(
    "/import",
    summary="Import contacts from a CSV file",
    responses=answers(400, 413, 415, 422),
    dependencies=[takes_turn(lambda edge: edge.imports)],
    openapi_extra=_BODY,
    description=f"""The body is the file, up to {MAX_CONTACT_FILE:,} bytes, with a header line; delimited by comma,
semicolon or tab, or as a line `sep=` before it says; in UTF-8, in UTF-16 with a byte order mark, or in `encoding`.
Columns: `external_id`, `name`, `email`, `phone`, `company`, `timezone`, `tags`, `triggers` (several separated by
semicolons), `status`; any other column is an attribute, with or without `attributes.` before its name:
`attributes.status` is the attribute of that name. Contacts are made or changed by their external id; an empty cell
leaves what is stored. A cell that begins with an apostrophe before `=`, `+`, `-`, `@` or a number, as the export writes
it, is read without the apostrophe.

Columns of well-known exports (Google Contacts, Outlook, HubSpot, Salesforce, Mailchimp, GoHighLevel) are found by
their own names; first and last name make the name. `columns` says what each was taken for, also with `dry_run`. A
column `country` decides about phone numbers without a country code; where there is none they are read as the
installation's country dials them, and `notices` tells. Dates such as 12/24/2026 are read where `dates` says in which
order they are written; else they stay as they are, and `notices` names their columns. `shared` names contacts that
have an address of another one.

Good lines go in, a few thousand at a time; the others are named in the answer. Live enrollments go by the new values
from then on, and those whose goal holds now end.

An import that broke off is simply sent again: what went in before is only written once more. The error 503 then says
up to which line everything is in.""",
)
async def import_contacts(
    request: Request,
    engine: Annotated[Engine, needs("write")],
    dry_run: Annotated[
        bool, Query(description="Only say what would be done, and what each column is taken for.")
    ] = False,
    encoding: Annotated[
        str | None,
        Query(description="Such as `windows-1252`; left out: by the byte order mark, else UTF-8.", max_length=40),
    ] = None,
    dates: Annotated[
        DateOrder | None, Query(description="The order in which dates such as `12/24/2026` are written.")
    ] = None,
    key: Annotated[
        Key, Query(description="By what contacts are known: `email` or `phone`, where no column is an external id.")
    ] = "external_id",
) -> ImportReport:
    """Set the file down, then read it."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _MEDIA_TYPE:
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a contact file is sent as text/csv", hint="set Content-Type")
    with NamedTemporaryFile(suffix=".csv") as file:
        async for chunk in request.stream():
            await asyncio.to_thread(file.write, chunk)
        file.flush()
        with once.apart():
            return await import_csv(
                engine,
                Path(file.name),
                Reading(default_region=engine.default_region, encoding=encoding, dates=dates, key=key),
                dry_run=dry_run,
            )


@router.get(
    "/export",
    summary="Export contacts as a CSV file",
    response_class=StreamingResponse,
    responses=_FILE,
    dependencies=[takes_turn(lambda edge: edge.exports)],
)
async def export_contacts(engine: Annotated[Engine, needs("read")]) -> StreamingResponse:
    """All contacts as they are at this moment, the oldest first, with a column for each attribute that any of them has.

    An import of the file changes nothing. Texts that a spreadsheet would take for a formula have an apostrophe before
    them. A contact whose external id is `export` is read by our id.
    """
    rows = export(engine)
    header = [str(name) for name in await anext(rows)]
    return stream_csv(header, rows, "contacts.csv")
