"""From settings to parts: the one place where entry points put the application together."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Interceptor, Worker, WorkerDeploymentConfig, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.batch import Batches
from activities.deliver import Deliveries
from activities.lifecycle import Lifecycle
from activities.mailbox import MailboxPoller
from activities.migration import Migrations
from activities.notices import Notices
from activities.reconcile import Reconciler
from activities.subscription import Subscriptions
from activities.version_cache import Versions
from content.compose import Composer
from content.inbound_mail.mail import addresses_in
from content.links import Links
from providers.imap import ImapConfig
from providers.inbound.twilio import TwilioWebhook
from providers.registry import Registry, build_registry
from providers.signed_post import Poster
from providers.smtp import SmtpConfig
from providers.twilio import TwilioConfig
from providers.webhook import WebhookConfig
from settings import Settings, secrets_in
from starter.engine import Engine, TemporalAddress, connect_temporal
from starter.inbound.inbox import Inbox
from starter.runs import Runs
from store.pool import Database
from telemetry import LogContext
from workflows.batch import BatchEnrollmentWorkflow
from workflows.enrollment import EnrollmentWorkflow
from workflows.mailbox import PollMailboxWorkflow
from workflows.notice import NoticeWorkflow
from workflows.reconcile import ReconcileWorkflow
from workflows.subscription import WebhookFeedWorkflow, WebhookSubscriptionWorkflow

_OURS = ("domain", "scheduling", "content", "store", "providers", "activities", "workflows")
"""Loaded once, not for each run in the sandbox, which costs a fifth of a worker's CPU. That the workflows keep
its rules is tested in the sandbox without this (tests/replay)."""

_GRACE = timedelta(seconds=40)
"""Longer than any provider's time-out: a hand-over that is cut off is in doubt."""


def registry_of(settings: Settings) -> Registry:
    """The providers that the settings choose; connects nowhere."""
    return build_registry(
        email=settings.email_provider,
        sms=settings.sms_provider,
        whatsapp=settings.whatsapp_provider,
        webhook=settings.webhook_provider,
        outbox_dir=settings.outbox_dir,
        smtp=SmtpConfig(
            host=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_username,
            password=settings.smtp_password.get_secret_value(),
            tls=settings.smtp_tls,
            timeout_s=settings.smtp_timeout_s,
            connections=settings.smtp_connections,
            sender=settings.email_from,
            relay=settings.smtp_relay,
        ),
        twilio=TwilioConfig(
            account_sid=settings.twilio_account_sid,
            auth_token=settings.twilio_auth_token.get_secret_value(),
            sender=settings.twilio_from,
            whatsapp_sender=settings.twilio_whatsapp_from,
            public_url=settings.public_url,
            base_url=settings.twilio_base_url,
            timeout_s=settings.twilio_timeout_s,
        ),
        webhooks=WebhookConfig(
            secret=settings.webhook_secret.get_secret_value(),
            bound=_webhook_bound(settings),
            lines=_webhook_lines(settings),
        ),
    )


def _webhook_lines(settings: Settings) -> int:
    """Webhooks have places of their own; one tenant alone may use half of them, as many as there are for the rest."""
    return 2 * settings.max_concurrent_deliveries


def _webhook_bound(settings: Settings) -> tuple[str, ...]:
    return tuple(settings.webhook_allow.split(","))


def mailbox_of(settings: Settings) -> ImapConfig | None:
    """The mailbox that is polled for answers; None: there is none."""
    if not settings.imap_host:
        return None
    return ImapConfig(
        host=settings.imap_host,
        port=settings.imap_port,
        tls=settings.imap_tls,
        username=settings.imap_username,
        password=settings.imap_password.get_secret_value(),
        folder=settings.imap_folder,
    )


def webhook_secrets_of(settings: Settings) -> dict[str, list[str]]:
    """What proves the calls of email vendors: the arguments of `build_email_webhooks`."""
    return {
        "resend": secrets_in(settings.resend_webhook_secrets),
        "postmark": secrets_in(settings.postmark_webhook_logins),
        "sendgrid_keys": secrets_in(settings.sendgrid_webhook_keys),
        "sendgrid_logins": secrets_in(settings.sendgrid_inbound_logins),
    }


def twilio_webhook_of(settings: Settings) -> TwilioWebhook | None:
    """None: no token is configured. Raises NotReady for one that can never be one."""
    tokens = secrets_in(settings.twilio_webhook_tokens) or secrets_in(settings.twilio_auth_token)
    return TwilioWebhook(tokens, settings.twilio_account_sid) if tokens else None


def composer_of(settings: Settings) -> Composer:
    """What is the same in every message."""
    sender_domain = "".join(addresses_in(settings.email_from)[:1]).rpartition("@")[2]
    return Composer(
        message_id_domain=settings.message_id_domain or sender_domain or "localhost",
        reply_to=settings.email_reply_to or None,
        reply_token=settings.email_reply_token,
        unsubscribe_mailto=settings.unsubscribe_mailto or None,
        links=links_of(settings),
    )


