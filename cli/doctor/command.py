"""`doctor`: what is reachable and what is misconfigured, one line each, with the fix."""

import platform
import shlex
import stat
import zoneinfo
from collections.abc import Iterator
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from importlib.metadata import version

import typer
from rich.text import Text

from cli.doctor.checks import (
    Finding,
    channels_in_use,
    database_findings,
    fail,
    ok,
    provider_findings,
    temporal_findings,
    warn,
)
from cli.doctor.inbound_checks import api_finding, mailbox_findings, public_findings, webhook_findings
from cli.terminal import connect, output
from cli.terminal.command import Answer, AsJson, command
from composition import registry_of
from domain.errors import NotReady
from entrypoint import Exit
from settings import env_file

_STYLES = {"ok": "green", "warn": "bold yellow", "fail": "bold red"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "doctor")(doctor)


async def doctor(as_json: AsJson = False) -> Answer:
    """Say what is reachable and what is misconfigured, one line each, with the fix.

    Exit status 1 when anything fails; a warning alone leaves it 0.
    """
    findings = await _findings()
    worst = Exit.REFUSED if any(finding.status == "fail" for finding in findings) else Exit.DONE
    return Answer(findings, [_line(finding) for finding in findings], worst)


def _line(finding: Finding) -> Text:
    text = Text(f"{finding.status:<5}", style=_STYLES[finding.status])
    text.append(output.plain(f"{finding.name}: {finding.detail}"), style="")
    if finding.mend:
        text.append(output.plain(f"  → {finding.mend}"), style="bold")
    return text


async def _findings() -> list[Finding]:
    findings = [*_machine(), *_env_file()]
    try:
        settings = connect.load_settings()
    except NotReady as error:
        return [*findings, fail("settings", str(error), error.hint or "")]
    findings.append(ok("settings", "readable, and every TOUCHLINE_ variable is known"))
    local = not settings.database_url
    try:
        settings = connect.located(settings)
    except NotReady as error:
        findings.append(fail("services", str(error), error.hint or ""))
        users = {}
    else:
        findings += [*await database_findings(settings), *await temporal_findings(settings)]
        users = await channels_in_use(settings)
        if local:
            findings.append(await api_finding(settings))
    findings += [*public_findings(settings), *webhook_findings(settings), *await mailbox_findings(settings)]
    registry = registry_of(settings)
    try:
        return [*findings, *await provider_findings(settings, registry, users)]
    finally:
        await registry.close()


def _env_file() -> Iterator[Finding]:
    file = env_file()
    if file is None:
        return
    mode = file.stat().st_mode
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        mend = f"chmod 600 {shlex.quote(str(file))}"
        yield warn("settings file", f"{file} has secrets in it, and others may read it ({mode & 0o777:o})", mend)
    else:
        yield ok("settings file", f"{file}, for its owner alone")


def _machine() -> Iterator[Finding]:
    # An older one than the project needs does not come this far.
    found = platform.python_version()
    if _decodes_line_breaks():
        yield warn(
            "python",
            f"{found}, whose email package writes the line breaks that encoded words hold (CVE-2024-6923); "
            "Touchline writes headers itself, other programs may not",
            "install the newest patch release: 3.11.10, 3.12.5 and 3.13.0 have the mend, or your distribution's update",
        )
    else:
        yield ok("python", found)
    if zoneinfo.TZPATH:
        yield fail("zone files", f"the machine's own in {zoneinfo.TZPATH[0]}", 'set PYTHONTZPATH=""')
    else:
        yield ok("zone files", f"tzdata {version('tzdata')}, as locked")


def _decodes_line_breaks() -> bool:
    """Whether this Python lacks the fix of CVE-2024-6923: tried, since distributions fix older numbers."""
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = "=?utf-8?q?=0AProbe:_x?="
    try:
        return b"\nProbe:" in mail.as_bytes()
    except MessageError:
        return False
