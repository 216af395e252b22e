"""The sweep, run by a Temporal Schedule: rows and workflows cannot disagree for long."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.reconcile import Reconciler, Swept


@workflow.defn(name="Reconcile")
class ReconcileWorkflow:
    """One sweep over every tenant."""

    @workflow.run
    async def run(self) -> Swept:
        """Answers what was fixed and what is flagged."""
        return await workflow.execute_activity_method(
            Reconciler.reconcile,
            start_to_close_timeout=timedelta(minutes=10),
            heartbeat_timeout=timedelta(seconds=30),
            # The next sweep is the retry.
            retry_policy=RetryPolicy(maximum_attempts=1),
            summary="compare rows and workflows",
        )
