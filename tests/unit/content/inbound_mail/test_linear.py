"""What strangers write is read in time that grows with its length and no faster, however it was made up."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from content.inbound_mail.read import read
from content.optout import judge
from tests.support.machine import assert_takes_at_most

_AT = datetime(2026, 3, 3, 9, tzinfo=UTC)

_LETTERS = [
    "a",
    "é",
    "ａ",
    "🛑",
    " ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\0",
    "\u200b",
    "-",
    "_",
    ".",
    "!",
    "?",
    "'",
    "“a”",
    ">",
]
_QUOTES = [
    *(
        ">\n\n",
        "> a\n",
        "a\n\n> q\n",
        "a:\n> q\n",
        "1@:\n>\n",
        "\n\n\n1@:\n> a\nb\n",
        "> a\nbbb\n",
        "On 1 a\nb wrote:\n> q\n\n",
    ),
    *("> " + "x" * 70 + "\nabc\n", "x" * 60 + "\n", "wrote:\n", "On a\n", "a@b:\n", "From: a\n", "From: a\nTo: b\nx\n"),
    *("Op " * 80 + ":\n", "Op " * 78 + "schreef\n", "On " * 78 + "wrote:x\n", "On On wrote: " * 18 + "\n"),
    *("Am schrieb " * 21 + ":\n", "Den skrev " * 24 + ":x\n", "El escribió:" * 20 + "\n", "Le a écrit " * 20 + "\n"),
    *("Il ha scritto " * 17 + "\n", "Dne napsal(a) " * 17 + "\n", "2026年1月1日(x) 10:00 a <b>:" * 9 + "\n"),
    *(
        "2026년 1월 1일 " * 18 + "\n",
        "2026年1月1日 " * 18 + "写道：x\n",
        "1 wrote " * 30 + ":\n",
        "1" * 60 + " schrieb " * 20 + "\n",
    ),
    *("From:" * 40 + "\n", "* * * From:" + " *" * 100 + "\n", "* " * 100 + "From:\n", "1 a" * 80 + ":\n"),
    *(
        "---- Original ----\n",
        "-" * 200 + "\n",
        "-=*_ " * 50 + "\n",
        "begin original ab\n",
        "Regards\n",
        "Thanks,\nAnn\n",
    ),
    *("sent iphone " * 20 + "\n", "Sent from my iphone\n", "--\n", "_____\n", "a b c d e f g.", "A a ", "a? "),
]
_WISHES = [
    *("stop ", "please stop ", "s t o p ", "u", "uns", "f*", "no quiero ", "do not ", "don't ", "ha", "haha ", "lol "),
    *("Liked ", 'Liked "', "reacted to ", "take me off the my ", "i want to ", "no me ", "[a-z](", "(a) "),
]
_AWAY = [
    *("12 march ", "1.2.2026 ", "1-2-", "monday ", "until monday ", "back on ", "the the ", "at 10 ", "to to and "),
    *("until and and ", "out of office ", "Re: "),
]
_REPORTS = [
    *(
        "a@b.c ",
        "<a@b.c>",
        "<a@",
        "@",
        "<",
        "a@",
        "<a@b.c>:\nx\n",
        "  a@b.c\n  x\n",
        "message to a@b.c x\n",
        "message to ",
    ),
    *(
        "recipient: ",
        "recipients or groups ",
        "recipient a: (",
        "Message-ID: <a@b>\n",
        "> message-id: <",
        "quota exceeded ",
    ),
]
_ENCODED = ["=?utf-8?q?a?=", "=?utf-8?b?", " =?utf-8?q?=41?= ", "a;b=", 'a="', "a*0=b;", "Mon, "]
_MARKUP = [
    *("<div>", "</div>", "<p>", "<br>", "<blockquote>", "<div class='gmail_quote'>", "<div class=gmail_quote><div>"),
    *(
        "<span style='display:none'>x",
        "<div style='border-top:",
        "<div id='x_x_x_x_",
        " x_x_x_",
        "&",
        "&amp;",
        "<!--",
        "<a ",
    ),
]
_PIECES = [*_LETTERS, *_QUOTES, *_WISHES, *_AWAY, *_REPORTS, *_ENCODED, *_MARKUP]


def _mixed(seed: int) -> str:
    """A few pieces of all kinds, one after another."""
    chosen = random.Random(seed)  # noqa: S311 - the same texts each time
    return "".join(chosen.choice(_PIECES) * chosen.randint(1, 3) for _ in range(chosen.randint(2, 4)))


def _letter(text: bytes) -> bytes:
    return b"From: a@b.c\nSubject: Re: x\nMessage-ID: <x@y.z>\nContent-Type: text/plain; charset=utf-8\n\n" + text


def _parts(text: bytes) -> bytes:
    """Several text parts, each as long as one may be."""
    pieces = (text[at : at + 190_000] for at in range(0, len(text), 190_000))
    parts = b"".join(b"--Q\nContent-Type: text/plain; charset=utf-8\n\n" + piece + b"\n" for piece in pieces)
    return b"From: a@b.c\nContent-Type: multipart/mixed; boundary=Q\n\n" + parts + b"--Q--\n"


def _html(text: bytes) -> bytes:
    return b"From: a@b.c\nContent-Type: text/html; charset=utf-8\n\n" + text


def _bounce(text: bytes) -> bytes:
    return b"From: mailer-daemon@b.c\nReturn-Path: <>\nSubject: failure notice\n\n" + text


def _headers(text: bytes) -> bytes:
    line = text.replace(b"\n", b" ").replace(b"\r", b" ")
    third = line[: len(line) // 6]
    names = (b"From: a@b.c, ", b"Subject: ", b"References: ", b"Date: ", b"Content-Type: text/plain; ", b"To: ")
    return b"".join(name + third + b"\n" for name in names) + b"\nx"


_SHAPES: dict[str, Callable[[bytes], bytes]] = {
    "letter": _letter,
    "parts": _parts,
    "html": _html,
    "bounce": _bounce,
    "headers": _headers,
}


def _reading(shape: str, piece: str) -> Callable[[int], object]:
    """Read so many bytes that consist of this piece, in a mail of that shape, or as a text to be judged."""

    def at(size: int) -> object:
        text = (piece * (size // len(piece) + 1))[:size]
        if shape == "text":
            return judge(text)
        return read(_SHAPES[shape](text.encode()[:size]), provider="email", at=_AT)

    return at


def _taken(work: Callable[[int], object], size: int) -> float:
    """Seconds of the processor, the least of three."""

    def once() -> float:
        began = time.thread_time()
        work(size)
        return time.thread_time() - began

    return min(once() for _ in range(3))


_SIZE = 40_000
_UNSUSPICIOUS_S = 0.15
"""Most pieces take a tenth of that at `_SIZE`; a quadratic pattern takes seconds."""


@pytest.mark.parametrize("shape", [*_SHAPES, "text"])
@pytest.mark.parametrize("pieces", [_PIECES, [_mixed(seed) for seed in range(60)]], ids=["each", "mixed"])
def test_time_grows_with_length_only(shape: str, pieces: list[str]) -> None:
    """Four times the text takes at most 2.6 times 2.6 the processor's time, whatever it repeats."""
    for piece in pieces:
        work = _reading(shape, piece)
        began = time.thread_time()
        work(_SIZE)
        if time.thread_time() - began > _UNSUSPICIOUS_S:
            longer, shorter = _taken(work, _SIZE), _taken(work, _SIZE // 4)
            assert longer < _UNSUSPICIOUS_S or longer <= 2.6 * 2.6 * shorter, (shape, piece[:60], longer, shorter)


@pytest.mark.parametrize("shape", [*_SHAPES, "text"])
@pytest.mark.parametrize(
    "piece",
    [
        *(
            ">\n\n",
            "\n",
            "\r",
            "a\n\n> q\n",
            "a:\n> q\n",
            "a@b:\n",
            "wrote:\n",
            "Thanks,\nAnn\n",
            "Op " * 78 + "schreef\n",
        ),
        *("<a@b.c>:\nx\n", "On " * 78 + "wrote:x\n", "* * * From:" + " *" * 100 + "\n", "<p>", "<br>", "ａ", "do not "),
    ],
)
def test_a_million_bytes_take_half_a_second(shape: str, piece: str) -> None:
    """The dearest texts that are known, at the length at which a mail is cut."""
    work = _reading(shape, piece)
    work(1_000)
    assert_takes_at_most(0.5, lambda: work(1_000_000))
