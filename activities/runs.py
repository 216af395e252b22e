"""What activities ask of Temporal; the composition root provides it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from domain.enrollment import EnrollmentInput
from store.enrollments.signals import OpenSignal

RunStatus = Literal["running", "completed", "failed", "cancelled", "terminated", "timed_out", "missing"]
"""How a workflow stands by Temporal's account."""


class Runs(Protocol):
    """Starts workflows, signals them and asks about them; each call is safe to repeat."""

    async def start(self, enrollment: EnrollmentInput, contact_id: UUID, version: int, *, bulk: bool = False) -> None:
        """Start an enrollment's workflow unless one runs or ran; `bulk`: behind those that are started singly."""
        ...

    async def tell(self, signal: OpenSignal) -> None:
        """Deliver a signal; a workflow that is gone needs none."""
        ...

    async def start_notice(self, tenant_id: UUID, notice_id: UUID) -> None:
        """Start the workflow that sends an automatic answer unless one runs or ran."""
        ...

    async def start_batch(self, tenant_id: UUID, batch_id: UUID) -> None:
        """Start the workflow that goes through a batch unless one runs or ran."""
        ...

    async def keep_webhook_feed(self) -> None:
        """Start the workflow that makes deliveries of what happens unless it runs."""
        ...

    async def status(self, enrollment_id: UUID) -> RunStatus:
        """How an enrollment's workflow stands."""
        ...

    async def batch_status(self, batch_id: UUID) -> RunStatus:
        """How a batch's workflow stands."""
        ...

    async def closed_badly(self, tenant_id: UUID, since: datetime) -> Sequence[UUID]:
        """Enrollments whose workflow was terminated, cancelled, or failed since then (UTC)."""
        ...
