"""The kinds of value that the author's format is made of: short forms in, one canonical form held."""

import re
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from domain.contact import ATTRIBUTE, COLUMNS, FILE_COLUMNS, MAX_COLUMN_NAME, column_name

Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
"""A name that records and people refer to: it carries no dot, so that derived ids never collide with one."""

StepRef = Annotated[
    str,
    StringConstraints(pattern=r"^([A-Za-z0-9][A-Za-z0-9_-]{0,63}(\.[1-9][0-9]{0,3})?|_\.[1-9][0-9]{0,3})$"),
]
"""A step by its id: a key, or what a step without one is called, `intro.1`."""

Label = Annotated[str, StringConstraints(pattern=r"\S", max_length=200)]
Template = Annotated[str, StringConstraints(pattern=r"\S")]
"""Text with merge fields."""


def _whole(value: Any) -> Any:
    """`3.0` and `1e3` are whole numbers too, as they are in JSON."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole), Field(strict=True, ge=0)]

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_DURATION = re.compile(r"([0-9]{1,9})\s?([smhdw])")
_HOUR = re.compile(r"([0-9]{1,2}):([0-9]{2})")


def as_tuple(value: Any) -> Any:
    """One value stands for a list of one."""
    return (value,) if isinstance(value, str) else value


_T = TypeVar("_T")
OneOrMore = Annotated[tuple[_T, ...], BeforeValidator(as_tuple, json_schema_input_type=_T | list[_T])]


def duration_seconds(text: str) -> int:
    """Seconds of `90s`, `15m`, `2h`, `3d`, `1w`."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"`{text[:40]}` is not a duration")
    return int(match[1]) * _UNIT_SECONDS[match[2]]


def _canonical_duration(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a duration needs its unit")
    seconds = duration_seconds(value)
    unit = next(unit for unit in "wdhms" if seconds % _UNIT_SECONDS[unit] == 0) if seconds else "s"
    return f"{seconds // _UNIT_SECONDS[unit]}{unit}"


_WrittenDuration = Annotated[str, Field(pattern=r"^\s*[0-9]{1,9}\s?[smhdw]\s*$")]
Duration = Annotated[str, BeforeValidator(_canonical_duration, json_schema_input_type=_WrittenDuration)]
"""`90s`, `15m`, `2h`, `3d`, `1w`, held in its largest whole unit."""

MAX_DELAY_DAYS = 366


def _of_a_year(duration: str) -> str:
    if not 0 < duration_seconds(duration) <= MAX_DELAY_DAYS * 86400:
        raise ValueError(f"it is more than 0 and at most {MAX_DELAY_DAYS} days, not {duration}")
    return duration


Patience = Annotated[Duration, AfterValidator(_of_a_year)]
"""How long people are waited for."""
Lookback = Annotated[Duration, AfterValidator(_of_a_year)]
"""How long ago something may have happened."""


def _canonical_hour(value: Any) -> str:
    match = _HOUR.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or int(match[2]) > 59 or int(match[1]) * 60 + int(match[2]) > 24 * 60:
        raise ValueError(f"`{str(value)[:40]}` is not an hour of the day")
    return f"{int(match[1]):02}:{match[2]}"


_WrittenHour = Annotated[str, Field(pattern=r"^\s*[0-9]{1,2}:[0-9]{2}\s*$")]
Hour = Annotated[str, BeforeValidator(_canonical_hour, json_schema_input_type=_WrittenHour)]
"""`00:00` to `24:00`."""

CONTACT_FIELDS = frozenset(FILE_COLUMNS) | {"first_name", "last_name"}
"""What is known of every contact; any other field is one of its attributes."""


def _attribute_name(written: str) -> str:
    name = column_name(written.strip().removeprefix(ATTRIBUTE))
    if not 0 < len(name) <= MAX_COLUMN_NAME:
        raise ValueError(f"the name of an attribute has 1 to {MAX_COLUMN_NAME} characters")
    if name in COLUMNS:
        raise ValueError(f"`{name}` is what the engine knows of every contact, and no attribute")
    return name


def _field_name(written: str) -> str:
    name = column_name(written)
    if not written.strip().startswith(ATTRIBUTE) and name in CONTACT_FIELDS:
        return name
    return f"{ATTRIBUTE}{_attribute_name(written)}"


AttributeName = Annotated[str, AfterValidator(_attribute_name)]
"""One of a contact's attributes, held as an import names it."""
FieldName = Annotated[str, AfterValidator(_field_name)]
"""`email`, `tags`, `status` and the like, or an attribute: `plan` and `attributes.Plan` are both `attributes.plan`."""


HEARD = ("reply", "opened", "clicked", "bounced", "unsubscribed")
"""The events that Touchline hears of itself; every other name is an event of the tenant's own system."""

WrittenEvent = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$")]
EventName = Annotated[WrittenEvent, AfterValidator(lambda name: "reply" if name == "replied" else name)]
"""What a contact does: one of `HEARD`, or what the API says happened."""
