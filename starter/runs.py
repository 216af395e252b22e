"""Workflows of enrollments: start them, tell them, ask about them; each call safe to repeat."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.common import (
    Priority,
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.batch import BatchOrder
from activities.notices import NoticeOrder
from activities.runs import RunStatus
from activities.subscription import SubscriptionOrder
from domain import ids
from domain.enrollment import EnrollmentInput
from store.enrollments.signals import OpenSignal
from workflows.batch import BatchEnrollmentWorkflow
from workflows.enrollment import EnrollmentWorkflow
from workflows.notice import NoticeWorkflow
from workflows.subscription import SubscriptionRun, WebhookFeedWorkflow, WebhookSubscriptionWorkflow

TENANT = SearchAttributeKey.for_keyword("TouchlineTenant")
SEQUENCE = SearchAttributeKey.for_keyword("TouchlineSequence")
CONTACT = SearchAttributeKey.for_keyword("TouchlineContact")

_STATUS: dict[WorkflowExecutionStatus | None, RunStatus] = {
    WorkflowExecutionStatus.RUNNING: "running",
    WorkflowExecutionStatus.CONTINUED_AS_NEW: "running",
    WorkflowExecutionStatus.COMPLETED: "completed",
    WorkflowExecutionStatus.FAILED: "failed",
    WorkflowExecutionStatus.CANCELED: "cancelled",
    WorkflowExecutionStatus.TERMINATED: "terminated",
    WorkflowExecutionStatus.TIMED_OUT: "timed_out",
}

_MOST = 500
_BULK = 4
"""Temporal's priorities go from 1, the most urgent, to 5; what names none has 3."""


