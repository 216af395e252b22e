"""The texts of a step: templates within their limits, and the addresses and names of a webhook."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from authoring.explain import empty_message, hint_for
from authoring.placed import Placed
from authoring.report import Report
from content.compose import MAX_TEXT
from content.liquid import literal_length, problems
from domain.contact import column_name
from domain.diagnostics import Path

_LONG = 1024 * 1024
_LINE = 998
_URL = 2000


@dataclass(frozen=True, slots=True)
class _Kind:
    limit: int
    """Characters that it may have, merge fields not counted."""
    one_line: bool = False
    email_body: bool = False


_TEXTS: Mapping[str, Mapping[str, _Kind]] = {
    "email": {
        "subject": _Kind(_LINE, one_line=True),
        "body": _Kind(_LONG, email_body=True),
        "html": _Kind(_LONG, email_body=True),
    },
    "sms": {"body": _Kind(MAX_TEXT), "media_url": _Kind(_URL, one_line=True)},
    "whatsapp": {
        "body": _Kind(MAX_TEXT),
        "media_url": _Kind(_URL, one_line=True),
        "variables": _Kind(MAX_TEXT),
    },
    "webhook": {
        "url": _Kind(_URL, one_line=True),
        "headers": _Kind(_LINE, one_line=True),
        "data": _Kind(64 * 1024),
    },
    "task": {"title": _Kind(_LINE, one_line=True), "instructions": _Kind(64 * 1024)},
    "action": {"message": _Kind(64 * 1024), "value": _Kind(64 * 1024)},
}
"""What each step type takes: a header line by RFC 5322, a text by Twilio, the rest by what is sensible."""

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_OURS = ("connection", "content-", "host", "idempotency-key", "te", "trailer", "transfer-", "upgrade", "webhook-")
"""Headers, or what they begin with, that the engine or the protocol sets."""


def check_texts(step: Placed, report: Report) -> None:
    """Report what is wrong with a step's texts."""
    for key, kind in _TEXTS.get(str(step.type), {}).items():
        for path, name, text in _written(step, key):
            if not report.full:
                _check_text(text, path, name, kind, step, report)
    if step.type in ("sms", "whatsapp"):
        _check_address(step, "media_url", report)
    if step.type == "webhook":
        _check_webhook(step, report)


def _written(step: Placed, key: str) -> Iterator[tuple[Path, str, str]]:
    value = step.data.get(key)
    if isinstance(value, str):
        yield step.at(key), key, value
    for name, text in step.mapping(key).items():
        if isinstance(text, str):
            yield step.at(key, name), name, text


def _check_text(text: str, path: Path, name: str, kind: _Kind, step: Placed, report: Report) -> None:
    if not text.strip():
        report.settle(path, empty_message(name), hint_for(name))
        return
    for problem in problems(text, email_body=kind.email_body):
        report.error(path, problem.message, problem.hint, offset=problem.line)
    # The end of a block's only line is no break.
    if kind.one_line and len(text.splitlines()) > 1:
        report.error(path, f"`{name}` has a line break: it must be one line", hint_for(name), offset=0)
    length = literal_length(text)
    if length > kind.limit:
        report.error(path, f"`{name}` has {length:,} characters, {step.type} takes {kind.limit:,}", "shorten it")


def _check_address(step: Placed, key: str, report: Report) -> None:
    text = step.text(key)
    if text and text.strip() and not text.startswith(("https://", "http://", "{{")):
        report.error(step.at(key), f"`{key}` is no web address", hint_for(key))


def _check_webhook(step: Placed, report: Report) -> None:
    url = step.text("url")
    if url and url.strip():
        scheme, _, rest = url.partition("://")
        host = re.split(r"[/?#]", rest, maxsplit=1)[0]
        if scheme.lower() not in ("https", "http") or not host:
            report.error(step.at("url"), "`url` is no web address", hint_for("url"))
        elif "{" in host or "@" in host:
            message = "the host of `url` is fixed: it holds neither merge fields nor a password"
            report.error(step.at("url"), message, "put them after the host, or into `headers`")
    seen: set[str] = set()
    for name in step.mapping("headers"):
        if not _HEADER.fullmatch(name):
            report.error(step.at("headers", name), f"`{name[:60]}` is no name of a header", hint_for("headers"))
        elif any(name.lower() == ours or (ours[-1] == "-" and name.lower().startswith(ours)) for ours in _OURS):
            report.error(step.at("headers", name), f"the header `{name}` is set by the engine", "remove it")
        elif name.lower() in seen:
            report.error(step.at("headers", name), f"the header `{name}` is there twice", "remove one of the two")
        seen.add(name.lower())
    saved: set[str] = set()
    for name in step.mapping("save"):
        attribute = column_name(name.strip().removeprefix("attributes."))
        if attribute in saved:
            message = f"`{name[:60]}` is the attribute `{attribute[:60]}`, which is there twice"
            report.error(step.at("save", name), message, "remove one of the two")
        saved.add(attribute)
