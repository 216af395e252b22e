"""Basic authentication (RFC 7617) of vendors that sign nothing: user and password stand in the URL they call."""

from base64 import b64decode
from collections.abc import Sequence
from hmac import compare_digest

from domain.errors import NotReady, Unverified
from providers.inbound.base import WebhookRequest


class Logins:
    """The logins that are valid; any of them will do."""

    def __init__(self, logins: Sequence[str], setting: str) -> None:
        """Each is `user:password`; raises NotReady naming the setting for what can never be a login."""
        if not all(all(login.partition(":")[::2]) for login in logins):
            raise NotReady("a webhook login has no user or no password", hint=f"write user:password in {setting}")
        self._valid = [login.encode() for login in logins]
        self._setting = setting

    def check(self, request: WebhookRequest) -> None:
        """Raises Unverified unless the call brings one of them."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            raise Unverified("the call brings no login", hint="put user:password@ into the webhook's URL")
        try:
            login = b64decode(given.strip(), validate=True)
        except ValueError as error:
            raise Unverified("the call's login is not base64") from error
        # Every one is compared, in constant time: how long it takes tells nothing.
        fits = [compare_digest(login, valid) for valid in self._valid]
        if not any(fits):
            raise Unverified("the call's login is not valid", hint=f"compare the webhook's URL with {self._setting}")
