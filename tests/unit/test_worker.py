"""What a worker says before it works."""

import pytest
from structlog.testing import capture_logs

import worker
from composition import registry_of
from settings import Settings


def test_a_channel_that_cannot_send_is_named_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the setting that mends it, and not by the first message of that channel."""
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    registry = registry_of(Settings(email_provider="outbox", sms_provider="none"))
    with capture_logs() as said:
        worker.warn_of_channels(registry)
    [warning] = said
    assert (warning["log_level"], warning["channel"]) == ("warning", "sms")
    assert "TOUCHLINE_SMS_PROVIDER" in warning["hint"]
