"""The merge fields: which a template may name, and what a contact has for each."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from liquid import FalsyStrictUndefined, Token
from liquid.static_analysis import Variable

from domain.contact import COLUMNS, MAX_COLUMN_NAME, Contact, column_name

_TEXTS = frozenset({"name", "first_name", "last_name", "email", "phone", "company", "timezone", "external_id"})
KNOWN_FIELDS = _TEXTS | {"tags", "attributes"}
SENDER_FIELDS: Mapping[str, str] = {
    "unsubscribe_url": "set TOUCHLINE_PUBLIC_URL and TOUCHLINE_SECRET_KEYS, with which its link is made",
    "postal_address": "set the tenant's postal address",
}
"""What the sender, not the contact, has for the bodies of emails; and what gives each its value."""
_DOTTED = re.compile(r"[^\W\d][\w-]*")


class Missing(FalsyStrictUndefined):
    """A field without a value: false in `if`, replaced by `default`, an error anywhere else."""

    def __init__(self, name: str, *, token: Token | None = None, obj: object = None, hint: str | None = None) -> None:
        super().__init__(name, token=token, obj=obj, hint=name)


class _Fields(dict[str, object]):
    """Values by name, where any other name is missing rather than looked up further."""

    __slots__ = ()

    def __init__(self, values: Mapping[str, object]) -> None:
        super().__init__({name: value for name, value in values.items() if value not in (None, "")})

    def __missing__(self, name: str) -> Missing:
        return Missing(str(name))


class _Attributes(_Fields):
    """Further columns, found however their names are written."""

    __slots__ = ()

    def __getitem__(self, name: object) -> object:
        return super().__getitem__(column_name(str(name)))

    def __missing__(self, name: str) -> Missing:
        return Missing(_attribute(name))


def values_of(contact: Contact, sender: Mapping[str, str | None]) -> Mapping[str, object]:
    """What a contact, and the sender, have for each field."""
    return _Fields(
        {
            "name": contact.name,
            "first_name": contact.first_name,
            "last_name": contact.last_name,
            "email": contact.email,
            "phone": contact.phone,
            "company": contact.company,
            "timezone": contact.timezone,
            "external_id": contact.external_id,
            "tags": list(contact.tags),
            "attributes": _Attributes(contact.attributes),
            **sender,
        }
    )


class _SampleAttributes(_Attributes):
    """Columns of any name."""

    __slots__ = ()

    def __missing__(self, name: str) -> str:  # type: ignore[override]
        return _SAMPLE


_SAMPLE = "a value of usual length"
_SAMPLE_TAGS = 10


def sample_values() -> Mapping[str, object]:
    """A contact, and a sender, with something in each field."""
    texts = dict.fromkeys([*_TEXTS, *SENDER_FIELDS], _SAMPLE)
    return _Fields({**texts, "tags": [_SAMPLE] * _SAMPLE_TAGS, "attributes": _SampleAttributes({"sample": _SAMPLE})})


def complaint(variable: Variable, *, email_body: bool) -> tuple[str, str] | None:
    """Message and hint about a name that can have no value, whoever the contact is."""
    root, *rest = variable.segments
    if not isinstance(root, str):
        return f"`{variable}` names no field", "a merge field begins with a name: {{ name }}"
    if root == "attributes":
        return _attribute_complaint(variable, rest)
    if root == "tags":
        if rest and rest not in (["size"], ["first"], ["last"]) and not isinstance(rest[0], int):
            return f"`tags` has no part `{rest[0]}`", "use tags.size, tags.first, tags.last or a loop"
    elif root in SENDER_FIELDS and not email_body:
        return f"`{root}` has a value only in the `body` and `html` of an email", "move it there, or remove it"
    elif root in _TEXTS or root in SENDER_FIELDS:
        if rest and rest != ["size"]:
            return f"`{root}` has no part `{rest[0]}`", f"write {{{{ {root} }}}}"
    else:
        known = KNOWN_FIELDS | SENDER_FIELDS.keys() if email_body else KNOWN_FIELDS
        near = get_close_matches(str(root), known, 1)
        mean = f"did you mean `{near[0]}`? " if near else f"fields here: {', '.join(sorted(known))}; "
        return f"unknown merge field `{variable}`", f"{mean}custom columns are written {_attribute(str(root))}"
    return None


def _attribute_complaint(variable: Variable, rest: Sequence[object]) -> tuple[str, str] | None:
    if len(rest) != 1:
        return f"`{variable}` names no column", "a custom column is written {{ attributes.column }}"
    if not isinstance(rest[0], str):  # a number, or a name that only the contact knows
        return None
    name = column_name(rest[0])
    if not 0 < len(name) <= MAX_COLUMN_NAME:
        return f"`{variable}` names no column", f"the name of a column has 1 to {MAX_COLUMN_NAME} characters"
    if name in COLUMNS:
        hint = f"write {{{{ {name} }}}}" if name in KNOWN_FIELDS else "remove it; a text cannot show it"
        return f"`{variable}` never has a value: the column `{name}` is no attribute", hint
    return None


def _attribute(name: str) -> str:
    """How a template names an attribute."""
    if _DOTTED.fullmatch(name):
        return f"attributes.{name}"
    quote = "'" if '"' in name else '"'
    return f"attributes[{quote}{name}{quote}]"