def links_of(settings: Settings) -> Links | None:
    """Links in messages; None unless the settings say where they lead and what signs them."""
    keys = secrets_in(settings.secret_keys)
    return Links(settings.public_url, keys) if settings.public_url and keys else None


def temporal_address_of(settings: Settings) -> TemporalAddress:
    """Where Temporal is."""
    return TemporalAddress(
        address=settings.temporal_address,
        namespace=settings.temporal_namespace,
        tls=settings.temporal_tls,
        api_key=settings.temporal_api_key.get_secret_value() if settings.temporal_api_key else None,
        tls_cert=settings.temporal_tls_cert,
        tls_key=settings.temporal_tls_key,
    )


@asynccontextmanager
async def engine_of(settings: Settings, *, lazy: bool = False, kept_back: int = 0) -> AsyncIterator[Engine]:
    """Connect to everything; release it at the end. Raises NotReady for what cannot be reached.

    `lazy`: connects when first used, for whoever has something to say even while a service is down. `kept_back`:
    connections to the database that only what is `urgent` may have.
    """
    providers = registry_of(settings)
    database = await Database.connect(
        settings.database_url, size=settings.database_pool_size, lazy=lazy, kept_back=kept_back
    )
    try:
        client = await connect_temporal(temporal_address_of(settings), lazy=lazy)
        yield Engine(
            database=database,
            runs=Runs(client, settings.task_queue, settings.search_attributes),
            providers=providers,
            tenant_id=settings.tenant,
            default_region=settings.default_region,
            reply_horizon_days=settings.reply_horizon_days,
            own_addresses=_own_addresses(settings),
            unsubscribe_address=_unsubscribe_address(settings),
            links=links_of(settings),
        )
    finally:
        await providers.close()
        await database.close()


def _own_addresses(settings: Settings) -> frozenset[str]:
    """Where we send from: an answer never comes from there."""
    mailboxes = (settings.email_from, settings.email_reply_to, settings.imap_username)
    written = (address.lower() for mailbox in mailboxes for address in addresses_in(mailbox))
    return frozenset(address for address in (*written, settings.twilio_from) if address)


def _unsubscribe_address(settings: Settings) -> str | None:
    """What comes to an address that answers come to as well is read like any other."""
    written = settings.unsubscribe_mailto.removeprefix("mailto:").partition("?")[0]
    address = "".join(addresses_in(written)[:1]).lower()
    return address if address and address not in _own_addresses(settings) else None


def worker_of(
    settings: Settings,
    engine: Engine,
    *,
    inbox: Inbox | None = None,
    interceptors: Sequence[Interceptor] = (),
    around: Callable[[WorkflowRunner], WorkflowRunner] = lambda runner: runner,
) -> Worker:
    """A worker for every workflow and activity; it takes the hand-overs under way to their end on shutdown.

    `inbox`: the process's own, which applies what its mailbox brings in.
    `interceptors` and what is put `around` the workflows' runner come on top of the worker's own.
    """
    deliveries = Deliveries(engine.database, engine.providers, composer_of(settings), Versions(), engine.runs)
    lifecycle = Lifecycle(engine.database, deliveries.versions, engine.providers.must_carry)
    webhooks = Subscriptions(engine.database, Poster(_webhook_bound(settings)), engine.runs.wake_subscription)
    mailbox = mailbox_of(settings)
    receiving = partial((inbox or Inbox()).take_in_one, engine, source="imap")
    return Worker(
        engine.runs.client,
        task_queue=engine.runs.task_queue,
        workflows=[
            EnrollmentWorkflow,
            BatchEnrollmentWorkflow,
            NoticeWorkflow,
            PollMailboxWorkflow,
            ReconcileWorkflow,
            WebhookFeedWorkflow,
            WebhookSubscriptionWorkflow,
        ],
        activities=[
            deliveries.deliver,
            lifecycle.pause_enrollment,
            lifecycle.resume_enrollment,
            lifecycle.end_enrollment,
            lifecycle.finish,
            Migrations(engine.database, deliveries.versions).migrate_enrollment,
            Batches(engine.database, deliveries.versions, engine.runs).enroll_batch,
            Notices(engine.database, engine.providers).send_notice,
            Reconciler(deliveries, engine.runs).reconcile,
            webhooks.feed_subscriptions,
            webhooks.post_deliveries,
            *([MailboxPoller(engine.database, engine.tenant_id, mailbox, receiving).poll] if mailbox else []),
        ],
        workflow_runner=around(
            SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*_OURS))
        ),
        interceptors=[LogContext(), *interceptors],
        max_concurrent_activities=settings.max_concurrent_deliveries + _webhook_lines(settings),
        max_cached_workflows=settings.max_cached_workflows,
        graceful_shutdown_timeout=_GRACE,
        deployment_config=_deployment(settings),
    )


def _deployment(settings: Settings) -> WorkerDeploymentConfig | None:
    if not (settings.deployment_name and settings.build_id):
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=settings.deployment_name, build_id=settings.build_id),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )
