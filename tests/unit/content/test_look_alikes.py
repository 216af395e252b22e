"""A STOP in letters that only look like it is a STOP, and what is written in another alphabet stays what it is."""

import unicodedata

import pytest

from content.optout import OptOutKind, judge
from content.optout.look_alikes import as_latin
from tests.support.machine import assert_takes_at_most

SCRIPTS = {
    "Cyrillic": {"S": "Ѕ", "T": "Т", "O": "О", "P": "Р", "s": "ѕ", "t": "т", "o": "о", "p": "р"},
    "Greek": {"T": "Τ", "O": "Ο", "P": "Ρ", "t": "τ", "o": "ο", "p": "ρ"},
    "Armenian": {"S": "Տ", "O": "Օ", "o": "օ"},
    "Cherokee": {"S": "Ꮪ", "T": "Ꭲ", "P": "Ꮲ"},
    "Lisu": {"S": "ꓢ", "T": "ꓔ", "O": "ꓳ", "P": "ꓑ"},
}


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("word", ["STOP", "stop", "Stop"])
def test_a_stop_with_letters_of_another_script_is_a_stop(script: str, word: str) -> None:
    """One letter of them, or all that the script has; alone, with courtesy, with punctuation."""
    alike = SCRIPTS[script]
    for letter in word:
        for text in (word.replace(letter, alike.get(letter, letter)), "".join(alike.get(one, one) for one in word)):
            for dressed in (text, f"{text}!", f"Please {text}", f"“{text}”"):
                assert judge(dressed) == (OptOutKind.OPT_OUT, "stop"), ascii(dressed)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("UΝSUΒSCRIΒE", "unsubscribe"),
        ("unѕubѕcrіbe", "unsubscribe"),
        ("сancel", "cancel"),
        ("ԛuit", "quit"),
        ("еnd", "end"),
        ("ꜱᴛᴏᴘ", "stop"),
        ("ᴜɴꜱᴜʙꜱᴄʀɪʙᴇ", "unsubscribe"),
        ("🆂🆃🅾🅿", "stop"),
        ("🅢🅣🅞🅟", "stop"),
        ("🅂🅃🄾🄿", "stop"),
        ("Ⓢⓣⓞⓟ", "stop"),
        ("S̶T̶О̶P̶", "stop"),
        ("s t о p", "stop"),
        ("STОООP", "stop"),
        ("stор texting me", "stop texting me"),
    ],
)
def test_other_dresses(text: str, word: str) -> None:
    """Small capitals, tiles, overlays; and whole phrases."""
    assert judge(text) == (OptOutKind.OPT_OUT, word)


@pytest.mark.parametrize("text", ["Это мой нос, не трогайте", "рот и нос: тор Х", "Καλημέρα, το νέο", "Հայ ոսօ"])
def test_what_is_written_in_another_alphabet_stays(text: str) -> None:
    """Words of its own that could be read as Latin are left alone, where the message says that it is none."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    assert as_latin(bare) == bare
    assert judge(text).kind is OptOutKind.NONE


def test_a_flag_a_parking_place_and_a_blood_group_are_no_letters() -> None:
    """One tile alone is a sign."""
    assert as_latin("🅿 🅰") == "🅿 🅰"
    assert judge("STOP 🅿️") == (OptOutKind.OPT_OUT, "stop")


def test_look_alikes_cost_no_more_than_their_length() -> None:
    """Also a message of nothing else."""
    assert_takes_at_most(2, lambda: as_latin("Оо🅿а " * 20_000))
