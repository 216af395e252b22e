"""What tests of retries have in common."""

from typing import Any
from uuid import UUID

from domain.contact import Contact
from domain.errors import PermanentError
from domain.messages import OutgoingMessage, Receipt
from tests.support.harness import Rig, ScriptedProvider, receipt

NEVER = PermanentError("scripted", "no such user", code="550")

TEXTS = """
    sequence: texts
    steps:
      - {id: first, type: sms, body: "One. STOP to end."}
      - {id: second, type: sms, body: "Two."}
      - {id: third, type: sms, body: "Three."}
"""


async def taken(message: OutgoingMessage) -> Receipt:
    return receipt(message)


async def failed(rig: Rig, provider: ScriptedProvider, text: str = TEXTS, **fields: Any) -> tuple[UUID, Contact]:
    """The first message went out, the second one was refused for good."""
    provider.answers.extend([taken, NEVER])
    enrollment, contact = await rig.start(text, **fields)
    assert await rig.ended(enrollment) == ("failed", "second: permanent (scripted 550)")
    return enrollment, contact


def said(provider: ScriptedProvider) -> list[str]:
    """What was handed over, in order, refusals included."""
    return [message.content.model_dump()["body"] for message in provider.handed_over]


async def as_it_was(rig: Rig, enrollment: UUID) -> None:
    """A refused retry leaves no trace."""
    row = await rig.enrollment(enrollment)
    assert (row["status"], row["retries"], row["lap"]) == ("failed", 0, 0)
    assert len(await rig.jobs(enrollment)) == 2
    assert await rig.rows("SELECT * FROM enrollment_retries") == []
