"""All members of a campaign enrolled in a sequence, however many they are and whoever dies meanwhile."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.batch import Batches, BatchOrder
    from activities.clock import HEARTBEAT_TIMEOUT
    from store.campaigns.batches import BatchStatus
    from workflows.commands import ATTEMPT_TIMEOUT, RETRY

_LOOKS_AGAIN = timedelta(seconds=5)
_LONGEST_WAIT = timedelta(minutes=2)


@workflow.defn(name="BatchEnrollment")
class BatchEnrollmentWorkflow:
    """Holds no place of its own: each attempt finds it in the batch's record."""

    @workflow.run
    async def run(self, order: BatchOrder) -> BatchStatus:
        """Until the batch has ended; answers how."""
        looks = order.looks
        while True:
            progress = await workflow.execute_activity_method(
                Batches.enroll_batch,
                order,
                start_to_close_timeout=ATTEMPT_TIMEOUT,
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                retry_policy=RETRY,
                summary="enroll members",
            )
            if progress.status not in ("pending", "running"):
                return progress.status
            looks = looks + 1 if progress.held else 0
            if progress.held:
                wait = min(_LOOKS_AGAIN * 2 ** min(looks - 1, 10), _LONGEST_WAIT)
                await workflow.sleep(wait, summary="its sequence is paused")
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(order.model_copy(update={"looks": looks}))
