"""What a step does, as people say it."""

_ACTIONS = {
    "email": "Send email",
    "sms": "Send SMS",
    "whatsapp": "Send WhatsApp",
    "delay": "Wait",
    "wait_for": "Wait for an event",
    "condition": "Check a condition",
    "split": "Split",
    "action": "Change something",
    "webhook": "Call a webhook",
    "task": "Task for a person",
    "goto": "Go to a step",
    "exit": "End",
}


def action(step_type: str | None) -> str | None:
    """`Send email` for `email`; a type that is not known stays as it is."""
    return None if step_type is None else _ACTIONS.get(step_type, step_type)
