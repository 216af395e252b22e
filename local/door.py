"""What `./touchline` asks of a Python: whether it is fit, whether the environment is, and who uses the checkout.

Run as a file, with the standard library alone, by whatever Python there is: one too old to read this is not fit either.
"""

import contextlib
import fcntl
import hashlib
import operator
import re
import sys
from pathlib import Path

READY, STALE, UNFIT = 0, 3, 4
"""Exit statuses; whatever else a Python ends with, it cannot be used."""

_CHECKOUT = Path(__file__).resolve().parent.parent
_PROJECT = _CHECKOUT / "pyproject.toml"
_ENVIRONMENT = _CHECKOUT / ".venv"
_INSTALLED = _ENVIRONMENT / "touchline-installed"
"""Digest of what the environment was last brought up to, and of what that left."""
_HELD = 9
"""File descriptor of the checkout's folder: programs inherit it with its lock, and the kernel lets go of both with the
last of them, however that ends."""
_COMPARE = {">=": operator.ge, "<": operator.lt, "!=": operator.ne}


def fit() -> int:
    """Whether this Python is one that pyproject.toml asks for."""
    [wanted] = re.findall(r'^requires-python = "(.*)"$', _PROJECT.read_text(encoding="utf-8"), re.MULTILINE)
    return READY if all(map(_meets, wanted.split(","))) else UNFIT


def _meets(clause: str) -> bool:
    found = re.fullmatch(r"\s*(>=|<|!=)\s*([\d.]+?)(\.\*)?\s*", clause)
    if found is None:
        raise ValueError(f"requires-python has a clause that the front door cannot read: {clause}")
    sign, number, any_further = found.groups()
    version = tuple(map(int, number.split(".")))
    if not any_further:
        version = (*version, 0, 0)[:3]
    return bool(_COMPARE[sign](sys.version_info[: len(version)], version))


def enter() -> int:
    """As the environment's own Python: whether it can be used as it is; a program of the checkout from here on."""
    lock_shared()
    # After an upgrade to another minor version the same link leads to a Python that looks elsewhere for its packages.
    made_for = re.search(r"^version(?:_info)? = (\d+)\.(\d+)", (_ENVIRONMENT / "pyvenv.cfg").read_text(), re.MULTILINE)
    if fit() != READY or made_for is None or tuple(map(int, made_for.groups())) != sys.version_info[:2]:
        return UNFIT
    return READY if _INSTALLED.exists() and _INSTALLED.read_text() == _wanted() else STALE


def lock_shared() -> int:
    """Become a program of the checkout, after whoever makes its environment at the moment."""
    with contextlib.suppress(OSError):
        try:
            fcntl.flock(_HELD, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write("touchline: another ./touchline makes the environment; waiting for it\n")
            fcntl.flock(_HELD, fcntl.LOCK_SH)
    return READY


def lock_alone() -> int:
    """Become the only one, if nobody else is there; a file system without locks cannot say."""
    try:
        fcntl.flock(_HELD, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return UNFIT
    except OSError:
        return READY
    return READY


def installed() -> int:
    """Note that the environment has what is locked."""
    _INSTALLED.write_text(_wanted())
    return READY


def _wanted() -> str:
    digest = hashlib.sha256()
    for name in ("uv.lock", "pyproject.toml"):
        digest.update((_CHECKOUT / name).read_bytes())
    # Whoever adds or removes a package by other means changes its folder.
    for packages in _ENVIRONMENT.glob("lib/*/site-packages"):
        digest.update(str(packages.stat().st_mtime_ns).encode())
    return digest.hexdigest()


_ASKED = {"fit": fit, "enter": enter, "share": lock_shared, "alone": lock_alone, "installed": installed}

if __name__ == "__main__":
    sys.exit(_ASKED[sys.argv[1]]())
