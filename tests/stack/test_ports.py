"""Servers get ports that stay theirs."""

import socket

from local.ports import LOOPBACK, free_port

HANDED_OUT_FROM = 32_768
"""The lowest port that Linux gives to whoever asks for any; other systems begin higher."""


def test_a_preferred_port_is_taken_where_it_is_free() -> None:
    """And where it is not, another one."""
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = int(taken.getsockname()[1])
        assert free_port(None, port) != port
    assert free_port(None, port) == port


def test_any_port_is_one_that_nobody_else_is_given() -> None:
    """Between the look at it and the server's start, and while the server is away, it goes to no connection."""
    assert all(1024 < free_port() < HANDED_OUT_FROM for _ in range(20))
