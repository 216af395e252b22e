"""The one base class of every model that crosses a room's door."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Immutable, closed to unknown keys: a value, not a bag."""

    model_config = ConfigDict(frozen=True, extra="forbid")
