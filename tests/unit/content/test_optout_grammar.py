"""The notation in which phrase rules are written, and the order in which they are tried."""

import re
from types import ModuleType

import pytest

from content.optout import english, spanish
from content.optout.grammar import Grammar, Language

_LANGUAGE = Language(words={"FRUIT": "apple|ripe_pear", "FOOD": "FRUIT|bread"}, openers="and|but_then")


def _found(rules: str, text: str) -> list[str]:
    grammar = Grammar[str]()
    grammar.add(_LANGUAGE, [("rule", rules)])
    return [found.words for found in grammar.find(text.split())]


@pytest.mark.parametrize(
    ("rule", "text", "found"),
    [
        ("eat bread", ". eat bread .", ["eat bread"]),
        ("eat bread", ". eats bread .", []),
        ("eat bread", ". eat breads .", []),
        ("eat FOOD", ". eat ripe pear .", ["eat ripe pear"]),
        ("eat [the] FOOD", ". eat the bread . eat apple .", ["eat the bread", "eat apple"]),
        ("do_not eat", ". do not eat .", ["do not eat"]),
        ("eat * now", ". eat bread now .", ["eat bread now"]),
        ("eat * now", ". eat now .", []),
        ("eat .. now", ". eat the ripe pear now .", ["eat the ripe pear now"]),
        ("eat .. now", ". eat a b c d now .", []),
        ("eat .. now", ". eat . now .", []),
        ("^ eat", ". then eat .", []),
        ("^ eat", ". so . eat .", ["eat"]),
        ("eat $", ". eat bread .", []),
        ("eat $", ". now eat .", ["eat"]),
        ("eat /", ". eat and go .", ["eat"]),
        ("eat /", ". eat but then go .", ["eat"]),
        ("eat /", ". eat but go .", []),
        ("eat . go", ". eat . go .", ["eat . go"]),
    ],
)
def test_each_mark_means_what_its_description_says(rule: str, text: str, found: list[str]) -> None:
    """Words match whole; `[]`, `*`, `..`, `^`, `$`, `/` and `.` as grammar.py says."""
    assert _found(rule, text) == found


def test_the_first_rule_that_fits_takes_its_words() -> None:
    """What a look-alike has taken, no later rule sees."""
    grammar = Grammar[str]()
    grammar.add(_LANGUAGE, [("no", "do_not eat"), ("yes", "eat bread\ndo_not")])
    text = ". do not eat bread . eat bread ."
    assert [found.kind for found in grammar.find(text.split())] == ["no", "yes"]


def test_a_set_that_does_not_exist_is_refused() -> None:
    """A misspelt name would otherwise be a rule that never fits."""
    with pytest.raises(KeyError, match="FRUTI"):
        _found("eat FRUTI", ".")


@pytest.mark.parametrize("language", [english, spanish], ids=["english", "spanish"])
def test_every_set_of_words_is_used(language: ModuleType) -> None:
    """What no rule refers to goes."""
    used = set(re.findall(r"[A-Z]{2,}", " ".join([*(rules for _, rules in language.RULES), *language.WORDS.values()])))
    assert used == set(language.WORDS)
