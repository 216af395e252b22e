"""The local stack's own key for signing links: made once, kept beside its other state."""

import os
import secrets
import tempfile
from pathlib import Path

_FILE = "secret_key"


def secret_key(folder: Path) -> str:
    """The folder's key, made when there is none; links stay valid as long as the folder is there."""
    file = folder / _FILE
    if file.exists():
        return file.read_text()
    key = secrets.token_urlsafe(32)
    # Readable to its owner alone from the start, and there as a whole or not at all.
    made, unfinished = tempfile.mkstemp(prefix=_FILE, dir=folder)
    with os.fdopen(made, "w") as sink:
        sink.write(key)
    Path(unfinished).replace(file)
    return key
