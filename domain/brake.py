"""The brake: a sequence most of whose messages fail pauses itself, before everybody has been tried."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from domain.base import Frozen
from domain.fields import Whole

MAX_LOOKED_AT = 1000
"""Every failure looks at so many messages at most."""

_AT_LEAST = 20
"""A short list with a few dead addresses is no sign of anything."""


class Brake(Frozen):
    """How many of a sequence's last messages, on one channel, may fail to arrive."""

    failures: Annotated[float, Field(strict=True, gt=0, le=1)] = 0.5
    """The share of them that is too much."""
    of: Annotated[Whole, Field(ge=1, le=MAX_LOOKED_AT)] = 50
    """How many are looked at, the newest ones."""
    at_least: Annotated[Whole, Field(ge=1, le=MAX_LOOKED_AT)] = _AT_LEAST
    """Of fewer nobody judges; left out, 20, or all that are looked at where these are fewer."""

    @model_validator(mode="before")
    @classmethod
    def _judges_what_it_looks_at(cls, data: Any) -> Any:
        of = data.get("of") if isinstance(data, dict) else None
        if not isinstance(of, bool) and of in range(1, _AT_LEAST):
            return {"at_least": of, **data}
        return data

    @model_validator(mode="after")
    def _can_be_reached(self) -> "Brake":
        if self.at_least > self.of:
            raise ValueError(f"`at_least` ({self.at_least}) is more than `of` ({self.of}): the brake would never hold")
        return self

    def holds(self, settled: int, lost: int) -> bool:
        """Whether too many were lost; `settled`: of so many, the lost ones among them."""
        return settled >= self.at_least and lost >= self.failures * settled
