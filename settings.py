"""Settings: read once by entry points, from the environment and `.env`; everything below receives values."""

import difflib
import os
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from content.addresses import is_region
from domain.errors import NotReady
from domain.ids import DEFAULT_TENANT, TASK_QUEUE

PREFIX = "TOUCHLINE_"
"""What every variable of ours begins with."""

_CHECKOUT = Path(__file__).resolve().parent
_ENV_FILE = os.environ.get("TOUCHLINE_ENV_FILE", str(_CHECKOUT / ".env")) or None
"""Another file, or (set to nothing) none: whoever starts a process with settings of its own needs no other source."""

_KEY_LENGTH = 32
"""Characters that keep a key from being guessed, also where they are hexadecimal digits (128 bits)."""
MAKE_KEY = 'python3 -c "import secrets; print(secrets.token_urlsafe())"'
"""A command that prints a key which is long enough."""


class _Environment(EnvSettingsSource):
    """Also hands on the variables of ours that no field knows, so that they are refused as they are in `.env`."""

    def __call__(self) -> dict[str, Any]:
        prefix = PREFIX.lower()
        ours = {n.removeprefix(prefix): v for n, v in self.env_vars.items() if v and n.startswith(prefix)}
        known = {*self.settings_cls.model_fields, "env_file"}
        return {**super().__call__(), **{name: value for name, value in ours.items() if name not in known}}


