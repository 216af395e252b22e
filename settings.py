"""Settings: read once by entry points, from the environment and `.env`; everything below receives values."""

import os
from pathlib import Path
from typing import Literal
from uuid import UUID

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.ids import DEFAULT_TENANT, TASK_QUEUE

_CHECKOUT = Path(__file__).resolve().parent
_ENV_FILE = os.environ.get("TOUCHLINE_ENV_FILE", str(_CHECKOUT / ".env")) or None
"""Another file, or (set to nothing) none: whoever starts a process with settings of its own needs no other source."""


class Settings(BaseSettings):
    """One field per setting; the variable is `TOUCHLINE_` and the field's name in capitals."""

    model_config = SettingsConfigDict(env_prefix="TOUCHLINE_", env_file=_ENV_FILE, extra="forbid")

    database_url: str = ""
    """PostgreSQL URL. Empty: the local stack's own server."""
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
    outbox_dir: Path = _CHECKOUT / "var" / "outbox"
    state_dir: Path = _CHECKOUT / "var"
    """Where the local stack keeps its state."""

    smtp_host: str = ""
    smtp_port: int = 587
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    smtp_timeout_s: float = 30.0
    smtp_connections: int = Field(default=4, ge=1, le=100)
    email_from: str = "Touchline <touchline@localhost>"
    email_reply_to: str = ""
    message_id_domain: str = ""
    """Right-hand side of Message-IDs. Empty: the domain of `email_from`."""
    unsubscribe_mailto: str = ""

    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_from: str = ""
    """E.164 number, or a messaging service SID (MG…)."""
    twilio_base_url: str = ""
    """Empty: Twilio itself. A test server otherwise."""
    twilio_timeout_s: float = 15.0

    public_url: str = ""
    """Where providers reach this installation; needed for status callbacks and one-click unsubscribe."""

    max_concurrent_deliveries: int = Field(default=20, ge=1, le=400)
    max_cached_workflows: int = Field(default=2000, ge=0)
    reconcile_every_s: int = Field(default=60, ge=1)
    deployment_name: str = ""
    build_id: str = ""
    """Both set: the worker takes part in Temporal's Worker Versioning."""

    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
