"""What the columns of a contact file are taken for: by our own names, or by those of well-known exports."""

import unicodedata
from collections.abc import Sequence
from typing import Literal

from pydantic import ConfigDict

from domain.base import Frozen
from domain.contact import ATTRIBUTE, COLUMNS, FILE_COLUMNS, MAX_COLUMN_NAME, column_name
from domain.errors import TouchlineError
from starter.contacts.fields import is_one_line

_MOST_COLUMNS = 500
"""More than anybody tells apart; a line has room for a hundred thousand."""

Role = Literal["first_name", "last_name", "country"]
"""What an attribute is read for besides: the name is joined of two, and the country decides about national numbers."""

_ALIASES: dict[str, tuple[str, ...]] = {
    "external_id": ("contact id", "record id", "record id contact", "lead id", "customer id", "kundennummer", "id"),
    "name": (
        *("full name", "display name", "contact name", "file as", "vollstandiger name", "nombre completo"),
        *("nom complet", "nome completo", "volledige naam"),
    ),
    "email": (
        *(
            "email address",
            "e mail address",
            "e mail 1 value",
            "email 1 value",
            "e mail adresse",
            "mail",
            "emailadresse",
        ),
        *(
            "correo",
            "correo electronico",
            "direccion de correo electronico",
            "courriel",
            "adresse e mail",
            "adresse email",
        ),
        *("adresse mail", "posta elettronica", "indirizzo email", "indirizzo e mail", "e mailadres", "primary email"),
        *("endereco de email", "endereco de e mail", "work email", "email 1", "e mail 1"),
    ),
    "phone": (
        *(
            "mobile phone",
            "mobile",
            "mobile number",
            "mobile phone number",
            "cell phone",
            "cell",
            "handy",
            "mobiltelefon",
        ),
        *("mobilnummer", "movil", "telefono movil", "portable", "telephone portable", "cellulare", "celular", "gsm"),
        *(
            "phone number",
            "primary phone",
            "phone 1 value",
            "telephone",
            "telephone number",
            "telefon",
            "telefonnummer",
        ),
        *("telefono", "numero de telefono", "numero de telephone", "telefone", "telefoon", "telefoonnummer", "tel"),
        *("business phone", "home phone", "work phone", "sms phone number", "whatsapp"),
    ),
    "company": (
        *("company name", "account name", "organization name", "organization 1 name", "organization", "organisation"),
        *("business name", "firma", "unternehmen", "empresa", "entreprise", "societe", "azienda", "bedrijf"),
    ),
    "timezone": ("tz", "zeitzone", "zona horaria", "fuseau horaire", "fuso orario", "fuso horario", "tijdzone"),
    "tags": ("labels", "group membership", "categories", "etiquetas", "etiquettes", "schlagworte", "kategorien"),
}
"""Headers in any case, without accents and signs, the likelier first, of Google Contacts, Outlook, HubSpot, Salesforce,
Mailchimp, GoHighLevel and Apple's exporters, and of files in six languages."""

_ROLES: dict[str, Role] = {
    **dict.fromkeys(("first name", "given name", "vorname", "prenom", "voornaam"), "first_name"),
    **dict.fromkeys(("primer nombre", "primeiro nome"), "first_name"),
    **dict.fromkeys(("last name", "family name", "surname", "nachname", "familienname"), "last_name"),
    **dict.fromkeys(("nom de famille", "apellido", "apellidos", "cognome", "sobrenome", "achternaam"), "last_name"),
    **dict.fromkeys(("country", "country code", "country region", "country or region", "mailing country"), "country"),
    **dict.fromkeys(("business country region", "home country region", "address 1 country", "land"), "country"),
    **dict.fromkeys(("pais", "pays", "paese", "nazione", "country name"), "country"),
}


class Column(Frozen):
    """A column of a file, and what it was taken for."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    header: str
    """As the file writes it."""
    taken_for: str | None
    """A field of the contact, or `attributes.` and a name; null: it has no name, and is left out."""
    also: Role | None = None
    """What it is read for besides: parts of the name, or the country of phone numbers without a country code."""


def read_columns(names: Sequence[str], key: str) -> list[Column] | None:
    """What each column is; None when none is the one that contacts are known by.

    Raises TouchlineError for a header that names something twice, or in a way that cannot be used.
    """
    if len(names) > _MOST_COLUMNS:
        raise TouchlineError(
            f"the header names {len(names):,} columns, at most {_MOST_COLUMNS} are allowed",
            hint="Leave out the columns that no text and no condition names.",
        )
    taken = [_own(name) for name in names]
    for field, aliases in _ALIASES.items():
        if field not in taken and (index := _first(names, taken, aliases)) is not None:
            taken[index] = field
    if key not in taken:
        return None
    _must_be_sound(names, taken)
    joined = "name" not in taken
    columns: list[Column] = []
    for name, own in zip(names, taken, strict=True):
        role = _PLAIN_ROLES.get(_plain(name)) if own and own.startswith(ATTRIBUTE) else None
        if role is not None and ((role != "country" and not joined) or any(c.also == role for c in columns)):
            role = None
        columns.append(Column(header=name.strip(), taken_for=own, also=role))
    return columns


def _own(written: str) -> str | None:
    """By our own names; any other is an attribute."""
    if not written.strip():
        return None
    name = column_name(written)
    return name if name in FILE_COLUMNS else ATTRIBUTE + column_name(name.removeprefix(ATTRIBUTE))


def _first(names: Sequence[str], taken: Sequence[str | None], aliases: Sequence[str]) -> int | None:
    plain = [
        _plain(name) if own and own.startswith(ATTRIBUTE) else None for name, own in zip(names, taken, strict=True)
    ]
    return next((plain.index(bare) for alias in aliases if (bare := _plain(alias)) in plain), None)


def _plain(written: str) -> str:
    """In lower case, without accents, signs and spaces."""
    bare = (sign for sign in unicodedata.normalize("NFKD", written.casefold()) if not unicodedata.combining(sign))
    return "".join(sign for sign in bare if sign.isalnum())


def _must_be_sound(names: Sequence[str], taken: Sequence[str | None]) -> None:
    seen: set[str] = set()
    for number, (written, column) in enumerate(zip(names, taken, strict=True), 1):
        if column is None:
            continue
        name = column.removeprefix(ATTRIBUTE)
        if not name:
            raise TouchlineError(f"column {number} of the header has no name", hint="Name it, or take it out.")
        if column not in FILE_COLUMNS and name in COLUMNS:
            raise TouchlineError(
                f"the header names an attribute {name}", hint=f"Call the column {name}: it is no attribute."
            )
        if column in seen:
            raise TouchlineError(f"the header names {name} twice", hint="Rename one of the two, or take it out.")
        seen.add(column)
        if len(name) > MAX_COLUMN_NAME or not is_one_line(written.strip()):
            raise TouchlineError(
                f"the name of column {number} cannot be used",
                hint=f"Use up to {MAX_COLUMN_NAME} characters of text on one line; is the encoding right?",
            )


_PLAIN_ROLES = {_plain(name): role for name, role in _ROLES.items()}
