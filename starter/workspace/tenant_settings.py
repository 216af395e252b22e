"""What a workspace decides about all of its messages: one way to change it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import asyncpg

from content.compose import MAX_TEXT
from domain.errors import NotFound, Stale, Unfit
from providers.allow_list import allow_list
from scheduling.zones import is_zone
from store.workspace import tenant_settings
from store.workspace.tenant_settings import Tenant

_TEXTS = ("help_text", "opt_out_text", "postal_address")
_SENT_AS_TEXT = ("help_text", "opt_out_text")
MAX_HOLIDAYS = 1000
_MOST_REVIEW_DAYS = 365


async def read(tx: asyncpg.Connection) -> Tenant:
    """The transaction's own tenant. Raises NotFound."""
    return _there(await tenant_settings.read(tx))


async def change(
    tx: asyncpg.Connection, changes: Mapping[str, Any], seen: Callable[[Tenant], bool] = lambda _: True
) -> tuple[Tenant, Tenant]:
    """Before and after; an empty text is none, and what is not among the changes stays.

    `seen`: whether the settings still are those that the changes are based on. Raises Stale where they are not, and
    Unfit, naming the setting that makes no sense. Holds for messages that are rendered from now on.
    """
    before = _there(await tenant_settings.hold(tx))
    if not seen(before):
        raise Stale(
            "the tenant's settings were changed meanwhile; nothing of this was done",
            hint="get them again, make the change there, and send them with the new ETag",
        )
    after = replace(before, **_tidied(changes))
    if after != before:
        await tenant_settings.change(tx, after)
    return before, after


def _there(tenant: Tenant | None) -> Tenant:
    if tenant is None:
        raise NotFound("there is no such tenant", hint="TOUCHLINE_TENANT names the one that is acted in")
    return tenant


def _tidied(changes: Mapping[str, Any]) -> dict[str, Any]:
    tidied: dict[str, Any] = {
        name: (value or "").strip() or None if name in _TEXTS else value for name, value in changes.items()
    }
    if "timezone" in tidied and not is_zone(tidied["timezone"]):
        raise Unfit(f"timezone: {tidied['timezone']!r} is not a time zone", hint="write it as America/New_York")
    for name in _SENT_AS_TEXT:
        if len(tidied.get(name) or "") > MAX_TEXT:
            raise Unfit(f"{name} is longer than the {MAX_TEXT:,} characters of a text message", hint="shorten it")
    if "review_days" in tidied:
        tidied["review_days"] = tidied["review_days"] or None
        if not 1 <= (tidied["review_days"] or 1) <= _MOST_REVIEW_DAYS:
            raise Unfit(f"review_days: from 1 to {_MOST_REVIEW_DAYS} days", hint="0: until somebody decides")
    if "webhook_allow" in tidied:
        tidied["webhook_allow"] = _listed(tidied["webhook_allow"])
    if "holidays" in tidied:
        tidied["holidays"] = tuple(sorted(set(tidied["holidays"])))
        if len(tidied["holidays"]) > MAX_HOLIDAYS:
            raise Unfit(f"holidays: there are more than {MAX_HOLIDAYS:,}", hint="leave out those that have passed")
    return tidied


def _listed(entries: tuple[str, ...]) -> tuple[str, ...]:
    listed = tuple(dict.fromkeys(entry.strip() for entry in entries if entry.strip()))
    try:
        for entry in listed:
            found = allow_list([entry])
            if found.everything or any(network.prefixlen == 0 for network in found.networks):
                raise ValueError(f"{entry!r} would open the network that we run in to every author")
    except ValueError as error:
        raise Unfit(
            f"webhook_allow: the allow list makes no sense: {error}", hint="write it as n8n.internal,10.1.0.0/16"
        ) from error
    return listed
