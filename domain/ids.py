"""Every identifier, key and name that is derived: functions in one file, never random, never personal.

Deriving is what makes retries safe: the same enrollment, node and round always give the same job,
the same Message-ID and the same idempotency key, on whichever worker the attempt runs.
"""

from uuid import UUID, uuid4, uuid5

JOB_KEY = "touchline_job"
"""The name under which a vendor is given our job id, and hands it back."""
JOB_HEADER = "X-Touchline-Job"
"""A header that says the same to a vendor that takes no names and values over SMTP."""

SEARCH_ATTRIBUTES = ("TouchlineTenant", "TouchlineSequence", "TouchlineContact")
"""Keyword attributes that workflows carry: ids only, they are plain text in Temporal."""

TASK_QUEUE = "touchline"
DEFAULT_TENANT = UUID("00000000-0000-4000-8000-000000000001")

_NAMESPACE = UUID("6f1a3c52-8f0e-4f5e-9d3a-0d5b9a6f7e11")


def new_id() -> UUID:
    """The only source of random ids: rows that nothing else could name (contacts, word of a change), and what a request
    without an Idempotency-Key makes."""
    return uuid4()


def as_id(text: str) -> UUID | None:
    """The id that a text is; None for any other text."""
    try:
        return UUID(text)
    except ValueError:
        return None


def sequence_id(tenant_id: UUID, key: str) -> UUID:
    """A sequence is named by its author; the name decides the id."""
    return uuid5(_NAMESPACE, f"sequence:{tenant_id}:{key}")


def version_id(sequence: UUID, number: int) -> UUID:
    """The `number`-th published version of a sequence."""
    return uuid5(sequence, f"version:{number}")


def workflow_id(enrollment_id: UUID) -> str:
    """The workflow of one enrollment; plain text in Temporal, so no personal data."""
    return f"enrollment-{enrollment_id}"


def step_id(enrollment_id: UUID, node_id: str, round: int = 0) -> UUID:
    """One execution of one node (`round` counts visits when a loop comes back to it)."""
    return uuid5(enrollment_id, f"step:{node_id}:{round}")


def job_id(enrollment_id: UUID, node_id: str, round: int = 0) -> UUID:
    """The ledger row of one outbound message; also its idempotency key and callback token."""
    return uuid5(enrollment_id, f"job:{node_id}:{round}")


def enrolled_by(step: UUID) -> UUID:
    """The enrollment that an `enroll` action makes: the same on every attempt."""
    return uuid5(step, "enroll")


def enrolled_in(batch: UUID, contact: UUID) -> UUID:
    """The enrollment that a batch makes of a contact: the same on every attempt."""
    return uuid5(batch, f"contact:{contact}")


def request_id(tenant_id: UUID, key: str, fingerprint: bytes) -> UUID:
    """A request that bears an Idempotency-Key, the same however often it is made; another one under that key is not."""
    return uuid5(_NAMESPACE, f"request:{tenant_id}:{fingerprint.hex()}:{key}")


def enrolled_on(request: UUID, contact: UUID) -> UUID:
    """The enrollment that a request makes of a contact: the same by each repetition of it."""
    return uuid5(request, f"contact:{contact}")


def batch_of(request: UUID) -> UUID:
    """The batch that a request begins."""
    return uuid5(request, "batch")


def happened_on(request: UUID) -> str:
    """Names the occurrence that a request reports, where it names none itself."""
    return uuid5(request, "event").hex


def said_on(request: UUID, enrollment: UUID) -> UUID:
    """What a request says to an enrollment: to its workflow an update's id, in the database an event's."""
    return uuid5(request, f"command:{enrollment}")


def batch_workflow_id(batch: UUID) -> str:
    """The workflow that goes through a batch."""
    return f"batch-{batch}"


def message_id(job: UUID, domain: str) -> str:
    """RFC 5322 Message-ID, equal on every attempt, so that a mailbox can recognise a duplicate."""
    return f"<{job}@{domain}>"


def job_of_message_id(message_id: str) -> UUID | None:
    """The job that a Message-ID of ours names; None for anybody else's."""
    local = message_id.strip().removeprefix("<").partition("@")[0]
    return as_id(local) if len(local) == 36 else None


def event_id(tenant_id: UUID, provider: str, provider_event_id: str) -> UUID:
    """The id under which an inbound provider event is stored: the same event always the same row."""
    return uuid5(_NAMESPACE, f"event:{tenant_id}:{provider}:{provider_event_id}")


def dead_letter_id(tenant_id: UUID, source: str, body_hash: str) -> UUID:
    """The row that keeps what could not be read: the same call, repeated, is kept once."""
    return uuid5(_NAMESPACE, f"dead-letter:{tenant_id}:{source}:{body_hash}")


def notice_id(event: UUID) -> UUID:
    """The one automatic answer that an inbound message may get."""
    return uuid5(event, "notice")


def decision_id(event: UUID) -> UUID:
    """What is decided about an inbound message, which the workflows hear of apart from the message."""
    return uuid5(event, "decision")


def notice_workflow_id(notice: UUID) -> str:
    """The workflow that sends it."""
    return f"notice-{notice}"


def webhook_delivery_id(subscription: UUID, change: str) -> UUID:
    """The delivery of one change to one subscription, however often the feed meets it."""
    return uuid5(subscription, f"delivery:{change}")


def webhook_feed_workflow_id(task_queue: str) -> str:
    """The workflow that makes deliveries of what happens; one for each task queue, as of the reconciler."""
    return f"webhook-feed-{task_queue}"


def subscription_workflow_id(subscription: UUID) -> str:
    """The workflow that posts a subscription's deliveries while there are any."""
    return f"webhook-subscription-{subscription}"


def reconciler_id(task_queue: str) -> str:
    """Id of the schedule, and of the workflow that it starts.

    One for each task queue: installations that share a namespace each sweep their own database, and a sweep that
    waits on a queue which nobody serves any more holds up no other.
    """
    return f"reconcile-{task_queue}"


def mailbox_poll_id(task_queue: str) -> str:
    """The id of the Schedule and the workflow that poll the mailbox, one for each task queue."""
    return f"mailbox-{task_queue}"
