"""Addresses in the one spelling under which they are stored, compared and suppressed."""

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


def _is_mexican_mobile(number: phonenumbers.PhoneNumber) -> bool:
    """Whether it has the 1 that the plan dropped in 2019, and that WhatsApp still has."""
    return number.country_code == 52 and len(spellings(phonenumbers.format_number(number, PhoneNumberFormat.E164))) > 1
