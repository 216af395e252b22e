"""What Temporal says about itself and about us: is anybody working, is what we rely on there?"""

from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, ScheduleDescription
from temporalio.service import RPCError, RPCStatusCode

from domain.ids import SEARCH_ATTRIBUTES, reconciler_id

_LONG_POLL = timedelta(seconds=75)
"""A living worker asks again within this; one that died stays listed for minutes."""


async def workers(client: Client, task_queue: str) -> list[str]:
    """Identities of the workers that poll the queue for workflows and for activities."""
    kinds = (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)
    polling = [await _pollers(client, task_queue, kind) for kind in kinds]
    return sorted(set.intersection(*polling))


async def _pollers(client: Client, task_queue: str, kind: "TaskQueueType.ValueType") -> set[str]:
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace, task_queue=TaskQueue(name=task_queue), task_queue_type=kind
        )
    )
    since = datetime.now(UTC) - _LONG_POLL  # noqa: TID251 - by the server's clock
    return {p.identity for p in answer.pollers if p.last_access_time.ToDatetime(UTC) > since}


async def missing_search_attributes(client: Client) -> list[str]:
    """Those of ours that the namespace does not know. Raises RPCError where one may not ask (Temporal Cloud)."""
    answer = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    return [name for name in SEARCH_ATTRIBUTES if name not in answer.custom_attributes]


async def reconciler(client: Client, task_queue: str) -> ScheduleDescription | None:
    """The reconciler's schedule; None when no worker has created it yet."""
    try:
        return await client.get_schedule_handle(reconciler_id(task_queue)).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
