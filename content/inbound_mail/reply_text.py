"""What the author of an email wrote: without quoted history, forwarded messages, signature and footers."""

import re

from content.inbound_mail.footers import without_footers
from content.inbound_mail.introductions import WINDOW, introduces, may_introduce, verbs_in
from content.inbound_mail.signature import without_signature

LONGEST_BODY = 200_000
"""Characters that are read of a mail's texts together."""
_MOST_LOOKS = 500
"""Places at which an introduction is looked for closely; no honest letter has a hundred that look like one."""
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
_NAMES_A_MESSAGE = re.compile(r"[^\d@\n]*+[\d@].*:")
_LONG = 60
"""A quoted line of this length may have been broken by a mail server, which leaves its rest without a `>`."""


def reply_text(body: str) -> str:
    """The author's lines, those between quoted ones included; empty when there are none.

    Of a body beyond LONGEST_BODY the rest is not read. The time grows with the length and no faster.
    """
    plain = body[:LONGEST_BODY].replace("\u200b", "").replace("\ufeff", "")
    lines = _Letter(plain).own_lines()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(without_signature(without_footers(lines)))).strip()


class _Letter:
    """One text, while its author's lines are looked for."""

    def __init__(self, text: str) -> None:
        self._lines = [line.strip() for line in text.split("\n")]
        self._verbs = verbs_in(text)
        self._looks = _MOST_LOOKS

    def own_lines(self) -> list[str]:
        """Without what is quoted, and without an earlier message below."""
        lines = self._without_quotes()
        return lines[: self._history_at(lines)]

    def _without_quotes(self) -> list[str]:
        """Without quoted lines, and without what introduces them."""
        kept = _Kept()
        above = ""
        for line in self._lines:
            if _QUOTE.match(line):
                if not above:
                    self._drop_introduction(kept)
                above = line
            elif len(above) >= _LONG and line[:1].islower():
                # It may be the rest of our own "unsubscribe".
                above = ">"
            else:
                kept.append(line)
                above = ""
        return kept.lines

    def _drop_introduction(self, kept: "_Kept") -> None:
        """`On 2 March 2026 at 9:00, Ann <ann@example.com> wrote:` goes, broken into lines or in an unknown language."""
        last = kept.last_paragraph(3)
        if self._worth_a_look(last):
            for count in range(1, len(last) + 1):
                if introduces(" ".join(last[-count:])):
                    kept.drop(count)
                    return
        # A line of the author's own that ends in a colon rarely names a date or an address.
        if last and len(last[-1]) < WINDOW and _NAMES_A_MESSAGE.fullmatch(last[-1]):
            kept.drop(1)

    def _history_at(self, lines: list[str]) -> int:
        """Where an unmarked copy of an earlier message begins."""
        for number, line in enumerate(lines):
            if not line or len(line) > WINDOW:
                continue
            if _DIVIDER.fullmatch(line) and _EARLIER.search(line):
                return number
            following = lines[number + 1 : number + 4]
            if _FROM.match(line) and any(_NEXT_TO_FROM.match(other) for other in following):
                return number
            if self._worth_a_look([line, *following]) and (
                _begins_introduction(lines[number : number + 3])
                or introduces("\n".join([line, *filter(None, following)]))
            ):
                return number
        return len(lines)

    def _worth_a_look(self, lines: list[str]) -> bool:
        """Whether these lines may hold an introduction, and there was not too much that did."""
        if self._looks and any(line and may_introduce(line, self._verbs) for line in lines):
            self._looks -= 1
            return True
        return False


class _Kept:
    """Lines that stay, and where those are that are not empty: between them any number of empty ones may lie."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._filled: list[int] = []

    def append(self, line: str) -> None:
        """Keep one more line."""
        if line:
            self._filled.append(len(self.lines))
        self.lines.append(line)

    def last_paragraph(self, most: int) -> list[str]:
        """The last lines that are not empty, as far as no empty one stands between them."""
        found = self._filled[-most:]
        unbroken = [at for number, at in enumerate(found) if found[-1] - at == len(found) - 1 - number]
        return [self.lines[at] for at in unbroken]

    def drop(self, count: int) -> None:
        """Leave out so many of the last lines that are not empty, and what stands behind them."""
        del self.lines[self._filled[-count] :]
        del self._filled[-count:]


def _begins_introduction(lines: list[str]) -> bool:
    """Whether an introduction begins with the first of these lines, not with a later one."""
    if "" in lines:
        lines = lines[: lines.index("")]
    for count in range(1, len(lines) + 1):
        if any(introduces(" ".join(lines[begin:count])) for begin in range(1, count)):
            return False
        if introduces(" ".join(lines[:count])):
            return True
    return False
