"""Headers say what was meant, whatever stands in a contact's fields: mails at random, and a reader of our own."""

import random
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import NamedTuple
from uuid import UUID

import pytest

from composition import composer_of
from content.headers import address, mailbox_field, prove, text_field, token_field
from content.mime import build
from domain.errors import ContentError
from domain.ids import message_id
from domain.messages import EmailContent, OutgoingMessage
from providers.inbound.parsing import address_in
from settings import Settings

SEEDS, MAILS = range(904, 908), 2_500
"""Ten thousand in all, in parts that can be run side by side."""
ON_ENTITY = ["Content-Type", "Content-Transfer-Encoding", "MIME-Version"]
ORDER = [
    *("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Reply-To"),
    *("List-Unsubscribe", "List-Unsubscribe-Post", "X-SMTPAPI"),
]

# --- What strangers write -------------------------------------------------------------------------------

SMUGGLED = ["\nBcc: all@example.com", "\r\nReply-To: evil@example.com", "\n\nPay here", '\nX-SMTPAPI: {"to":["v@x.y"]}']
SEPARATORS = ["\n", "\r", "\r\n ", "\r\n\t", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\0"]
BIDI = ["\u202a", "\u202e", "\u2066", "\u2069", "\u200f", "\u061c", "\u200b", "\u00ad", "\ufeff", "\u00a0"]
SURROGATES = ["\ud800", "\udfff", "\udc0a", "\ud83d\udc4b"]
WORDS = [
    *("Zoë", "王小明", "👩‍🚀", "e\u0301", "مرحبا", "Smith,", "O'Brien", "Jr.", "a@b.c"),
    *("=?", "?=", "=?utf-8?q?", "=0A", "=3D?"),
    *('"', "\\", "\\=?", "(comment)", ";", ":", "group:;", "[x]", ".", "=", "?", "_", "a_b"),
    *("%0A", "&#10;", "x" * 75, "y" * 80, "x" * 1200, "ü" * 400),
    *("Bcc: a@b.c", "-", "~", "`", "{}", "| x", "plain", "words"),
]  # fmt: skip


CHARSETS = ["utf-8", "UTF-8", "us-ascii", "iso-8859-1", "utf-16", "utf-7", "no-such", "", "utf-8*en"]


def encoded(chance: random.Random, inside: str) -> str:
    """An encoded-word, rightly made or not."""
    data, charset = inside.encode(errors="replace"), chance.choice(CHARSETS)
    if chance.random() < 0.5:
        return f"=?{charset}?{chance.choice('bB')}?{b64encode(data).decode()}?="
    shown = "".join(f"={byte:02X}" if chance.random() < 0.5 or byte <= 32 else chr(byte) for byte in data)
    return f"=?{charset}?{chance.choice('qQ')}?{shown}?="


def hostile(chance: random.Random) -> str:
    """Words, encoded words (nested, split, of unknown charsets), line breaks of all kinds, halves of characters."""
    parts: list[str] = []
    for _ in range(chance.randint(1, 5)):
        kind = chance.random()
        if kind < 0.4:
            inside = chance.choice(WORDS[:10]) + chance.choice(SMUGGLED)
            for _ in range(chance.randint(1, 2)):
                inside = encoded(chance, inside)
            if chance.random() < 0.2:
                at = chance.randrange(len(inside))
                inside = inside[:at] + chance.choice(SEPARATORS) + inside[at:]
            parts.append(inside)
        elif kind < 0.7:
            parts.append(chance.choice(WORDS))
        elif kind < 0.8:
            parts.append(chance.choice(SEPARATORS) + chance.choice(SMUGGLED))
        elif kind < 0.9:
            parts.append(chance.choice(BIDI) + chance.choice(WORDS))
        elif kind < 0.95:
            parts.append(chance.choice(SURROGATES))
        else:
            parts.append(
                "".join(chr(chance.choice([chance.randrange(0x250), chance.randrange(0x110000)])) for _ in range(9))
            )
    return chance.choice(["", " ", "  "]).join(parts)


def name_of(text: str) -> str:
    """A name that can stand before an address in angle brackets, and has no quotes of its own around it."""
    return "N" + text.replace("<", "").replace(">", "")


# --- A reader that knows nothing of the writer ----------------------------------------------------------


def split(data: bytes) -> list[tuple[str, str]]:
    """Name and unfolded value of each field, by the letter of RFC 5322 alone."""
    fields: list[tuple[str, str]] = []
    for line in data.split(b"\r\n\r\n", 1)[0].decode("ascii").split("\r\n"):
        if line[0] in " \t":
            name, value = fields.pop()
            fields.append((name, value + line))
        else:
            name, value = line.split(": ", 1)
            fields.append((name, value))
    return fields


def decoded(value: str) -> str:
    """What a reader is shown (RFC 2047 §6.2): blanks between two encoded-words vanish."""

    def word(match: re.Match[str]) -> str:
        charset, kind, shown = match.groups()
        if kind in "bB":
            return b64decode(shown, validate=True).decode(charset)
        quoted = shown.replace("_", " ").encode("ascii")
        return re.sub(rb"=([0-9A-F]{2})", lambda byte: bytes([int(byte[1], 16)]), quoted).decode(charset)

    # Each encoded-word by itself must be whole characters.
    joined = re.sub(r"(?<=\?=)[ \t]+(?==\?)", "", value)
    return re.sub(r"=\?([^?]*)\?([bBqQ])\?([^? ]*)\?=", word, joined)


def mailbox(value: str) -> tuple[str, str]:
    """Name and address of a field with one mailbox."""
    match = re.fullmatch(r"(?:(.*) )?<?([^<> ]+)>?", value)
    assert match, value
    shown = match[1] or ""
    if shown.startswith('"'):
        assert re.fullmatch(r'"[^"\\]*"', shown), shown
        return shown[1:-1], match[2]
    return decoded(shown), match[2]


def meant(text: str) -> str:
    """The words of a text on one line: what no header can hold is a blank, half a character the sign for it."""
    whole = re.sub("[\ud800-\udfff]", "\ufffd", text)
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", whole).split())


def assert_sound(data: bytes) -> None:
    """Lines of at most 998 bytes, 76 where a word is encoded, each ended by CRLF; 75 characters to an encoded-word."""
    assert data.isascii()
    assert b"\0" not in data
    rest = data.replace(b"\r\n", b"")
    assert b"\r" not in rest
    assert b"\n" not in rest
    block = data.split(b"\r\n\r\n", 1)[0]
    for line in block.split(b"\r\n"):
        assert line.strip()
        assert len(line) <= (76 if b"=?" in line else 998)
    assert all(len(word) <= 75 for word in re.findall(rb"=\?\S+", block))


# --- The mails ------------------------------------------------------------------------------------------


class Written(NamedTuple):
    """A mail and what was to stand in it."""

    message: OutgoingMessage
    sender: str
    relayed: dict[str, str]
    names: list[str]
    texts: dict[str, str]


def mails(seed: int, count: int) -> Iterator[Written]:
    """Hostile words in each field that takes words."""
    chance = random.Random(seed)  # noqa: S311 - examples, not secrets
    for number in range(count):
        job = UUID(int=chance.getrandbits(128))
        subject, author, answers, to = (hostile(chance) for _ in range(4))
        thread = tuple(message_id(UUID(int=n + 1), "example.org") for n in range(chance.randrange(4)))
        content = EmailContent(
            sender=f"{name_of(author)} <ann@example.org>" if number % 2 else None,
            subject=subject,
            text="Hi\n",
            message_id=message_id(job, "example.org"),
            date=datetime(2026, 3, 8, 9, 30, tzinfo=UTC),
            in_reply_to=thread[-1] if thread else None,
            references=thread,
            reply_to=f"{name_of(answers)} <r@example.org>" if number % 3 else None,
            unsubscribe_url="https://example.org/u/abc" if number % 5 else None,
        )
        left_out = {
            *(() if thread else ("In-Reply-To",)),
            *(() if content.reply_to else ("Reply-To",)),
            *(() if content.unsubscribe_url else ("List-Unsubscribe", "List-Unsubscribe-Post")),
        }
        yield Written(
            OutgoingMessage(tenant_id=job, job_id=job, to=f"{name_of(to)} <radia@example.com>", content=content),
            sender=f"{name_of(author)} <ann@example.org>",
            relayed={"X-SMTPAPI": f'{{"unique_args":{{"touchline_job":"{job}"}}}}'},
            names=[*(name for name in ORDER if name not in left_out), *ON_ENTITY],
            texts={"Subject": subject, "From": name_of(author), "Reply-To": name_of(answers), "To": name_of(to)},
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_hostile_mails_have_the_headers_that_were_set_and_show_the_words_that_were_meant(seed: int) -> None:
    """None is refused, none has another header, and no word is another, for our reader and the standard library's."""
    for number, (message, sender, relayed, names, texts) in enumerate(mails(seed, MAILS)):
        data = build(message, sender=sender, relayed=relayed).as_bytes()
        assert_sound(data)
        fields = split(data)
        assert [name for name, _ in fields] == names
        values = dict(fields)
        assert decoded(values["Subject"]) == meant(texts["Subject"])
        assert mailbox(values["From"]) == (meant(texts["From"]), "ann@example.org")
        assert mailbox(values["To"]) == (meant(texts["To"]), "radia@example.com")
        if "Reply-To" in values:
            assert mailbox(values["Reply-To"]) == (meant(texts["Reply-To"]), "r@example.org")
        if number % 10 == 0:
            read = message_from_bytes(data, policy=policy.compat32)
            assert list(read.keys()) == names
            subject, author = ("".join(read[name].splitlines()) for name in ("Subject", "From"))
            assert str(make_header(decode_header(subject))) == meant(texts["Subject"])
            shown, spec = parseaddr(author)
            assert (str(make_header(decode_header(shown))), spec) == (meant(texts["From"]), "ann@example.org")
            modern = message_from_bytes(data, policy=policy.default)
            assert list(modern.keys()) == names
            assert modern["Subject"] == meant(texts["Subject"])


TOKENS = ["<{}@x.example>", "<a@{}>", "{}"]


def test_ids_links_and_addresses_are_refused_or_stand_as_they_are() -> None:
    """What programs read is never encoded, and never anything but itself: else the mail is refused."""
    chance = random.Random(905)  # noqa: S311 - examples, not secrets
    template = next(mails(seed=1, count=1)).message
    refused = 0
    for _ in range(2000):
        token = chance.choice(TOKENS).format(chance.choice([hostile(chance), "a.b=c+d", "k" * chance.randint(1, 1200)]))
        field = chance.choice(
            ["message_id", "in_reply_to", "unsubscribe_url", "unsubscribe_mailto", "references", "to", "relay"]
        )
        content = template.content.model_copy(
            update={} if field in ("to", "relay") else {field: (token,) if field == "references" else token}
        )
        message = template.model_copy(update={"content": content, "to": token if field == "to" else "a@b.example"})
        relayed = {"X-SMTPAPI": token} if field == "relay" else {}
        try:
            data = build(message, sender="ann@example.org", relayed=relayed).as_bytes()
        except ContentError:
            refused += 1
            continue
        assert_sound(data)
        assert b"=?" not in data.split(b"Subject:")[0]
        values = dict(split(data))
        assert set(values) <= {*ORDER, *ON_ENTITY}
        name = {"to": "To", "relay": "X-SMTPAPI"}.get(field, field.replace("_", "-").title()).replace("-Id", "-ID")
        if field.startswith("unsubscribe"):
            assert token in values["List-Unsubscribe"]
        elif field == "to":
            assert re.search(re.escape(values["To"].partition("@")[0].strip("<")) + "@", token)
        elif field == "references":
            assert values[name].split() == [token, values["Message-ID"]]
        else:
            assert values[name] == token
    assert 0 < refused < 2000


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("Ann Bee <a@b.example>", "From: Ann Bee <a@b.example>"),
        ("Bee, Ann <a@b.example>", 'From: "Bee, Ann" <a@b.example>'),
        ('"Bee, Ann" <a@b.example>', 'From: "Bee, Ann" <a@b.example>'),
        ("Zoë <a@b.example>", "From: =?utf-8?q?Zo=C3=AB?= <a@b.example>"),
        ("王 <a@b.example>", "From: =?utf-8?b?546L?= <a@b.example>"),
        ("=?utf-8?q?x?= <a@b.example>", "From: =?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <a@b.example>"),
        ('A "B" C <a@b.example>', "From: =?utf-8?q?A_=22B=22_C?= <a@b.example>"),
        ("a@b.example", "From: a@b.example"),
    ],
)
def test_a_name_is_written_plainly_where_every_program_reads_it_so(written: str, line: str) -> None:
    """Quoted where it must be, encoded where it could be misread."""
    assert mailbox_field("From", address(written)).lines == (line,)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Doe, John", "Doe, John"),
        ('"Doe, John"', "Doe, John"),
        ('"Doe \\"J\\", John"', 'Doe "J", John'),
        ('Doe "J", John', 'Doe "J", John'),
        ('"Alpha" and "Omega"', '"Alpha" and "Omega"'),
        ('"Doe" "John"', '"Doe" "John"'),
        ('""Doe, John""', '""Doe, John""'),
        ('"Doe\\"', '"Doe\\"'),
        ('"Doe', '"Doe'),
        ("Doe (CEO), John", "Doe (CEO), John"),
        ("Back\\slash, Inc.", "Back\\slash, Inc."),
        ("=?utf-8?q?Doe=2C_John?=", "=?utf-8?q?Doe=2C_John?="),
    ],
)
def test_a_name_is_quoted_once(written: str, shown: str) -> None:
    """One quoted-string says what is in it; everything else is shown as written, and an encoded-word is not read."""
    field = mailbox_field("From", address(f"{written} <john@example.com>"))
    assert mailbox("".join(field.lines).removeprefix("From: ")) == (shown, "john@example.com")


