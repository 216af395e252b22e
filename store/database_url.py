"""The database's URL, read by us first: drivers repeat what they cannot read, and that may be a password."""

import re
from urllib.parse import parse_qsl

from domain.errors import NotReady

_ENCODED = r"%[0-9A-Fa-f]{2}"
_HOST = rf"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~-]|{_ENCODED})*)(?::[0-9]{{1,5}})?"
_URL = re.compile(
    rf"postgres(?:ql)?://(?:(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|{_ENCODED})*@)?{_HOST}(?:,{_HOST})*"
    r"(?:/[^?#@\s]*)?(?:\?(?P<query>[^#@\s]*))?"
)
_SSL_MODES = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})
_HINT = (
    "write TOUCHLINE_DATABASE_URL as postgres://user:password@host:5432/database, and percent-encode the password:"
    ' python3 -c "from urllib.parse import quote; print(quote(input(), safe=str()))"'
)
_LOGIN = re.compile(r"//\S*@")


def checked(url: str) -> str:
    """The URL, if both drivers read it as it is meant. Raises NotReady that repeats nothing of it."""
    match = _URL.fullmatch(url)
    try:
        if match is None:
            raise ValueError("no such URL")
        query = match["query"]
        asked = dict(parse_qsl(query, strict_parsing=True, keep_blank_values=True)) if query else {}
    except ValueError:
        raise NotReady("the URL of the database cannot be read", hint=_HINT) from None
    if asked.get("sslmode", "disable") not in _SSL_MODES or not asked.get("port", "0").isdecimal():
        raise NotReady("the URL of the database asks for a port or an sslmode that there is not", hint=_HINT)
    return url


def without_login(said: str) -> str:
    """What a program said that may have repeated the URL."""
    return _LOGIN.sub("//…@", said)


def words_of(error: Exception) -> str:
    """What a driver says of a database that cannot be used; of a value that it cannot read only that it cannot."""
    return "the driver cannot read its URL" if isinstance(error, ValueError) else without_login(str(error))
