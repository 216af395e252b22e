"""Addresses in the one spelling under which they are stored, compared and suppressed."""

import re

import email_validator
import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from content.spellings import spellings

# Only the syntax is judged: an intranet's `.local` and the reserved `.test` are addresses like any other.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

_CANNOT_PARSE = {
    NumberParseException.INVALID_COUNTRY_CODE: "its country code does not exist",
    NumberParseException.NOT_A_NUMBER: "it is not a phone number",
    NumberParseException.TOO_SHORT_AFTER_IDD: "it is too short",
    NumberParseException.TOO_SHORT_NSN: "it is too short",
    NumberParseException.TOO_LONG: "it is too long",
}
_CANNOT_BE = {
    ValidationResult.INVALID_COUNTRY_CODE: "its country code does not exist",
    ValidationResult.TOO_SHORT: "it is too short",
    ValidationResult.TOO_LONG: "it is too long",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "its area code is missing",
    ValidationResult.INVALID_LENGTH: "no number of that country has this length",
}


def normal_email(text: str) -> str:
    """An email address in lower case, its domain in ASCII; raises ValueError with the reason.

    The part before the @ is lowered too: no mailbox provider tells two people apart by it, and people type it
    both ways. No DNS is asked.
    """
    try:
        address = email_validator.validate_email(
            text.strip(), check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except email_validator.EmailNotValidError as error:
        reason = str(error).rstrip(".")
        raise ValueError(reason[:1].lower() + reason[1:]) from None
    # Without SMTPUTF8 there is always an ASCII form.
    return str(address.ascii_email).lower()


_ROUNDED = re.compile(r"[+-]?\d+([.,]\d+)?[eE][+-]?\d+")

_FICTITIOUS = re.compile(
    # NANPA: 555-0100 to 555-0199 of any area code.
    r"\+1[2-9]\d\d55501\d\d"
    # Twilio's own test numbers.
    r"|\+1500555\d{4}"
    # Ofcom, "Telephone numbers for use in TV and radio drama programmes".
    r"|\+44(7700900\d{3}|1632960\d{3}|1\d14960\d{3}|1914980\d{3}|2079460\d{3}|2890180\d{3}|2920180\d{3}"
    r"|8081570\d{3}|9098790\d{3}|3069990\d{3})"
    # ComReg, ACMA, ARCEP, Bundesnetzagentur.
    r"|\+35320910?\d{4,5}"
    r"|\+61(491570\d{3}|[2378]5550\d{4}|[2378]7010\d{4})"
    r"|\+33(19900|26191|35301|46571|53649|63998)\d{4}"
    r"|\+49(30231250?\d{2}|6990009\d{3}|40669690?\d{2}|2214710?\d{3}|8999998\d{3}|171392\d{5}|176040690\d{2})"
)
"""Numbers that authorities keep free for films and books; no numbering plan gives them to anybody."""


def is_region(region: str) -> bool:
    """Whether this is a country (ISO 3166 alpha-2) with a telephone numbering plan."""
    return region in phonenumbers.SUPPORTED_REGIONS


def normal_phone(text: str, region: str) -> str:
    """A phone number in E.164, read as `region` dials it when it has no country code.

    Judged by length, not by assigned ranges: those grow faster than anybody's copy of them. Raises ValueError
    with the reason.
    """
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException as error:
        raise ValueError(_CANNOT_PARSE[error.error_type]) from None
    verdict = phonenumbers.is_possible_number_with_reason(number)
    if verdict == ValidationResult.TOO_LONG and _is_mexican_mobile(number):
        verdict = ValidationResult.IS_POSSIBLE
    if verdict != ValidationResult.IS_POSSIBLE:
        raise ValueError(_CANNOT_BE[verdict])
    if number.extension:
        raise ValueError("it has an extension, which no message can reach")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def assigned_phone(text: str, region: str) -> str:
    """A phone number in E.164 that may be written to: a numbering plan has it, or keeps it free for fiction.

    Plans grow, and so does the library's copy of them: a new area code needs its newer release. Raises ValueError with
    the reason.
    """
    if _ROUNDED.fullmatch(text.strip()):
        raise ValueError("a spreadsheet has rounded it; format the column as text there, and export again")
    number = normal_phone(text, region)
    if not phonenumbers.is_valid_number(phonenumbers.parse(number)) and not _FICTITIOUS.fullmatch(number):
        raise ValueError("no numbering plan has this number")
    return number


def has_country_code(text: str) -> bool:
    """Whether a phone number says by itself to which country it belongs."""
    try:
        phonenumbers.parse(text, None)
    except NumberParseException:
        return False
    return True


def _is_mexican_mobile(number: phonenumbers.PhoneNumber) -> bool:
    """Whether it has the 1 that the plan dropped in 2019, and that WhatsApp still has."""
    return number.country_code == 52 and len(spellings(phonenumbers.format_number(number, PhoneNumberFormat.E164))) > 1
