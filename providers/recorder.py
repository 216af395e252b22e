"""A provider that hands nothing to anybody: the ledger's record of a message is all that becomes of it."""

from datetime import datetime
from uuid import UUID

from domain.messages import Absent, Channel, Lookup, OutgoingMessage, Receipt
from providers.base import LastLook, Line, Unbounded


class Recorder:
    """Takes every message of every channel over, at once; for simulations."""

    name = "recorder"
    channels = frozenset(Channel)

    def free_line(self, tenant_id: UUID) -> Unbounded:
        """Always."""
        return Unbounded()

    async def send(self, message: OutgoingMessage, line: Line, *, clear: LastLook) -> Receipt:
        """It is taken over, and goes nowhere."""
        await clear()
        return Receipt(provider=self.name, provider_message_id=str(message.job_id), detail="only recorded")

    async def lookup(self, message: OutgoingMessage, attempted_at: datetime) -> Lookup:
        """What is not in the ledger never was."""
        return Absent()

    async def check(self) -> str:
        """There is nothing to reach."""
        return "messages are recorded and not sent"

    async def close(self) -> None:
        """Nothing is held open."""
