"""What the author of an email wrote: without quoted history, forwarded messages and signature."""

import re

from mailparser_reply.parser import EmailMessage as QuotedMail

from content.inbound_mail.signature import without_signature

# How mail programs introduce what they quote. The library knows many languages, but its patterns take cubic time on
# long lines, so it only ever sees short ones. Polish is left out: its pattern takes one line "Data: …" for a header.
_WINDOW = 250
_INTRODUCED = QuotedMail(
    text="", languages=["en", "de", "es", "fr", "it", "nl", "da", "sv", "cs", "ja", "ko", "zh"]
).HEADER_REGEX
# What it does not know, or only in another spelling.
_WROTE = re.compile(
    r"(?=.*\d).{6,}\b(?:wrote|schrieb(?: .{1,80})?|escribi[oó]|a écrit|escreveu|ha scritto|napisał(?:\(a\))?)\s?:",
    re.IGNORECASE,
)
_FROM = re.compile(r"[*\s]*(?:from|von|de|da)\s?:\*?\s*\S", re.IGNORECASE)
_NEXT_TO_FROM = re.compile(
    r"[*\s]*(?:sent|date|to|subject|gesendet|datum|an|betreff|enviado(?: el| em)?|enviada em|fecha|data|para|asunto"
    r"|assunto|envoyé(?: le)?|à|objet|inviato|oggetto)\s?:",
    re.IGNORECASE,
)
_DIVIDER = re.compile(
    r"(?:[-_=*]{3,}\s?[^-_=*]{3,60}\s?[-_=*]{3,}|(?:begin|anfang|début|inicio|início|inizio)\b.{5,60}):?",
    re.IGNORECASE,
)
_EARLIER = re.compile(
    r"forwarded|original|weitergeleitet|ursprünglich|reenviad|transféré|réexpédié|encaminhad|inoltrat|initial",
    re.IGNORECASE,
)
_QUOTE = re.compile(r"(?:>|\|\s)")
_NAMES_A_MESSAGE = re.compile(r".*[\d@].*:")
_LONG = 60
"""A quoted line of this length may have been broken by a mail server, which leaves its rest without a `>`."""


def reply_text(body: str) -> str:
    """The author's lines, those between quoted ones included; empty when there are none."""
    lines = [line.strip() for line in body.replace("\u200b", "").replace("\ufeff", "").split("\n")]
    lines = _without_quotes(lines)
    lines = without_signature(lines[: _history_at(lines)])
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _without_quotes(lines: list[str]) -> list[str]:
    """Without quoted lines, and without what introduces them."""
    kept: list[str] = []
    above = ""
    for line in lines:
        if _QUOTE.match(line):
            if not above:
                _drop_introduction(kept)
            above = line
        elif len(above) >= _LONG and line[:1].islower():
            # It may be the rest of our own "unsubscribe".
            above = ">"
        else:
            kept.append(line)
            above = ""
    return kept


def _drop_introduction(kept: list[str]) -> None:
    """`On 2 March 2026 at 9:00, Ann <ann@example.com> wrote:` goes, broken into lines or in an unknown language."""
    end = len(kept)
    while end and not kept[end - 1]:
        end -= 1
    for begin in range(end - 1, max(end - 4, -1), -1):
        if not kept[begin]:
            break
        if _introduces(" ".join(kept[begin:end])):
            del kept[begin:]
            return
    # A line of the author's own that ends in a colon rarely names a date or an address.
    if end and len(kept[end - 1]) < _WINDOW and _NAMES_A_MESSAGE.fullmatch(kept[end - 1]):
        del kept[end - 1 :]


def _history_at(lines: list[str]) -> int:
    """Where an unmarked copy of an earlier message begins."""
    for number, line in enumerate(lines):
        if not line or len(line) > _WINDOW:
            continue
        if _DIVIDER.fullmatch(line) and _EARLIER.search(line):
            return number
        following = lines[number + 1 : number + 4]
        window = "\n".join([line, *filter(None, following)])
        if _FROM.match(line) and any(_NEXT_TO_FROM.match(other) for other in following):
            return number
        if ":" in line + "".join(following) and (
            _begins_introduction(lines[number : number + 3]) or _introduces(window)
        ):
            return number
    return len(lines)


def _begins_introduction(lines: list[str]) -> bool:
    """Whether an introduction begins with the first of these lines, not with a later one."""
    if "" in lines:
        lines = lines[: lines.index("")]
    for count in range(1, len(lines) + 1):
        if any(_introduces(" ".join(lines[begin:count])) for begin in range(1, count)):
            return False
        if _introduces(" ".join(lines[:count])):
            return True
    return False


def _introduces(window: str) -> bool:
    short = window if len(window) <= _WINDOW else ""
    return bool(_WROTE.fullmatch(short) or _INTRODUCED.match(short))
