"""What may stand behind the question mark: a parameter that an operation does not have is refused.

Misspelt it would be ignored, and whoever filters by it would take everything for what they asked for.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from http import HTTPStatus

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.auth import TheCaller
from api.problems import Fault, Refusal

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
    known = sorted(set(_names(route.dependant)))
    unknown = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if unknown:
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "the request does not fit its description",
            faults=[_fault(name[:_SHOWN], known) for name in unknown[:_MOST]],
        )


DESCRIBED_ONLY = Depends(_described)
"""A dependency of routers: an unknown parameter is answered 422."""


def _names(dependant: Dependant) -> Iterator[str]:
    """Of every query parameter that the operation and its dependencies read."""
    yield from (field.alias for field in dependant.query_params)
    for each in dependant.dependencies:
        yield from _names(each)


def _fault(name: str, known: list[str]) -> Fault:
    near = get_close_matches(name, known, 1)
    hint = f"did you mean `{near[0]}`? " if near else ""
    there = f"there are {', '.join(f'`{one}`' for one in known)}" if known else "it has none"
    return Fault(place=f"query.{name}", message="the operation has no such parameter", hint=hint + there)
