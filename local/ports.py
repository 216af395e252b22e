"""Ports for the local stack's servers."""

import socket
from random import SystemRandom

from domain.errors import NotReady

LOOPBACK = "127.0.0.1"

_QUIET = range(20_000, 32_000)
"""Below those that Linux, macOS and Windows hand out: between our look at one and its server's start nobody is given
it, and a stack that starts again finds its own still free."""
_TRIES = 100


def free_port(*preferred: int | None, host: str = LOOPBACK) -> int:
    """The first preferred port that is free, else any free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in (*(p for p in preferred if p), *SystemRandom().sample(_QUIET, _TRIES), 0):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise NotReady(f"no free port on {host}")
