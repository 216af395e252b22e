"""What counts as an opt-out, word by word; whole sets of phrases are in test_optout_phrases.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.optout import OptOutKind, OptOutVerdict, judge
from tests.support.machine import assert_takes_at_most

CARRIERS = [
    "ARRET",
    "Arrêt",
    "ARRÊTEZ",
    "STOPP",
    "ABMELDEN",
    "PARAR",
    "SAIR",
    "BAJA",
    "ALTO",
    "CANCELLA",
    "BASTA",
    "STOPPEN",
    "AFMELDEN",
]
PER_SE = ["stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe", "stopall", "optout"]


@pytest.mark.parametrize("word", PER_SE)
@pytest.mark.parametrize(
    "form", ["{}", " {}\n", "{}.", "“{}”", "'{}'!!", "please {}", "{} please", "{}, thank you", "🛑{}🛑", "*{}*"]
)
def test_a_word_alone_counts_in_any_dress(word: str, form: str) -> None:
    """Case, punctuation, quotes, emoji and courtesy do not hide an opt-out."""
    for text in (word, word.upper(), word.title()):
        assert judge(form.format(text)) == (OptOutKind.OPT_OUT, word)


@pytest.mark.parametrize("word", CARRIERS)
@pytest.mark.parametrize("form", ["{}", "{}!", " {}.\n"])
def test_carriers_words_of_other_languages_count_alone(word: str, form: str) -> None:
    """ARRET has to be heard on Canadian numbers as STOP is; so are the words of other countries' carriers."""
    for text in (word, word.lower(), word.title()):
        assert judge(form.format(text)).kind is OptOutKind.OPT_OUT


@pytest.mark.parametrize(
    "text",
    [
        *["Stop promotions", "Detener promociones", "Arrêter les promotions", "Promotions stoppen", "Parar promoções"],
        *["Interrompi promozioni", "Stop met promoties", "Stop all", "Unsubscribe", "Se désabonner", "Abbestellen"],
    ],
)
def test_buttons_that_end_messages_count(text: str) -> None:
    """WhatsApp's button arrives as its label."""
    assert judge(text).kind is OptOutKind.OPT_OUT


@pytest.mark.parametrize(
    "text",
    [
        *["opt me back in", "please sign me up again", "subscribe me again please", "I want to get the texts again"],
        *["Continue", "Continuar", "Yes please", "Interested", "Learn more", "Get offers", "See menu", "Confirm"],
        *["aide", "Hilfe", "ayuda por favor", "aiuto", "Anmelden", "START please", "resume"],
        *["réinscrivez-moi", "nehmen Sie mich wieder auf", "quiero volver a recibir los mensajes"],
    ],
)
def test_buttons_that_begin_something_and_wishes_to_come_back_end_nothing(text: str) -> None:
    """Whoever wants more, or help, is never suppressed."""
    assert judge(text).kind is not OptOutKind.OPT_OUT


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("OPT-OUT", "opt out"),
        ("opt  out", "opt out"),
        ("ＳＴＯＰ", "stop"),
        ("𝐒𝐓𝐎𝐏", "stop"),
        ("st\u200bop", "stop"),
        ("\u202eSTOP\u202c", "stop"),
        ("STOP\ufe0f", "stop"),
        ("QUİT", "quit"),
        ("s t o p", "stop"),
        ("S.T.O.P.", "stop"),
        ("STOOOOP!!!!", "stop"),
        ("stpo", "stop"),
        ("unsubscirbe", "unsubscribe"),
        ("🛑", "stop"),
        ("DÉTENER", "detener"),
        ("ЅТОР", "stop"),
        ("sтoр", "stop"),
        ("UΝSUBSCRΙBE", "unsubscribe"),
        ("ARRÊT", "arret"),
    ],
)
def test_disguised_letters_are_read_as_a_person_reads_them(text: str, word: str) -> None:
    """Ornamental letters, invisible characters, spacing, accents and common slips do not hide an opt-out."""
    assert judge(text) == (OptOutKind.OPT_OUT, word)