@pytest.mark.parametrize("name", ["Doe, John", '"Doe, John"', 'Doe "J"', "Doe (CEO), J.", "Doe; John: x"])
def test_a_name_with_a_comma_hides_no_address(name: str) -> None:
    """The domain of our ids, our own addresses, and whom a vendor's report is about: found behind any name."""
    assert address_in([f"{name} <john@example.com>"]) == "john@example.com"
    settings = Settings(_env_file=None, email_from=f"{name} <john@example.com>")
    assert composer_of(settings).message_id_domain == "example.com"


def test_plain_words_are_folded_and_not_encoded() -> None:
    """A long subject in ASCII stays readable in the raw mail; a word that no line holds is encoded."""
    assert text_field("Subject", "word " * 40).lines[0] == "Subject:" + " word" * 13
    assert all(line.startswith(" word") for line in text_field("Subject", "word " * 40).lines[1:])
    assert text_field("Subject", "w" * 80).lines[0].startswith("Subject: =?utf-8?q?www")


@pytest.mark.parametrize(
    "value", ["=?utf-8?q?x?=@example.com", "a=?b@example.com", "a@exa=?mple.com", "a@" + "b" * 260]
)
def test_an_address_that_reads_like_an_encoded_word_is_refused(value: str) -> None:
    """It cannot be shown as it was written, and nobody has one."""
    with pytest.raises(ContentError, match="not an email address"):
        address(value)


