"""Addresses as people may see them."""

from urllib.parse import urlsplit


def without_credentials(url: str) -> str:
    """`scheme://host:port` of a URL: no user, password, path or option."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
