"""Channels find their provider, or a word that says which setting is missing."""

from pathlib import Path

import pytest

from domain.errors import NotReady
from domain.messages import Channel
from providers.outbox import OutboxProvider
from providers.registry import build_registry
from providers.smtp import SmtpConfig, SmtpProvider
from providers.twilio import TwilioConfig, TwilioProvider

SMTP = SmtpConfig(host="localhost", sender="Ann <ann@example.org>")
TWILIO = TwilioConfig(account_sid="AC1", auth_token="secret", sender="+12125550100")


async def test_one_outbox_serves_both_channels(tmp_path: Path) -> None:
    """A provider of several channels is one object, listed and closed once."""
    registry = build_registry(
        email="outbox", sms="outbox", outbox_dir=tmp_path, smtp=SmtpConfig(), twilio=TwilioConfig()
    )
    assert registry.for_channel(Channel.EMAIL) is registry.for_channel(Channel.SMS)
    assert len(registry.providers()) == 1
    await registry.close()


async def test_each_channel_takes_its_own_provider(tmp_path: Path) -> None:
    """Email by SMTP and SMS by Twilio live side by side."""
    registry = build_registry(email="smtp", sms="twilio", outbox_dir=tmp_path, smtp=SMTP, twilio=TWILIO)
    assert isinstance(registry.for_channel(Channel.EMAIL), SmtpProvider)
    assert isinstance(registry.for_channel(Channel.SMS), TwilioProvider)
    await registry.close()


@pytest.mark.parametrize(
    ("smtp", "setting"),
    [
        (SmtpConfig(sender="a@example.org"), "TOUCHLINE_SMTP_HOST"),
        (SmtpConfig(host="localhost"), "TOUCHLINE_EMAIL_FROM"),
        (SmtpConfig(host="localhost", sender="Ann"), "TOUCHLINE_EMAIL_FROM"),
    ],
)
def test_a_missing_setting_is_named_and_hides_no_other_channel(tmp_path: Path, smtp: SmtpConfig, setting: str) -> None:
    """What cannot be built says so when its channel is asked for; the other channel works."""
    registry = build_registry(email="smtp", sms="outbox", outbox_dir=tmp_path, smtp=smtp, twilio=TwilioConfig())
    with pytest.raises(NotReady) as caught:
        registry.for_channel(Channel.EMAIL)
    assert setting in (caught.value.hint or "")
    assert isinstance(registry.for_channel(Channel.SMS), OutboxProvider)


@pytest.mark.parametrize(
    ("twilio", "setting"),
    [
        (TwilioConfig(), "ACCOUNT_SID"),
        (TwilioConfig(account_sid="AC1"), "AUTH_TOKEN"),
        (TwilioConfig(account_sid="AC1", auth_token="x"), "TWILIO_FROM"),
    ],
)
def test_twilio_without_a_setting_is_not_ready(tmp_path: Path, twilio: TwilioConfig, setting: str) -> None:
    """Each missing Twilio setting is named."""
    registry = build_registry(email="outbox", sms="twilio", outbox_dir=tmp_path, smtp=SmtpConfig(), twilio=twilio)
    with pytest.raises(NotReady) as caught:
        registry.for_channel(Channel.SMS)
    assert setting in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("channel", "setting"), [(Channel.EMAIL, "TOUCHLINE_EMAIL_PROVIDER"), (Channel.SMS, "TOUCHLINE_SMS_PROVIDER")]
)
def test_a_channel_without_a_provider_says_so(tmp_path: Path, channel: Channel, setting: str) -> None:
    """`none` is refused by the channel's name, with the setting that fixes it."""
    registry = build_registry(email="none", sms="none", outbox_dir=tmp_path, smtp=SMTP, twilio=TWILIO)
    assert registry.providers() == ()
    with pytest.raises(NotReady, match=channel) as caught:
        registry.for_channel(channel)
    assert setting in (caught.value.hint or "")


def test_a_channel_that_nobody_can_carry_says_so(tmp_path: Path) -> None:
    """WhatsApp has no provider yet."""
    registry = build_registry(email="outbox", sms="outbox", outbox_dir=tmp_path, smtp=SMTP, twilio=TWILIO)
    with pytest.raises(NotReady, match="whatsapp"):
        registry.for_channel(Channel.WHATSAPP)


def test_secrets_do_not_show_in_reprs() -> None:
    """A configuration can be printed."""
    assert "secret" not in repr(TWILIO)
    assert "hunter2" not in repr(SmtpConfig(password="hunter2"))
