"""Lists in parts: each ends with a cursor, which names the place of its last item: right also while rows arrive."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Generic, TypeVar, overload
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from api.http.problems import Refusal

T = TypeVar("T")
Key = str | int | datetime | UUID
"""One column of what a list is sorted by; times are aware."""
_First = TypeVar("_First", bound=Key)
_Second = TypeVar("_Second", bound=Key)

After = Annotated[
    str | None, Query(description="`next` of the part before; without it the list begins.", max_length=1000)
]
Limit = Annotated[int, Query(description="Of items in one part.", ge=1, le=200)]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBERS = range(-(2**31), 2**31)
"""What a column of PostgreSQL's `integer` compares with."""


class Page(BaseModel, Generic[T]):
    """One part of a list."""

    items: list[T]
    next: str | None = Field(description="Give it as `after` to get the part behind this one; null: there is none.")


def cursor(list_name: str, *key: Key) -> str:
    """The place behind the item with this sort key in the list of this name; opaque to clients."""
    values = [list_name, *map(_plain, key)]
    return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def part(list_name: str, found: Sequence[T], limit: int, key: Callable[[T], tuple[Key, ...]]) -> Page[T]:
    """The first `limit` of a list that was read with one item more: that there is one tells of a next part."""
    items = list(found[:limit])
    return Page(items=items, next=cursor(list_name, *key(items[-1])) if len(found) > limit else None)


@overload
def place(
    list_name: str, after: str | None, first: type[_First], /, *, given_as: str = "after"
) -> tuple[_First] | None: ...
@overload
def place(
    list_name: str, after: str | None, first: type[_First], second: type[_Second], /, *, given_as: str = "after"
) -> tuple[_First, _Second] | None: ...
def place(list_name: str, after: str | None, /, *kinds: type[Any], given_as: str = "after") -> tuple[Key, ...] | None:
    """The sort key that `cursor` was made of in the list of this name, of these types; None where the list begins.

    Raises Refusal (422) for what is no cursor of such a list.
    """
    if after is None:
        return None
    try:
        values = json.loads(base64.b64decode(after + "=" * (-len(after) % 4), altchars=b"-_", validate=True))
        if not isinstance(values, list) or len(values) != 1 + len(kinds) or values[0] != list_name:
            raise ValueError("another list's")
        return tuple(_typed(value, kind) for value, kind in zip(values[1:], kinds, strict=True))
    except (ValueError, OverflowError, RecursionError, binascii.Error):
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"`{given_as}` is no cursor of this list",
            hint=f"give it as the other part had it, or leave `{given_as}` out",
        ) from None


def _plain(value: Key) -> str | int:
    if isinstance(value, datetime):
        return (value - _EPOCH) // timedelta(microseconds=1)
    return value.hex if isinstance(value, UUID) else value


def _typed(value: object, kind: type[Key]) -> Key:
    if kind in (int, datetime):
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError("no number")
        if kind is datetime:
            return _EPOCH + timedelta(microseconds=value)
        if value not in _NUMBERS:
            raise ValueError("no number of ours")
        return value
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("no text")
    value.encode()  # Halves of surrogate pairs, which JSON can spell and PostgreSQL cannot store, are no text either.
    return UUID(value) if kind is UUID else value
