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


def without_credentials(url: str) -> str:
    """`scheme://host:port` of a URL: no user, password, path or option."""
    found = _ADDRESS.fullmatch(url)
    return found["scheme"] + found["hosts"] if found else "a malformed address"
