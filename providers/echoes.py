"""What a server says, without our password: some repeat a command that they do not understand, AUTH as any other."""

import re
from base64 import b64decode
from binascii import Error

_SHORTEST = 4
"""Characters of a password that is looked for: a shorter one is part of half of all words."""
_BASE64 = re.compile(r"[A-Za-z0-9+/]{4,}={0,2}")


def without(said: str, password: str) -> str:
    """The words with `…` in place of the password, plain or in base64 as the mechanisms of SASL send it."""
    if len(password) < _SHORTEST:
        return said
    secret = password.encode()

    def hidden(token: re.Match[str]) -> str:
        try:
            return "…" if secret in b64decode(token[0], validate=True) else token[0]
        except Error:
            return token[0]

    return _BASE64.sub(hidden, said.replace(password, "…"))
