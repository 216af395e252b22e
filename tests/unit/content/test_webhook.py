"""What a webhook step posts, whatever a contact's fields hold."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from content.webhook import compose_webhook
from domain.contact import Contact
from domain.enrollment import Visit
from domain.plan import WebhookNode


@pytest.mark.parametrize(
    "name", ["Ann\r\nX-Admin: 1", "Ann\nX-Admin: 1", "Ann\0X-Admin: 1", "Ann\x0b\x1b[2J", "Ann\x85\u2028x"]
)
def test_a_header_is_one_line_without_control_characters(name: str) -> None:
    """A value that no header can hold would be refused by the HTTP client, attempt after attempt."""
    contact = Contact(id=UUID(int=1), external_id="c", name=name)
    node = WebhookNode(id="w", order_index=0, next="end", timeout_seconds=10)
    _, content = compose_webhook(
        node,
        Visit(UUID(int=2), "w"),
        {"url": "https://hook.example/", "headers.X-Name": "{{ name }}"},
        contact,
        sequence="s",
        now=datetime(2026, 11, 30, tzinfo=UTC),
    )
    value = content.headers["X-Name"]
    assert value.isprintable()
    assert value.startswith("Ann")
    assert value.encode()
