"""One automatic answer, sent at once and tried until it would come too late."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.clock import HEARTBEAT_TIMEOUT
    from activities.notices import NoticeOrder, Notices
    from store.inbound.notices import NoticeState


@workflow.defn(name="Notice")
class NoticeWorkflow:
    """The confirmation of an opt-out, or the help text."""

    @workflow.run
    async def run(self, order: NoticeOrder) -> NoticeState:
        """Answers what became of it; its end is the activity's to know, so the retries have none of their own."""
        return await workflow.execute_activity_method(
            Notices.send_notice,
            order,
            start_to_close_timeout=timedelta(minutes=2),
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            retry_policy=RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=1)),
            summary="answer by itself",
        )
