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
    )

    database_url: str = ""
    """PostgreSQL URL, of a role that may become touchline_app. Empty: the local stack's own server."""
    database_owner_url: str = ""
    """The same database as the role that owns the tables: for `migrate` and `tenants` alone. Empty: `database_url`."""
    database_pool_size: int = Field(default=24, ge=2, le=500)
    """Connections of one process; a delivery in flight holds one."""

    temporal_address: str = ""
    """host:port. Empty: the local stack's own dev server."""
    temporal_namespace: str = "default"
    temporal_tls: bool = False
    temporal_api_key: SecretStr | None = None
    """Temporal Cloud API key; implies TLS."""
    temporal_tls_cert: Path | None = None
    temporal_tls_key: Path | None = None
    task_queue: str = TASK_QUEUE
    search_attributes: bool = True
    """Off for clusters where the three search attributes are not registered."""

    tenant: UUID = DEFAULT_TENANT
    """The workspace that the command line acts in."""
    default_region: str = "US"
    """Country that phone numbers without a country code belong to (ISO 3166 alpha-2)."""

    email_provider: Literal["outbox", "smtp", "none"] = "outbox"
    sms_provider: Literal["outbox", "twilio", "none"] = "outbox"
    whatsapp_provider: Literal["outbox", "twilio", "none"] = "outbox"
    webhook_provider: Literal["outbox", "http", "none"] = "outbox"
    outbox_dir: Path = _CHECKOUT / "var" / "outbox"
    state_dir: Path = _CHECKOUT / "var"
    """Where the local stack keeps its state."""

    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    smtp_timeout_s: float = 30.0
    smtp_connections: int = Field(default=4, ge=1, le=100)
    smtp_relay: Literal["none", "resend", "postmark", "sendgrid"] = "none"
    """Whose SMTP relay it is: adds the header by which its webhooks name our message."""
    email_from: str = "Touchline <touchline@localhost>"
    email_reply_to: str = ""
    email_reply_token: bool = False
    """Adds `+token` to the local part of `email_reply_to`, so that an answer names the message that it answers."""
    message_id_domain: str = ""
    """Right-hand side of Message-IDs. Empty: the domain of `email_from`."""
    unsubscribe_mailto: str = ""

    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_from: str = ""
    """E.164 number, or a messaging service SID (MG…)."""
    twilio_whatsapp_from: str = ""
    """The same for WhatsApp, without `whatsapp:`."""
    twilio_base_url: str = ""
    """Empty: Twilio itself. A test server otherwise."""
    twilio_timeout_s: float = 15.0

    webhook_secret: SecretStr = SecretStr("")
    """whsec_ and base64: what posted webhooks are signed with."""
    webhook_allow: str = ""
    """How far tenants' allow lists for webhooks reach: hosts and networks (CIDR), separated by commas, or `any`. Empty:
    nothing is called that is not public, whatever a tenant's list says."""

    public_url: str = ""
    """Where providers and contacts reach the API; needed for callbacks, unsubscribe links and tracking."""
    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8080, ge=0, le=65535)
    """0: any free port."""
    api_requests_per_minute: int = Field(default=6000, ge=1)
    """Of one API key, counted by each API process."""
    api_refused_per_minute: int = Field(default=60, ge=1)
    """Keys that are not valid, from one address; after that, keys from there are refused unseen."""
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
    imap_tls: Literal["tls", "starttls", "none"] = "tls"
    imap_username: str = ""
    imap_password: SecretStr = SecretStr("")
    imap_folder: str = "INBOX"
    imap_every_s: int = Field(default=60, ge=1)
    """How often the mailbox is polled."""

    max_concurrent_deliveries: int = Field(default=20, ge=1, le=400)
    max_cached_workflows: int = Field(default=2000, ge=0)
    reconcile_every_s: int = Field(default=60, ge=1)
    deployment_name: str = ""
    build_id: str = ""
    """Both set: the worker takes part in Temporal's Worker Versioning."""

    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

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
