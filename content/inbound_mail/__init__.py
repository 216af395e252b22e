"""Email that comes in: `read` turns raw bytes into reports; `with_token` and `token_in` are our mark in an address."""

from content.inbound_mail.read import read
from content.inbound_mail.references import token_in, with_token

__all__ = ["read", "token_in", "with_token"]
