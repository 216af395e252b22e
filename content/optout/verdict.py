"""Does this message ask for no more messages? Wording in English and Spanish, judged by rules that can be read."""

from enum import StrEnum
from typing import NamedTuple

from content.optout import english, reading, spanish
from content.optout.grammar import Grammar, Language, choices


class OptOutKind(StrEnum):
    """What a message says about being written to."""

    OPT_OUT = "opt_out"
    HELP = "help"
    START = "start"
    """Written to again; lifts an earlier opt-out where there is one, and is an ordinary reply where there is none."""
    DOUBTFUL = "doubtful"
    """May be meant as an opt-out: a person should read it."""
    NONE = "none"


class OptOutVerdict(NamedTuple):
    """A judgement and the words that it rests on, in one spelling: small letters, no accents, courtesy left out."""

    kind: OptOutKind
    matched: str = ""


_DECLARED = {"STOP": OptOutKind.OPT_OUT, "START": OptOutKind.START, "HELP": OptOutKind.HELP}
"""Twilio's OptOutType, sent with Advanced Opt-Out."""

# Only these words and only alone: Twilio lifts its own block, and answers HELP, for nothing else (FACTS 1).
_ALONE = {
    "start": OptOutKind.START,
    "yes": OptOutKind.START,
    "unstop": OptOutKind.START,
    "help": OptOutKind.HELP,
    "info": OptOutKind.HELP,
    "ayuda": OptOutKind.HELP,
}
_REGARDED = 50_000
"""Characters; whoever asks for no more messages says so before that."""
_WHOLE_MESSAGE = frozenset(choices(english.WHOLE_MESSAGE) + choices(spanish.WHOLE_MESSAGE))


def _grammar() -> Grammar[OptOutKind]:
    grammar = Grammar[OptOutKind]()
    for language in (english, spanish):
        names = Language(language.WORDS, language.OPENERS)
        grammar.add(names, ((OptOutKind(kind), rules) for kind, rules in language.RULES))
    return grammar


_GRAMMAR = _grammar()


def judge(text: str, *, declared: str | None = None) -> OptOutVerdict:
    """Judge what a contact wrote, without what it quotes (lines with `>`, a phone's reactions to our message).

    `declared` is the provider's own word (Twilio's OptOutType) and wins. Words that always count, 47 CFR
    64.1200(a)(10), count as the whole message in any dress; other wording counts where a reader must take it as a
    wish for no more messages.

    A bare "yes" is `start`, because Twilio takes it so; in a conversation it mostly answers a question. So `start`
    lifts a suppression where there is one, which a contact whom we still write to has not, and is a reply in any case.
    """
    if (kind := _DECLARED.get((declared or "").strip().upper())) is not None:
        return OptOutVerdict(kind, (declared or "").strip().upper())
    found = reading.pieces(text[:_REGARDED])
    words = [word for word in found if word != "."]
    if len(words) == 1 and words[0] in _ALONE:
        return OptOutVerdict(_ALONE[words[0]], words[0])
    sentences = reading.sentences(found)
    said = " ".join(word for word in sentences if word != ".")
    if said in _WHOLE_MESSAGE:
        return OptOutVerdict(OptOutKind.OPT_OUT, said)
    phrases = _GRAMMAR.find(sentences)
    for kind in (OptOutKind.OPT_OUT, OptOutKind.DOUBTFUL):
        if matched := "; ".join(phrase.words for phrase in phrases if phrase.kind is kind):
            return OptOutVerdict(kind, matched)
    return OptOutVerdict(OptOutKind.NONE)
