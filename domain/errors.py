"""Errors that carry their evidence. Whether to try again is the error's type, never a guess from its text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from domain.diagnostics import Diagnostic


class TouchlineError(Exception):
    """Something a user can act on: `str()` says what is wrong, `hint` how to fix it.

    The same is read by callers of the API and at the command line; so `hint` names what is to be done, and `command`
    what is typed after `./touchline` to do it, which the command line alone shows.
    """

    hint: str | None = None
    command: str | None = None

    def __init__(self, message: str, hint: str | None = None, *, command: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint
        self.command = command


class NotFound(TouchlineError):
    """A thing that was named does not exist in this tenant."""


class Conflict(TouchlineError):
    """The request does not fit the present state."""


class Stale(TouchlineError):
    """What was to be changed is no longer what the caller has seen; nothing was changed."""


class Unsound(TouchlineError):
    """A sequence has errors: `findings` are all of them, each with its place and fix."""

    def __init__(self, message: str, findings: Sequence[Diagnostic], hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.findings = findings


class Unfit(TouchlineError):
    """A value that was given makes no sense; nothing was changed."""


class NotReady(TouchlineError):
    """A needed service or setting is missing; nothing was changed."""


class ContentError(TouchlineError):
    """This message cannot be rendered for this contact (a merge field has no value, a body grew too long)."""


class Unverified(TouchlineError):
    """A webhook that does not prove who sent it: answered 401, nothing is stored."""


class Malformed(TouchlineError):
    """A webhook of a proven sender that makes no sense: answered 400, kept as a dead letter."""


@dataclass
class SendError(Exception):
    """A provider did not take a message over."""

    provider: str
    message: str
    code: str | None = None
    """The provider's own code: an SMTP reply code, a Twilio error number."""
    status: int | None = None
    evidence: str | None = field(default=None, repr=False)
    """The raw answer, shortened; never holds a message body."""

    def __str__(self) -> str:
        return f"{self.source}: {self.message}"

    @property
    def source(self) -> str:
        """Who says so and by which code, without a word of theirs: they may name people."""
        return f"{self.provider} {self.code}" if self.code else self.provider


@dataclass
class PermanentError(SendError):
    """This message will never go to this contact."""

    effect: Literal["none", "bounced", "opted_out"] = "none"
    """What it says about the address: `bounced` and `opted_out` also suppress it."""
    passing: bool = False
    """It says so of this time only (a full mailbox): the sequence goes on, whatever its policy for failures is."""


@dataclass
class TransientError(SendError):
    """Certainly not sent; may succeed later."""

    retry_after: timedelta | None = None


@dataclass
class OutsideHoursError(TransientError):
    """Certainly not sent: refused for the hour that it is at the recipient's place."""


@dataclass
class ConfigurationError(SendError):
    """Every message would fail like this: credentials, sender, content rule. A person has to act."""


@dataclass
class SenderRefusedError(ConfigurationError):
    """A receiver refuses us: our address is listed, SPF, DKIM or DMARC fail, our sender is blocked. Others may, too."""


@dataclass
class AmbiguousError(SendError):
    """Nobody knows whether it was sent: the connection died, or the answer made no sense."""


class NotCleared(Exception):
    """The last look before a hand-over found that the message must not leave now; nothing was handed over."""
