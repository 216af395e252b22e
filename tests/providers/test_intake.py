"""Of a long call what is worth reading is kept, and is such a call again: no text changes, it only ends earlier."""

import json
from collections.abc import Iterable
from email import message_from_bytes
from hashlib import sha256
from io import BytesIO
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_multipart import parse_form

from providers.inbound import intake
from providers.inbound.intake import FormTrimmer, Head, Intake, JsonTrimmer, MailTrimmer, TooLong, Trimmer

LONGEST, LITTLE = 40, 7
TEXTS = st.text(alphabet=st.sampled_from('aé€😀\\"/\n\0 u0'), max_size=120)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterable[None]:
    """Limits that small bodies come to."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(intake, "_LONGEST_TEXT", LONGEST)
        patched.setattr(intake, "_LITTLE", LITTLE)
        patched.setattr(intake, "_MUCH", 400)
        patched.setattr(intake, "_TOO_MUCH", 100_000)
        yield


def trimmed(trimmer: Trimmer, body: bytes, sizes: Iterable[int]) -> bytes:
    """What is kept of a body that comes in chunks of these sizes, and then of what is left."""
    at = 0
    for size in sizes:
        trimmer.feed(body[at : at + size])
        at += size
    trimmer.feed(body[at:])
    trimmer.end()
    return bytes(trimmer.kept)


def begins(short: Any, whole: Any) -> bool:
    """The same, but that long texts end earlier; none ends before the least that is kept of each."""
    match whole:
        case str():
            least = min(len(whole), (LITTLE - 6) // 12)
            return isinstance(short, str) and whole.startswith(short) and len(short) >= least
        case list():
            return len(short) == len(whole) and all(map(begins, short, whole))
        case dict():
            return len(short) <= len(whole) and all(any(begins(name, n) for n in whole) for name in short)
        case _:
            return bool(short == whole)


@given(VALUES, st.booleans(), st.lists(st.integers(1, 30), max_size=30))
def test_a_json_text_stays_one(value: Any, ascii_only: bool, sizes: list[int]) -> None:
    """However its characters are written and wherever its chunks end, and the chunks change nothing."""
    body = json.dumps([value], ensure_ascii=ascii_only).encode()
    kept = trimmed(JsonTrimmer(), body, sizes)
    assert begins(json.loads(kept.decode()), [value])
    assert kept == trimmed(JsonTrimmer(), body, [])


@given(TEXTS, st.booleans())
def test_a_short_json_text_is_kept_whole(text: str, ascii_only: bool) -> None:
    """Byte for byte."""
    body = json.dumps({"a": text[: (LONGEST - 1) // 12]}, ensure_ascii=ascii_only).encode()
    assert trimmed(JsonTrimmer(), body, [3, 1, 4]) == body


@given(st.binary(max_size=300), st.lists(st.integers(1, 30), max_size=30))
def test_what_is_no_json_is_no_matter(body: bytes, sizes: list[int]) -> None:
    """Whoever reads it says so; nothing is made up, and nothing is kept waiting."""
    kept = trimmed(JsonTrimmer(), body, sizes)
    assert len(kept) <= len(body)
    if len(body) <= LONGEST:
        assert kept == body


@given(
    st.lists(st.binary(max_size=120).filter(lambda part: b"\r\n--zz" not in part), min_size=1, max_size=8),
    st.lists(st.integers(1, 30), max_size=60),
)
def test_a_form_stays_one(parts: list[bytes], sizes: list[int]) -> None:
    """Every field is there, as long as it may be; wherever the chunks end."""
    head = b'Content-Disposition: form-data; name="f"\r\n\r\n'
    body = b"".join(b"--zz\r\n" + head + part + b"\r\n" for part in parts) + b"--zz--\r\n"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(intake, "_LONGEST_TEXT", LONGEST + len(head))
        patched.setattr(intake, "_LITTLE", LITTLE + len(head))
        kept = trimmed(FormTrimmer(b"zz"), body, sizes)
        assert kept == trimmed(FormTrimmer(b"zz"), body, [])
    found: list[bytes] = []
    parse_form(
        {"Content-Type": b"multipart/form-data; boundary=zz"},
        BytesIO(kept),
        lambda field: found.append(field.value or b""),
        lambda file: None,
    )
    assert len(found) == len(parts)
    assert all(
        part.startswith(short) and len(short) >= min(len(part), LITTLE - 4)
        for short, part in zip(found, parts, strict=True)
    )


WORDS = b"Please stop."
LEAVES = st.sampled_from(
    [
        b"Content-Type: text/plain\r\n\r\n" + WORDS + b"\r\n",
        b"\r\n" + WORDS + b"\r\n",
        b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"QUJD" * 300 + b"\r\n",
        b"Content-Type: text/csv\r\nContent-Disposition: attachment\r\n\r\n" + b"a,b\r\n" * 300,
        b"Content-Type: application/pdf\r\n\r\n" + b"\0" * 9_000 + b"\r\n",
    ]
)


def _mail_of(leaves: list[bytes]) -> bytes:
    """The last of them within another multipart, as mail programs write it."""
    *before, last = leaves
    inner = b'Content-Type: multipart/related;\r\n boundary="in ner"\r\n\r\n--in ner\r\n' + last + b"--in ner--\r\n"
    parts = b"".join(b"--out\r\n" + part for part in [*before, inner])
    return b"From: a@example.com\r\nContent-Type: multipart/mixed; boundary=out\r\n\r\n" + parts + b"--out--\r\n"


@given(st.lists(LEAVES, min_size=1, max_size=5), st.lists(st.integers(1, 400), max_size=30))
def test_a_mails_words_are_kept_wherever_they_stand(leaves: list[bytes], sizes: list[int]) -> None:
    """Every text is there whole, and what is attached is cut; wherever the chunks end, and as a field of a form too."""
    body = _mail_of(leaves)
    form = b'--zz\r\nContent-Disposition: form-data; name="email"\r\n\r\n' + body + b"\r\n--zz--\r\n"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(intake, "_LONGEST_TEXT", 4_000)
        patched.setattr(intake, "_LITTLE", 200)
        patched.setattr(intake, "_MUCH", 100_000)
        kept = trimmed(MailTrimmer(), body, sizes)
        assert kept == trimmed(MailTrimmer(), body, [])
        assert kept in trimmed(FormTrimmer(b"zz", mail="email"), form, sizes)
    written = [part for part in leaves if WORDS in part]
    texts = [part.get_payload() for part in message_from_bytes(kept).walk() if part.get_content_type() == "text/plain"]
    assert [WORDS.decode() in text for text in texts] == [True] * len(written)
    assert len(kept) < 4_000


def test_what_is_signed_is_all_of_it() -> None:
    """The digest is over what was let go as well, and over what is signed before the body."""
    taken = Intake(Head(4), most=100, signed_before=b"12")
    for chunk in (b"abc", b"def"):
        taken.feed(chunk)
    assert (taken.end(), taken.left_out, taken.sha256) == (b"abcd", 2, sha256(b"12abcdef").digest())


def test_a_body_that_is_too_long_is_refused_and_its_beginning_kept() -> None:
    """At its limit it is taken."""
    taken = Intake(Head(4), most=6)
    taken.feed(b"abcdef")
    with pytest.raises(TooLong):
        taken.feed(b"g")
    assert taken.end() == b"abcd"
    taken = Intake(Head(4), most=2)
    with pytest.raises(TooLong):
        taken.feed(b"abc")
    assert taken.end() == b"ab"


@pytest.mark.parametrize(
    ("trimmer", "unit"),
    [
        (JsonTrimmer, b'"\\\\\\ud83d",'),
        (JsonTrimmer, b'"\\/\\/\\/aaaaaaaa'),
        (JsonTrimmer, b'\\"'),
        (JsonTrimmer, b'"' + b"\\\\" * 2000 + b'\\ud83d"'),
        (lambda: FormTrimmer(b"zz"), b"\r\n--z"),
        (lambda: FormTrimmer(b"zz"), b"\r\n--zz"),
        (lambda: FormTrimmer(b"zz"), b"\r\r\r\r"),
        (lambda: FormTrimmer(b"zz", mail="f"), b"\r\n--zz"),
        (MailTrimmer, b"--a\r\n"),
        (MailTrimmer, b"Content-Type: a/b; boundary=a\r\n\r\n--a\r\n"),
        (MailTrimmer, b"boundary= "),
        (MailTrimmer, b"boundary"),
    ],
)
def test_the_work_grows_with_the_length_alone(trimmer: Any, unit: bytes) -> None:
    """Whatever a stranger sends: four times as much takes about four times as long, and not sixteen times."""
    few, many = (_seconds(trimmer(), unit, size) for size in (1_000_000, 4_000_000))
    assert many < 8 * max(few, 0.02)


def _seconds(trimmer: Trimmer, unit: bytes, size: int) -> float:
    body = unit * (size // len(unit))
    began = process_time()
    for at in range(0, len(body), 65_536):
        trimmer.feed(body[at : at + 65_536])
    return process_time() - began
