"""How mail programs introduce what they quote, in fifteen languages; every pattern takes time linear in its window."""

import re

WINDOW = 250
"""Characters of the longest introduction."""

# `.+?(?:\n.+?)?` looks once at each character, and an atomic group is never entered again: a letter is hostile text.
_SPAN = r".+?(?:\n.+?)?"
_DAY_DA = "Den|Man|Tir|Ons|Tor|Fre|Lør|Søn|[0-9]"
_DAY_SV = "Den|Mån|Tis|Ons|Tor|Fre|Lör|Sön|[0-9]{1,2} +(?:jan|feb|mar|apr|maj|jun|jul|aug|sep|okt|nov|dec)"
_FORMS = (
    rf"On\s{_SPAN}\s?wrote:",
    rf"(?>Am\s.+?\s?schrieb\s){_SPAN}:",
    rf"Op\s{_SPAN}\s?schreef:",
    rf"Il\s{_SPAN}\s?ha scritto:",
    rf"Dne\s{_SPAN}\s?napsal\(a\):",
    r"(?>Le\s.+?a écrit)[a-zA-Z0-9.:;<>()&@ -]*:",
    rf"(?>(?:{_DAY_DA}).+?\sskrev\s).+?:",
    rf"(?>(?:{_DAY_SV}).*?skrev\s){_SPAN}:",
    r"(?>\d{4}年\d{1,2}月\d{1,2}日\(.\) \d{1,2}:\d{2}.+? <).+?>:",
    r"\d{4}년 \d{1,2}월 \d{1,2}일 .*님이 작성하였습니다:",
    r"\d{4}年\d{1,2}月\d{1,2}日.*?写道：",
)
_KEYS = (
    "From|Sent|To|Subject|Date|Cc|Organization",
    "Von|Gesendet|An|Betreff|Datum|Cc|Organisation",
    "De|Enviado|Para|Asunto|Fecha|CC|Organización",
    "Da|Inviato|A|Oggetto|Data|Cc",
    "Van|Verzonden|Aan|Onderwerp|Datum|Cc",
    "Fra|Sendt|Til|Emne|Dato|Cc|Kopi|Vedhæftet",
    "Från|Skickat|Till|Ämne|Datum|Kopia",
    "Od|Odesláno|Komu|Předmět|Datum|Kopie",
    "보낸 ?사람|보낸 ?날짜|받는 ?사람|제목|참조",
    "发件人|发送时间|收件人|主题|抄送|组织",
)
"""Names of headers by language; two of one language, line below line, are a copied head. Polish is left out: people
begin lines with `Data: …` and `Do: …`."""
_QUOTED = r"(?:> ?)*"
_HEADS = "|".join(
    rf"[* ]*+(?:{keys}):(?:[ *]*\n)?.*\n{_QUOTED}[* ]*+(?:{keys}):" for keys in _KEYS
)  # the first value may stand on the next line
_INTRODUCED = re.compile(
    rf"{_QUOTED}(?:(?:{'|'.join(_FORMS)}|-{{5,}} ?Original Message ?-{{5,}})$|{_HEADS})", re.MULTILINE | re.IGNORECASE
)
# What mail programs write in another spelling, and in further languages.
_WROTE = re.compile(
    r"(?=.*\d).{6,}\b(?:wrote|schrieb(?: .{1,80})?|geschrieben|escribi[oó]|a écrit|escreveu|ha scritto"
    r"|napisał(?:\(a\))?|schreef|geschreven|skrev|kirjoitti|yazdı|írta|a scris|написал(?:\(а\)|а)?|пишет|έγραψε"
    r"|napsal(?:\(a\)|a)?|napísal|pisze|je napisao|写道|寫道)"
    r"(?:\s?[:：]|\s?-{2,})",
    re.IGNORECASE,
)
_BETWEEN_LINES = re.compile(r"-{2,4}\s?(?=[^\n]*\d)[^\n]{6,}?[a-zà-ÿ]\s?-{2,4}", re.IGNORECASE)
"""Zoho: `---- On Mon, 30 Nov 2026 14:02:50 +0530 ann@example.org wrote ----`."""
_DATED = re.compile(r"\d{1,2}[:.]\d{2}|\b(?:19|20)\d\d\b")
_ADDRESSED = re.compile(r"[^\s@<>]@[^\s@<>]")

_VERBS = (
    *("wrote", "schrieb", "schreef", "scritto", "napsal", "napisał", "écrit", "skrev", "escribio", "escribió"),
    *(
        "escreveu",
        "年",
        "님이",
        "original",
        "geschrieben",
        "geschreven",
        "kirjoitti",
        "yazdı",
        "írta",
        "a scris",
        "написал",
    ),
    *("пишет", "έγραψε", "napísal", "pisze", "napisao", "写道", "寫道"),
)
_HEAD = re.compile(rf"{_QUOTED}[* ]*+(?:{'|'.join(_KEYS)}):", re.IGNORECASE)


def introduces(window: str) -> bool:
    """Whether these lines, joined by spaces or line breaks, begin with an introduction (of WINDOW at most)."""
    return len(window) <= WINDOW and bool(
        _WROTE.fullmatch(window) or _INTRODUCED.match(window) or _BETWEEN_LINES.fullmatch(window) or _names_all(window)
    )


def _names_all(window: str) -> bool:
    """Whether one line names an address and a time and ends in a colon: an introduction, whatever its language.

    Yandex writes `30.11.2026, 18:30, "Ann" <ann@example.org>:`, mail.ru `Monday, 30 November 2026, 3:32 PM from …:`.
    """
    return (
        window.endswith((":", "："))
        and "\n" not in window
        and _ADDRESSED.search(window) is not None
        and _DATED.search(window) is not None
    )


def verbs_in(text: str) -> tuple[str, ...]:
    """Those of the words without which nothing is introduced, but by headers, that a text holds, in small letters."""
    small = text.lower()
    return tuple(verb for verb in _VERBS if verb in small)


def may_introduce(line: str, verbs: tuple[str, ...]) -> bool:
    """Whether an introduction may stand on this line or end on it, by a cheap look; `verbs` of the whole text."""
    small = line.lower()
    return (
        any(verb in small for verb in verbs)
        or (":" in line and ("@" in line or _HEAD.match(line) is not None))
        or ("：" in line and "@" in line)
    )