@dataclass(frozen=True)
class Runs:
    """Enrollment workflows in one Temporal namespace."""

    client: Client
    task_queue: str
    search_attributes: bool = True
    """Off where the three attributes are not registered (the time-skipping test server)."""

    def handle(self, enrollment_id: UUID) -> WorkflowHandle[EnrollmentWorkflow, Any]:
        """To update, signal or query an enrollment's workflow."""
        return self.client.get_workflow_handle_for(EnrollmentWorkflow.run, ids.workflow_id(enrollment_id))

    async def start(self, enrollment: EnrollmentInput, contact_id: UUID, version: int, *, bulk: bool = False) -> None:
        """Start an enrollment's workflow; one that runs stays as it is, and so does one that ran, but for a retry.

        `bulk`: whatever it does goes behind that of enrollments which were started singly, of whichever tenant. Id,
        search attributes and summary are plain text in Temporal: none of them names a person.
        """
        tenant = str(enrollment.tenant_id)
        attributes = TypedSearchAttributes(
            [
                SearchAttributePair(TENANT, tenant),
                SearchAttributePair(SEQUENCE, enrollment.plan.sequence),
                SearchAttributePair(CONTACT, str(contact_id)),
            ]
        )
        try:
            await self.client.start_workflow(
                EnrollmentWorkflow.run,
                enrollment,
                id=ids.workflow_id(enrollment.enrollment_id),
                task_queue=self.task_queue,
                # A run too many finds in the records that there is nothing to do, and ends.
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE
                if enrollment.retries
                else WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                search_attributes=attributes if self.search_attributes else None,
                static_summary=f"{enrollment.plan.sequence} v{version}",
                priority=Priority(priority_key=_BULK if bulk else None, fairness_key=tenant),
            )
        except WorkflowAlreadyStartedError:
            return

    async def start_notice(self, tenant_id: UUID, notice_id: UUID) -> None:
        """Start the workflow that sends an automatic answer; one that runs, or ran, stays as it is."""
        order = NoticeOrder(tenant_id=tenant_id, notice_id=notice_id)
        await self._start_once(NoticeWorkflow.run, order, ids.notice_workflow_id(notice_id))

    async def start_batch(self, tenant_id: UUID, batch_id: UUID) -> None:
        """Start the workflow that goes through a batch; one that runs, or ran, stays as it is.

        Not in bulk: its next page must not wait for all the messages of those that it has enrolled.
        """
        order = BatchOrder(tenant_id=tenant_id, batch_id=batch_id)
        await self._start_once(BatchEnrollmentWorkflow.run, order, ids.batch_workflow_id(batch_id))

    async def _start_once(
        self, workflow: Callable[..., Awaitable[object]], order: NoticeOrder | BatchOrder, workflow_id: str
    ) -> None:
        tenant = str(order.tenant_id)
        attributes = TypedSearchAttributes([SearchAttributePair(TENANT, tenant)])
        try:
            await self.client.start_workflow(
                workflow,
                order,
                id=workflow_id,
                task_queue=self.task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                search_attributes=attributes if self.search_attributes else None,
                priority=Priority(fairness_key=tenant),
            )
        except WorkflowAlreadyStartedError:
            return

    async def keep_webhook_feed(self) -> None:
        """Start the workflow that makes deliveries of what happens unless it runs."""
        await self.client.start_workflow(
            WebhookFeedWorkflow.run,
            id=ids.webhook_feed_workflow_id(self.task_queue),
            task_queue=self.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )

    async def wake_subscription(self, tenant_id: UUID, subscription_id: UUID, *, hurry: bool = False) -> None:
        """Tell a subscription's workflow that there is something to post; start it where none runs.

        `hurry`: a person asked for it, so that a receiver that was down is tried at once.
        """
        tenant = str(tenant_id)
        attributes = TypedSearchAttributes([SearchAttributePair(TENANT, tenant)])
        await self.client.start_workflow(
            WebhookSubscriptionWorkflow.run,
            SubscriptionRun(order=SubscriptionOrder(tenant_id=tenant_id, subscription_id=subscription_id)),
            id=ids.subscription_workflow_id(subscription_id),
            task_queue=self.task_queue,
            start_signal="wake",
            start_signal_args=[hurry],
            search_attributes=attributes if self.search_attributes else None,
            priority=Priority(fairness_key=tenant),
        )

    async def tell(self, signal: OpenSignal) -> None:
        """Signal what the database has decided; a workflow that is gone needs no telling."""
        handle = self.handle(signal.enrollment_id)
        try:
            match signal.signal:
                case "reply":
                    await handle.signal(EnrollmentWorkflow.reply, signal.mark)
                case "suppress":
                    await handle.signal(EnrollmentWorkflow.suppress, signal.mark)
                case "nudge":
                    await handle.signal(EnrollmentWorkflow.nudge)
                case "pause":
                    await handle.signal(EnrollmentWorkflow.hold)
                case "postpone":
                    if signal.upcoming is None:
                        raise ValueError("postponed, and nobody wrote down until when")
                    await handle.signal(EnrollmentWorkflow.postpone, signal.upcoming)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise

    async def status(self, enrollment_id: UUID) -> RunStatus:
        """How the workflow stands by Temporal's account."""
        return await self._status(ids.workflow_id(enrollment_id))

    async def batch_status(self, batch_id: UUID) -> RunStatus:
        """How a batch's workflow stands by Temporal's account."""
        return await self._status(ids.batch_workflow_id(batch_id))

    async def _status(self, workflow_id: str) -> RunStatus:
        try:
            return _STATUS[(await self.client.get_workflow_handle(workflow_id).describe()).status]
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return "missing"
            raise

    async def closed_badly(self, tenant_id: UUID, since: datetime) -> Sequence[UUID]:
        """Enrollments whose workflow did not complete by itself since then; at most 500, newest first."""
        query = (
            "WorkflowType = 'Enrollment' AND ExecutionStatus IN ('Terminated', 'Canceled', 'Failed', 'TimedOut')"
            f" AND CloseTime > '{since.isoformat()}'"
        )
        if self.search_attributes:
            query += f" AND {TENANT.name} = '{tenant_id}'"
        prefix = ids.workflow_id(UUID(int=0)).removesuffix(str(UUID(int=0)))
        found = self.client.list_workflows(query, limit=_MOST)
        return [UUID(w.id.removeprefix(prefix)) async for w in found if w.id.startswith(prefix)]
