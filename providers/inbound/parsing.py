"""What the readers of email vendors share: JSON that may be hostile, typed fields, ids of ours."""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from content.inbound_mail.mail import addresses_in
from domain.errors import Malformed
from domain.ids import JOB_KEY


class Said(BaseModel):
    """A part of what a vendor says; it may say more, and leave out what is not required."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def _plausible(at: datetime) -> datetime:
    """Years that no database and no time zone choke on."""
    if not 2000 <= at.year < 2200:
        raise ValueError("the year makes no sense")
    return at.astimezone(UTC)


Time = Annotated[AwareDatetime, AfterValidator(_plausible)]
"""UTC; from ISO 8601 with its offset, or seconds since 1970."""
Id = Annotated[str, Field(min_length=1, max_length=255)]
"""An index has room for it."""

S = TypeVar("S", bound=Said)


def read_json(body: bytes, *, is_cut: bool = False) -> Any:
    """A JSON text in UTF-8, or of one that `is_cut` as much as there is; raises Malformed for anything else."""
    try:
        return from_json(body, allow_inf_nan=False, allow_partial="trailing-strings" if is_cut else False)
    except ValueError as error:
        raise Malformed(f"the body is not JSON: {error}") from error


def read_object(body: bytes, *, is_cut: bool = False) -> dict[str, Any]:
    """The object that a JSON text is; `is_cut`: or the beginning of one. Raises Malformed."""
    return as_object(read_json(body, is_cut=is_cut), "the body")


def as_object(value: Any, what: str) -> dict[str, Any]:
    """Raises Malformed unless it is a JSON object."""
    if not isinstance(value, dict):
        raise Malformed(f"{what} is not a JSON object")
    return value


def fit(model: type[S], value: dict[str, Any]) -> S:
    """The fields that we read; raises Malformed naming each that does not fit, without its value."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        named = (f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in faults[:5])
        raise Malformed("; ".join(named)) from error


def job_in(values: Any) -> UUID | None:
    """Our own token among a vendor's names and values, however it spells the name; None where there is none."""
    if not isinstance(values, dict):
        return None
    given = next((value for name, value in values.items() if name.lower() == JOB_KEY), None)
    try:
        return UUID(given) if isinstance(given, str) else None
    except ValueError:
        return None


def message_id(given: str | None) -> tuple[str, ...]:
    """A Message-ID in its angle brackets, which some vendors leave out."""
    bare = (given or "").strip().strip("<>")
    return (f"<{bare}>",) if bare else ()


def address_in(given: Sequence[str]) -> str | None:
    """The first one's address, without its name."""
    return next((address for one in given for address in addresses_in(one)), None)


def digest(*parts: object) -> str:
    """A name for an event that its vendor gives none: the same parts always the same name, and nobody's address."""
    return sha256("\0".join(str(part) for part in parts).encode()).hexdigest()[:32]
