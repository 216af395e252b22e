"""Did a machine write this, and when is its owner back? Headers first, wording where there are none."""

import re

from content.inbound_mail import tickets
from content.inbound_mail.mail import Headers
from content.inbound_mail.wording import WORDINGS, Wording, folded

_SAYS_SO = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-mail-autoreply", "x-autoreply-from")
_REGARDED = 3_000
"""Characters: an automatic reply says what it is at its beginning."""
_ENOUGH = 3
_SHORT = 15
"""Words."""
_ANSWERS = re.compile(r"(?:re|aw|antw|sv|rv|res)\s?:")


def is_automatic(headers: Headers, subject: str, text: str, *, returns: bool) -> bool:
    """Whether a machine wrote this: by its headers, or by a subject or wording that only machines use.

    `returns`: it names the day on which its author is back.
    """
    return marked_automatic(headers) or worded_automatic(subject, text, returns=returns)


def marked_automatic(headers: Headers) -> bool:
    """RFC 3834 5, and older customs.

    `X-Auto-Response-Suppress` alone is no sign: people's mail has it, too.
    """
    submitted = re.split(r"[;\s(]", headers.get("auto-submitted").lower())[0]
    if submitted not in ("", "no"):
        return True
    if any(value.lower() not in ("no", "false", "0") for value in headers.all(*_SAYS_SO)):
        return True
    if "<>" in headers.all("return-path") or any(map(_is_daemon, headers.addresses("from"))):
        return True
    precedence = headers.get("precedence").lower()
    # A list marks what people write through it as bulk, too: their answers are answers.
    on_a_list = headers.has("list-id") and headers.has("in-reply-to")
    return precedence == "auto_reply" or (precedence in ("bulk", "junk") and not on_a_list)


def _is_daemon(address: str) -> bool:
    return address.lower().startswith("mailer-daemon@")


def worded_automatic(subject: str, text: str, *, returns: bool) -> bool:
    """By wording alone, and then only when little speaks for a person: a missed one is seen, a swallowed reply is not.

    A declaration, an absence, the usual turns and a subject count for a machine; a question or words that show that our
    message was read count against it.
    """
    if tickets.acknowledges(subject, text) or tickets.is_phones(text):
        return True
    said, title = folded(text[:_REGARDED]), folded(subject)
    return any(_score(language, title, said, returns=returns) >= _ENOUGH for language in WORDINGS)


def _score(language: Wording, title: str, said: str, *, returns: bool) -> int:
    titled = not _ANSWERS.match(title) and bool(language.is_subject.match(title))
    declared = bool(language.is_declared.search(said))
    absent = bool(language.is_absent.search(said))
    if not (titled or declared or absent):
        return 0
    usual = len({match[0][:12] for match in language.is_usual.finditer(said)})
    # "I am away until Monday" and no more.
    curt = absent and returns and len(said.split()) <= _SHORT
    person = len({match[0] for match in language.is_personal.finditer(said)}) + ("?" in said)
    return 3 * titled + 3 * declared + 2 * absent + min(usual, 3) + curt - 2 * min(person, 2)
