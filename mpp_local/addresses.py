"""Addresses as people may see them."""

import re

_HOST = r"(?:[\w.%-]+|\[[^]@]+])(?::\d+)?"
_ADDRESS = re.compile(
    rf"(?P<scheme>[a-z][a-z0-9+.-]*://)(?:[^/?#]*@)?(?P<hosts>(?:{_HOST}(?:,{_HOST})*)?)"
    "(?:[/?#][^@]*)?",
    re.IGNORECASE,
)
"""An @ behind the hosts is a password's that has a / or the like before it: then what is in
their place may be a piece of the password."""


def is_malformed(url: str) -> bool:
    """Whether it is no URL, or has a password that is not percent-encoded: a driver takes a piece
    of that for a host or a port, and its error shows it."""
    return _ADDRESS.fullmatch(url) is None


def without_credentials(url: str) -> str:
    """`scheme://host:port` of a URL: no user, password, path or option."""
    found = _ADDRESS.fullmatch(url)
    return found["scheme"] + found["hosts"] if found else "a malformed address"