@pytest.mark.parametrize(
    "text", ["", "   ", "👍", "thanks", "please", "?", "non-stop", "stopped", "the end", "cancel my order", "subscribe"]
)
def test_other_messages_say_nothing_about_it(text: str) -> None:
    """A word inside a sentence is not the whole message."""
    assert judge(text) == (OptOutKind.NONE, "")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("START", "start"),
        ("Unstop.", "start"),
        ("YES", "start"),
        ("HELP", "help"),
        ("info?", "help"),
        ("Ayuda", "help"),
        ("Yes please", "none"),
        ("yes, stop", "opt_out"),
        ("start tomorrow", "none"),
        ("help me choose", "none"),
        ("info please", "none"),
    ],
)
def test_start_and_help_are_words_alone(text: str, kind: str) -> None:
    """They count where Twilio counts them too: as the only word of the message."""
    assert judge(text).kind == kind


@pytest.mark.parametrize(
    ("declared", "kind"), [("STOP", "opt_out"), ("START", "start"), ("HELP", "help"), (" stop ", "opt_out")]
)
def test_what_the_provider_declares_wins(declared: str, kind: str) -> None:
    """Twilio has answered the contact already, so we may not read it otherwise."""
    assert judge("don't stop", declared=declared) == (kind, declared.strip().upper())


@pytest.mark.parametrize("declared", [None, "", "SOMETHING"])
def test_without_a_known_declaration_the_text_decides(declared: str | None) -> None:
    """A word of the provider's that we do not know changes nothing."""
    assert judge("stop texting me", declared=declared).kind is OptOutKind.OPT_OUT


@pytest.mark.parametrize(
    "text",
    [
        "Stop bij de bakker, ik sta daar",
        "stopt de tram daar ook op zondag?",
        "stop niet met de tips, ze zijn leuk",
        "haha stop, I'm blushing now",
        "Gruß, haha stop, ich werde rot",
    ],
)
def test_what_one_language_says_of_a_shared_word_holds_before_any_rule_of_another(text: str) -> None:
    """ "stop" is a word of four languages: what only looks like an opt-out in one is none in the others."""
    assert judge(text).kind is OptOutKind.NONE


def test_the_verdict_shows_the_words_that_it_rests_on() -> None:
    """Evidence is what was matched, in one spelling, not the whole message."""
    verdict = judge("Hi, who is this? PLEASE don’t text me again!! And take me off ur list.")
    assert verdict == OptOutVerdict(OptOutKind.OPT_OUT, "dont text me; take me off your list")


@pytest.mark.parametrize(
    "text",
    [
        "Liked “Hi Ana, stop by any time. Reply STOP to opt out.”",
        'Reacted 👍 to "Reply STOP to opt out"',
        "Me gustó “Responda ALTO para darse de baja”",
        "> stop texting me\nYes, Tuesday is fine",
        "Reply STOP to opt out. <- what does this mean?",
    ],
)
def test_quoted_words_are_not_the_contact_s(text: str) -> None:
    """Reactions, quoted lines and our own footer are what we wrote."""
    assert judge(text).kind is OptOutKind.NONE


def test_a_wrapped_line_is_one_sentence() -> None:
    """Mail programs break lines in the middle of a phrase."""
    assert judge("Hello, thank you for your message, but would you please take me\noff your list?").kind == "opt_out"


@pytest.mark.parametrize("courtesy", ["", "Hi Tom, ", "Sorry but "])
@pytest.mark.parametrize("ending", ["", " please", "!!!", ", thanks", "\nSent from my phone"])
@pytest.mark.parametrize("core", ["stop texting me", "take me off your list", "no me escriban más", "unsubscribe me"])
def test_what_stands_around_a_wish_does_not_weaken_it(courtesy: str, core: str, ending: str) -> None:
    """Greetings, thanks and signatures change no verdict."""
    assert judge(courtesy + core + ending).kind is OptOutKind.OPT_OUT


@given(st.text(max_size=200))
def test_any_text_is_judged(text: str) -> None:
    """Whatever arrives is answered; a verdict other than none names its evidence."""
    verdict = judge(text)
    assert bool(verdict.matched) == (verdict.kind is not OptOutKind.NONE)


@pytest.mark.parametrize(
    "unit",
    [
        *["a", "é", "🛑", ".", "\n", "f*", "unsub", "ha", "s ", "u s u b r ", "liked ", "reacted to ", "no ", "stop "],
        *["please do not stop texting me ", "remove my ", "take me off the my ", "i want to ", "no me "],
    ],
)
def test_time_grows_with_length_only(unit: str) -> None:
    """A hostile message of 100,000 characters is judged at once: no pattern looks back over what it has read."""
    text = (unit * 100_000)[:100_000]
    assert_takes_at_most(2, lambda: judge(text))  # some 50 ms; a quadratic pattern would take minutes
