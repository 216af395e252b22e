"""The poll of a mailbox, run by a Temporal Schedule."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.clock import HEARTBEAT_TIMEOUT
    from activities.mailbox import MailboxPoller, Polled


@workflow.defn(name="PollMailbox")
class PollMailboxWorkflow:
    """One poll of the configured mailbox."""

    @workflow.run
    async def run(self) -> Polled:
        """Answers how many messages were read."""
        return await workflow.execute_activity_method(
            MailboxPoller.poll,
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            # A worker that died, or a database that is down for a moment; after that the next poll is the retry.
            retry_policy=RetryPolicy(maximum_attempts=5, maximum_interval=timedelta(seconds=10)),
            summary="read the mailbox",
        )
