"""What the tenant has decided about all of its messages."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from api.http import etags
from api.http.auth import REFUSALS, needs
from api.http.etags import CONDITIONS, IfMatch
from api.http.problems import answers
from api.http.recorded import RECORDED
from api.http.text_types import Line, Text
from domain.events import LeavingPolicy
from domain.plan import AmbiguousPolicy
from starter.engine import Engine
from starter.workspace import tenant_settings as starter
from starter.workspace.tenant_settings import MAX_HOLIDAYS
from store.workspace.tenant_settings import Tenant

router = APIRouter(
    prefix="/tenant", tags=["admin"], responses={**REFUSALS, **answers(404, 422, 503)}, dependencies=[RECORDED]
)

_EXAMPLE: dict[str, Any] = {
    "timezone": "America/Denver",
    "help_text": "Acme: call +1 303 555 0100. Reply STOP to end.",
    "opt_out_text": "You are unsubscribed and will get no more messages. Reply START to come back.",
    "postal_address": "Acme Inc., 1 Main St, Denver CO 80202",
    "track_opens": False,
    "track_clicks": True,
    "webhook_allow": ["n8n.internal"],
    "holidays": ["2026-12-24", "2026-12-31"],
    "review_days": 10,
    "on_ambiguous": "hold",
    "on_left": "end",
}


class TenantSettings(BaseModel):
    """Everything that a tenant decides."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _EXAMPLE})

    timezone: Line = Field(description="IANA name; for contacts whose own zone is unknown.")
    help_text: Text | None = Field(description="What HELP by text message is answered with; null: nothing.")
    opt_out_text: Text | None = Field(description="What confirms an opt-out by text message; null: nothing.")
    postal_address: Text | None = Field(description="The merge field `{{ postal_address }}` of emails.")
    track_opens: bool = Field(description="Put an open picture into HTML emails.")
    track_clicks: bool = Field(description="Lead links of HTML emails by way of us.")
    webhook_allow: list[Line] = Field(
        max_length=100,
        description="Hosts and networks (CIDR) that webhooks may call although they are not public, as far as the "
        "installation permits.",
    )
    holidays: list[date] = Field(
        max_length=MAX_HOLIDAYS,
        description="Dates on which nobody is written to, by the clock of whoever would be; beside the calendars that "
        "a sequence's window names.",
    )
    review_days: int | None = Field(
        ge=1,
        le=365,
        description="Days after which a message that may be an opt-out, and that nobody has judged, counts as one; "
        "null: its address stays barred until somebody decides.",
    )
    on_ambiguous: AmbiguousPolicy = Field(
        description="What is done about a message of which nobody can say whether it went out, where its sequence "
        "names no policy: `hold` it for a person, `resend` it, or `assume_sent`."
    )
    on_left: LeavingPolicy = Field(
        description="What is done about a contact of whom an answer says that they no longer work there: `end` their "
        "sequences on the channel, or `hold` the address until somebody decides. Either way it is among the reviews."
    )


class TenantState(TenantSettings):
    """The tenant of the key."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"id": "00000000-0000-4000-8000-000000000001", "name": "Acme", **_EXAMPLE}}
    )

    id: UUID
    name: str


@router.get("", summary="The tenant's settings")
async def get_tenant(engine: Annotated[Engine, needs("admin")], response: Response) -> TenantState:
    """As they hold for whatever is rendered and scheduled now. The ETag is what a change gives as If-Match."""
    async with engine.transaction() as tx:
        return _shown(await starter.read(tx), response)


@router.put("", summary="Change the tenant's settings", responses=CONDITIONS)
async def change_tenant(
    body: TenantSettings, engine: Annotated[Engine, needs("admin")], match: IfMatch, response: Response
) -> TenantState:
    """All of them at once: read them, change what is to be changed, and send the whole with the ETag that you read.
    412: somebody else has changed them since.

    Texts and tracking hold for messages that are rendered from now on; holidays are looked at once more when a message
    is due, so that they also hold for what is scheduled already.
    """
    async with engine.transaction() as tx:
        _, tenant = await starter.change(tx, body.model_dump(), match.tenant)
    return _shown(tenant, response)


def _shown(tenant: Tenant, response: Response) -> TenantState:
    response.headers["ETag"] = etags.of_tenant(tenant)
    return TenantState.model_validate(tenant, from_attributes=True)
