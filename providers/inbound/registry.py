"""Which vendors may call: those that have a secret."""

from collections.abc import Sequence

from providers.inbound.base import Webhook
from providers.inbound.postmark import PostmarkWebhook
from providers.inbound.resend import ResendWebhook
from providers.inbound.sendgrid import SendGridWebhook


def build_email_webhooks(
    *,
    resend: Sequence[str],
    postmark: Sequence[str],
    sendgrid_keys: Sequence[str],
    sendgrid_logins: Sequence[str],
) -> dict[str, Webhook]:
    """By the name in the URL (/webhooks/email/{name}); raises NotReady for a secret that can never be one."""
    webhooks: list[Webhook] = []
    if resend:
        webhooks.append(ResendWebhook(resend))
    if postmark:
        webhooks.append(PostmarkWebhook(postmark))
    if sendgrid_keys or sendgrid_logins:
        webhooks.append(SendGridWebhook(sendgrid_keys, sendgrid_logins))
    return {webhook.name: webhook for webhook in webhooks}