class Settings(BaseSettings):
    """One field per setting; the variable is `TOUCHLINE_` and the field's name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=_ENV_FILE,
        # Other programs keep their variables in the same file (docker compose does).
        dotenv_filtering="match_prefix",
        extra="forbid",
        use_attribute_docstrings=True,
    )

    database_url: str = ""
    """PostgreSQL URL, of a role that may become touchline_app. Empty: the local stack's own server."""
    database_owner_url: str = ""
    """PostgreSQL URL of that database, as the role that owns the tables: for `migrate` and `tenants` alone. Empty:
    `database_url`."""
    database_pool_size: int = Field(default=24, ge=2, le=500)
    """Connections of one process. A message being handed over holds none; a worker has up to four more to look by
    before messages leave. An API process keeps a third of them for webhooks, links and probes."""

    temporal_address: str = ""
    """host:port. Empty: the local stack's own dev server."""
    temporal_namespace: str = "default"
    """Of a cluster, or of Temporal Cloud: `name.account`."""
    temporal_tls: bool = False
    """Connect by TLS."""
    temporal_api_key: SecretStr | None = None
    """Temporal Cloud API key; implies TLS."""
    temporal_tls_cert: Path | None = None
    """A client certificate's file (PEM)."""
    temporal_tls_key: Path | None = None
    """The certificate's key (PEM)."""
    task_queue: str = TASK_QUEUE
    """Where workers of this installation take their work from; two installations of a namespace need two."""
    search_attributes: bool = True
    """Off for clusters where the three search attributes are not registered."""

    tenant: UUID = DEFAULT_TENANT
    """The workspace that the command line acts in."""
    default_region: str = "US"
    """Country that phone numbers without a country code belong to (ISO 3166 alpha-2)."""

    email_provider: Literal["outbox", "smtp", "none"] = "outbox"
    """`outbox` keeps messages in a local folder; `none`: sequences with emails are refused."""
    sms_provider: Literal["outbox", "twilio", "none"] = "outbox"
    """`outbox` keeps messages in a local folder; `none`: sequences with text messages are refused."""
    whatsapp_provider: Literal["outbox", "twilio", "none"] = "outbox"
    """`outbox` keeps messages in a local folder; `none`: sequences with WhatsApp are refused."""
    webhook_provider: Literal["outbox", "http", "none"] = "outbox"
    """`outbox` keeps posts in a local folder; `none`: sequences with webhooks are refused."""
    outbox_dir: Path = _CHECKOUT / "var" / "outbox"
    """Where the local outbox keeps messages."""
    state_dir: Path = _CHECKOUT / "var"
    """Where the local stack keeps its state."""

    smtp_host: str = ""
    """The submission server."""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    """587 for STARTTLS, 465 for TLS."""
    smtp_username: str = ""
    """Empty: nobody signs in."""
    smtp_password: SecretStr = SecretStr("")
    """Of the same account."""
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls` and `tls` check the certificate."""
    smtp_timeout_s: float = 30.0
    """Seconds for one whole message, from connecting to the last answer."""
    smtp_connections: int = Field(default=4, ge=1, le=100)
    """Kept open by one worker."""
    smtp_relay: Literal["none", "resend", "postmark", "sendgrid"] = "none"
    """Whose SMTP relay it is: adds the header by which its webhooks name our message."""
    email_from: str = "Touchline <touchline@localhost>"
    """The installation's sender; a tenant's own comes before it."""
    email_reply_to: str = ""
    """Where answers go; empty: to the sender."""
    email_reply_token: bool = False
    """Adds `+token` to the local part of `email_reply_to`, so that an answer names the message that it answers."""
    message_id_domain: str = ""
    """Right-hand side of Message-IDs. Empty: the domain of `email_from`."""
    unsubscribe_mailto: str = ""
    """The address in List-Unsubscribe."""

    twilio_account_sid: str = ""
    """AC…"""
    twilio_auth_token: SecretStr = SecretStr("")
    """Of the same account."""
    twilio_from: str = ""
    """E.164 number, or a messaging service SID (MG…)."""
    twilio_whatsapp_from: str = ""
    """E.164 number or messaging service SID for WhatsApp, without `whatsapp:`."""
    twilio_base_url: str = ""
    """Empty: Twilio itself. A test server otherwise."""
    twilio_timeout_s: float = 15.0
    """Seconds for one whole request."""

    webhook_secret: SecretStr = SecretStr("")
    """whsec_ and base64: what posted webhooks are signed with."""
    webhook_allow: str = ""
    """How far tenants' allow lists for webhooks reach: hosts and networks (CIDR), separated by commas, or `any`. Empty:
    nothing is called that is not public, whatever a tenant's list says."""

    public_url: str = ""
    """Where providers and contacts reach the API; needed for callbacks, unsubscribe links and tracking."""
    api_host: str = "127.0.0.1"
    """Where the API listens."""
    api_port: int = Field(default=8080, ge=0, le=65535)
    """0: any free port."""
    api_requests_per_minute: int = Field(default=6000, ge=1)
    """Of one API key, counted by each API process."""
    api_refused_per_minute: int = Field(default=60, ge=1)
    """Wrong keys that one address may show, in each API process; a valid key always opens. Where a call comes from is
    believed of the proxies that FORWARDED_ALLOW_IPS names, of no others."""
    metrics_token: SecretStr = SecretStr("")
    """Bearer token for /metrics. Empty: there is no such page."""
    secret_keys: SecretStr = SecretStr("")
    """What links are signed with, separated by commas: the first signs, all are believed. Empty: the local stack's."""
    reply_horizon_days: int = Field(default=90, ge=1)
    """How long after a message an answer that names none is still taken for an answer to it."""

    twilio_webhook_tokens: SecretStr = SecretStr("")
    """Auth tokens that Twilio may sign with, separated by commas. Empty: `twilio_auth_token`."""
    resend_webhook_secrets: SecretStr = SecretStr("")
    """whsec_…, separated by commas."""
    postmark_webhook_logins: SecretStr = SecretStr("")
    """user:password of the webhook URL's basic authentication, separated by commas."""
    sendgrid_webhook_keys: SecretStr = SecretStr("")
    """Verification keys of the signed event webhook (base64), separated by commas."""
    sendgrid_inbound_logins: SecretStr = SecretStr("")
    """user:password of the inbound parse URL, which SendGrid does not sign, separated by commas."""

    imap_host: str = ""
    """A mailbox to poll for answers. Empty: none."""
    imap_port: int = Field(default=993, ge=1, le=65535)
    """993 for TLS, 143 for STARTTLS."""
    imap_tls: Literal["tls", "starttls", "none"] = "tls"
    """How the mailbox is connected to."""
    imap_username: str = ""
    """Of the mailbox."""
    imap_password: SecretStr = SecretStr("")
    """Of the mailbox."""
    imap_folder: str = "INBOX"
    """Which folder is polled."""
    imap_every_s: int = Field(default=60, ge=1)
    """How often the mailbox is polled."""

    max_concurrent_deliveries: int = Field(default=20, ge=1, le=400)
    """Messages that one worker can always hand over at once, beside twice as many webhooks; where these
    leave slots free, messages take them."""
    max_cached_workflows: int = Field(default=2000, ge=0)
    """Enrollments that one worker keeps in memory, of about 77 KiB each."""
    reconcile_every_s: int = Field(default=60, ge=1)
    """Seconds between two comparisons of rows and workflows."""
    deployment_name: str = ""
    """With `build_id`: the name of this worker's deployment."""
    build_id: str = ""
    """Both set: the worker takes part in Temporal's Worker Versioning."""

    log_format: Literal["console", "json"] = "console"
    """`json` for programs that collect logs."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least level that is logged."""

    @field_validator("default_region")
    @classmethod
    def _a_country(cls, region: str) -> str:
        if not is_region(region):
            raise ValueError("no country with telephones has this code (ISO 3166 alpha-2, in capitals: US, GB, DE)")
        return region

    @field_validator("public_url", "twilio_base_url")
    @classmethod
    def _an_address_on_the_web(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 0) >= 0
        except ValueError:
            # Its own words repeat what they are about.
            sound = False
        if url and not sound:
            raise ValueError("it must begin with https:// or http:// and name a host")
        if "@" in url:
            raise ValueError("no user and no password stand in it: it is shown, in links and in errors")
        return url

    @field_validator("smtp_host", "imap_host", "temporal_address")
    @classmethod
    def _a_host_alone(cls, host: str) -> str:
        if "@" in host or "/" in host:
            raise ValueError("it is a host alone, without a scheme, a user or a password")
        return host

    @field_validator("secret_keys", "metrics_token")
    @classmethod
    def _too_long_to_guess(cls, keys: SecretStr) -> SecretStr:
        if any(len(key) < _KEY_LENGTH for key in secrets_in(keys)):
            raise ValueError(f"a key of fewer than {_KEY_LENGTH} characters could be guessed; make one by {MAKE_KEY}")
        return keys

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment, then `.env`."""
        return init_settings, _Environment(settings_cls), dotenv_settings


def env_file() -> Path | None:
    """The file that settings are read from beside the environment; None where there is none."""
    named = Settings.model_config.get("env_file")
    return Path(named) if isinstance(named, str) and Path(named).is_file() else None


def secrets_in(setting: SecretStr) -> list[str]:
    """Those of a setting that holds several, separated by commas."""
    return [secret for part in setting.get_secret_value().split(",") if (secret := part.strip())]


def read_settings() -> Settings:
    """The settings as they are. Raises NotReady naming every one that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        raise NotReady("; ".join(_faults(error)), hint=".env.example describes every setting") from error


def _faults(error: ValidationError) -> list[str]:
    """What is wrong with each setting, without its value: that may be a password."""
    faults = []
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        name = str(fault["loc"][0])
        said = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            near = difflib.get_close_matches(name, Settings.model_fields, n=1)
            said = "there is no such setting" + "".join(f"; did you mean {PREFIX}{n.upper()}?" for n in near)
        faults.append(f"{PREFIX}{name.upper()}: {said}")
    return faults