@pytest.mark.parametrize("token", ["", "two words", "ümlaut", "=?utf-8?q?x?=", "a\r\nBcc: b", "a\0"])
def test_a_value_for_machines_is_one_printable_word(token: str) -> None:
    """Else it is refused, and never encoded."""
    with pytest.raises(ContentError, match="cannot stand in the header X-Relay"):
        token_field("X-Relay", [token])


BREACHES: dict[str, Callable[[bytes], bytes]] = {
    "a header more": lambda data: b"Bcc: x@y.example\r\n" + data,
    "a header less": lambda data: data.partition(b"\r\n")[2],
    "one twice": lambda data: data.partition(b"\r\n")[0] + b"\r\n" + data,
    "another order": lambda data: b"Subject: x\r\nFrom: y\r\n\r\nbody\r\n",
    "an early end": lambda data: b"From: y\r\n\r\nSubject: x\r\n\r\nbody\r\n",
    "no end": lambda data: b"From: y\r\nSubject: x\r\n",
    "a bare line feed": lambda data: data.replace(b"words", b"wo\nrds"),
    "a bare carriage return": lambda data: data.replace(b"words", b"wo\rrds"),
    "NUL": lambda data: data.replace(b"words", b"wo\0rds"),
    "a byte that is no ASCII": lambda data: data.replace(b"words", b"w\xc3\xb6rds"),
    "a long line": lambda data: data.replace(b"words", b"w" * 999),
    "a blank line with a space": lambda data: data.replace(b"\r\nSubject", b"\r\n \r\nSubject"),
    "a continuation of nothing": lambda data: b" x\r\n" + data,
    "a bare line feed in the body": lambda data: data.replace(b"body", b"bo\n.\ndy"),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_header_block_that_says_something_else_is_refused(breach: str) -> None:
    """Whatever the cause, the mail does not leave."""
    data = b"From: y\r\nSubject: words\r\n and more\r\n\r\nbody\r\n"
    prove(data, ["From", "Subject"])
    with pytest.raises(ContentError):
        prove(BREACHES[breach](data), ["From", "Subject"])


def test_a_line_that_no_server_takes_is_refused() -> None:
    """An id or a link is never broken in two, so one of more than a line's length cannot be sent."""
    message = next(mails(seed=1, count=1)).message
    content = message.content.model_copy(update={"unsubscribe_url": "https://example.org/" + "t" * 1000})
    with pytest.raises(ContentError, match="longer than 998"):
        build(message.model_copy(update={"content": content}), sender="a@b.example")
