"""Does this message ask for no more messages? Rules that can be read say so for certain; a scorer suspects."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from content.optout import normalize, scorer
from content.optout.grammar import Found, Grammar, Language, choices


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


class Explained(NamedTuple):
    """A judgement with what led to it."""

    verdict: OptOutVerdict
    rule: str
    """`declared` by the provider, `keyword` (the whole message), `phrase` (a rule for wording), `score`, `clause` (the
    score of one clause), or `none`."""
    score: int | None = None
    """The scorer's log-odds times 100; None where the words alone decide."""


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
    "aide": OptOutKind.HELP,
}
_WHOLE_MESSAGE = frozenset(word for language in normalize.LANGUAGES for word in choices(language.WHOLE_MESSAGE))

_CERTAIN = 330
"""A score from which on the message is taken for an opt-out without a rule."""
_BEYOND_DOUBT = 500
"""A score from which on it is taken for one although a rule names a reason for doubt."""
_SUSPECTED = -30
"""A score from which on a person decides."""
_SUSPECTED_CLAUSE = 150
"""A score of one clause alone, which its neighbours may explain, from which on a person decides."""
_CONTRADICTED = -150
"""A score below which a person decides although a rule fits: "opt me back in" has an opt-out's words."""
_REGARDED = 50_000
"""Characters; whoever asks for no more messages says so before that."""


def _grammar() -> Grammar[OptOutKind]:
    """Every language's look-alikes, its first block, come before any language's rules: they share words ("stop")."""
    grammar = Grammar[OptOutKind]()
    for part in (slice(1), slice(1, None)):
        for language in normalize.LANGUAGES:
            names = Language(language.WORDS, language.OPENERS)
            grammar.add(names, ((OptOutKind(kind), rules) for kind, rules in language.RULES[part]))
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
    return explain(text, declared=declared).verdict


def explain(text: str, *, declared: str | None = None) -> Explained:
    """`judge`, and by which rule or score."""
    if (kind := _DECLARED.get((declared or "").strip().upper())) is not None:
        return Explained(OptOutVerdict(kind, (declared or "").strip().upper()), "declared")
    found = normalize.pieces(text[:_REGARDED])
    words = [word for word in found if word not in normalize.BREAKS]
    if len(words) == 1 and words[0] in _ALONE:
        return Explained(OptOutVerdict(_ALONE[words[0]], words[0]), "keyword")
    sentences = normalize.sentences(found)
    said = " ".join(word for word in sentences if word not in normalize.BREAKS)
    if said in _WHOLE_MESSAGE:
        return Explained(OptOutVerdict(OptOutKind.OPT_OUT, said), "keyword")
    phrases = _GRAMMAR.find(sentences)
    unmistaken = _unmistaken(sentences, phrases)
    score = scorer.score(unmistaken)
    points = score.points
    if certain := _words_of(phrases, OptOutKind.OPT_OUT):
        kind = OptOutKind.OPT_OUT if points >= _CONTRADICTED else OptOutKind.DOUBTFUL
        return Explained(OptOutVerdict(kind, certain), "phrase", points)
    if points < _BEYOND_DOUBT and (doubtful := _words_of(phrases, OptOutKind.DOUBTFUL)):
        return Explained(OptOutVerdict(OptOutKind.DOUBTFUL, doubtful), "phrase", points)
    if points >= _CERTAIN:
        return Explained(OptOutVerdict(OptOutKind.OPT_OUT, score.because()), "score", points)
    if points >= _SUSPECTED:
        return Explained(OptOutVerdict(OptOutKind.DOUBTFUL, score.because()), "score", points)
    clause = scorer.score_of_a_clause(unmistaken)
    if clause.points >= _SUSPECTED_CLAUSE:
        return Explained(OptOutVerdict(OptOutKind.DOUBTFUL, clause.because()), "clause", clause.points)
    return Explained(OptOutVerdict(OptOutKind.NONE), "none", points)


def scored(text: str) -> list[str]:
    """The words of a message as the scorer gets them: without courtesy, and without what rules know as look-alikes."""
    sentences = normalize.sentences(normalize.pieces(text))
    return _unmistaken(sentences, _GRAMMAR.find(sentences))


def _words_of(phrases: Sequence[Found[OptOutKind]], kind: OptOutKind) -> str:
    return "; ".join(phrase.words for phrase in phrases if phrase.kind is kind)


def _unmistaken(sentences: Sequence[str], phrases: Sequence[Found[OptOutKind]]) -> list[str]:
    """A look-alike ("don't stop", "stop by") says nothing, and so leaves a gap."""
    kept = list(sentences)
    for phrase in phrases:
        if phrase.kind is OptOutKind.NONE:
            kept[phrase.begin : phrase.end] = ["."] * (phrase.end - phrase.begin)
    return kept
