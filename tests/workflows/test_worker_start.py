"""What a worker says before it works."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs
from temporalio.client import Client

import worker
from composition import registry_of
from settings import Settings
from store.pool import Database
from tests.support.harness import rig_on

NONE: dict[str, Any] = {"email_provider": "outbox", "whatsapp_provider": "none", "webhook_provider": "none"}


async def test_channels_that_cannot_send_are_named_at_the_start(
    temporal_client: Client, database: Database, tmp_path: Path
) -> None:
    """With the setting that fixes it and the sequences that use it, and not by the first message of that channel; one
    that few use only where it is used: by an active sequence, or by somebody who is still in one."""
    hook = "{id: hook, type: webhook, url: 'https://example.com/'}"
    async with rig_on(temporal_client, database, tmp_path / "outbox") as rig:
        await rig.publish(f"{{sequence: old, steps: [{{id: wait, type: delay, days: 1}}, {hook}]}}")
        await rig.enroll("old", await rig.contact())
        await rig.publish("{sequence: old, steps: [{id: mail, type: email, subject: Hi, body: Hi.}]}")
        engine = replace(
            rig.engine,
            providers=registry_of(Settings(_env_file=None, sms_provider="none", outbox_dir=tmp_path, **NONE)),
        )
        with capture_logs() as said:
            await worker.warn_of_channels(engine)
    sms, webhook = sorted(said, key=lambda entry: str(entry["channel"]))
    assert (sms["channel"], sms["log_level"], "TOUCHLINE_SMS_PROVIDER" in sms["hint"]) == ("sms", "warning", True)
    assert (webhook["channel"], webhook["sequences"], webhook["count"]) == ("webhook", ["old"], 1)
    assert "TOUCHLINE_WEBHOOK_PROVIDER" in webhook["hint"]
