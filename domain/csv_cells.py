"""Cells of a CSV file that a spreadsheet must not take for formulas, and back.

Which texts are dangerous is said by OWASP, "CSV Injection": those that begin with = + - @ (also in full width), a tab
or a line break.
"""

import json
import re
from datetime import datetime

_DANGEROUS = re.compile("'*\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]|'*[\t\r\n]|'+\\d[\\d .,:/()+-]*$")
_SHIELDED = re.compile("'+\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]|'+[\t\r\n]|'+\\d[\\d .,:/()+-]*$")
"""Also the apostrophe by which a spreadsheet keeps digits as text."""


def shielded(text: str) -> str:
    """The text with an apostrophe before it, where it could be taken for a formula; `unshielded` takes it away."""
    return f"'{text}" if _DANGEROUS.match(text) else text


def unshielded(cell: str) -> str:
    """What was shielded, as it was; any other cell stays as it is."""
    return cell[1:] if _SHIELDED.match(cell) else cell


def cell(value: object) -> object:
    """What a CSV writer is to write: texts shielded, times as RFC 3339, None as an empty cell, numbers as they are.

    Lists and objects are JSON.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, list | dict):
        return shielded(json.dumps(value, ensure_ascii=False, default=str))
    return value if value is None or isinstance(value, int | float) else shielded(str(value))
