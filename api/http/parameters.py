"""What may stand behind the question mark: a parameter that an operation does not have is refused.

Misspelt it would be ignored, and whoever filters by it would take everything for what they asked for. So would one of
two values, where the operation takes one.
"""

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from http import HTTPStatus
from typing import get_args, get_origin

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.http.auth import TheCaller
from api.http.problems import Fault, Refusal

_MOST = 20
"""Faults that an answer names."""
_SHOWN = 100
"""Characters of a name that an answer repeats."""


async def _described(request: Request, _: TheCaller) -> None:
    """Refuses (422) what the operation's description does not name; whoever has no key is refused before."""
    route = request.scope["route"]
    assert isinstance(route, APIRoute)  # noqa: S101 - nothing else has dependencies
    if not request.query_params:
        return
    described = dict(_parameters(route.dependant))
    known = sorted(described)
    given = Counter(name for name, _ in request.query_params.multi_items())
    faults = [
        *(_unknown(name[:_SHOWN], known) for name in given if name not in described),
        *(_too_often(name) for name, times in given.items() if times > 1 and described.get(name) is False),
    ]
    if faults:
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY, "the request does not fit its description", faults=faults[:_MOST]
        )


DESCRIBED_ONLY = Depends(_described)
"""A dependency of routers: an unknown parameter is answered 422."""


def _parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """Each query parameter that the operation and its dependencies read, and whether it may be repeated."""
    for field in dependant.query_params:
        kind = field.field_info.annotation
        yield field.alias, any(get_origin(one) is list for one in (kind, *get_args(kind)))
    for each in dependant.dependencies:
        yield from _parameters(each)


def _too_often(name: str) -> Fault:
    return Fault(place=f"query.{name}", message="it is given more than once", hint="it takes one value: send it once")


def _unknown(name: str, known: list[str]) -> Fault:
    near = get_close_matches(name, known, 1)
    hint = f"did you mean `{near[0]}`? " if near else ""
    there = f"there are {', '.join(f'`{one}`' for one in known)}" if known else "it has none"
    return Fault(place=f"query.{name}", message="the operation has no such parameter", hint=hint + there)
