"""What browsers are told about every reply."""

import base64
import hashlib
import re
from typing import Final

# The explorer's page needs no more; to JSON it means nothing.
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
REPORT_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""A file with its style and its pictures inside, and no script."""

_A_YEAR: Final = 31_536_000
_INLINE_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)

Header = tuple[bytes, bytes]


def always_sent(*, is_behind_tls: bool) -> list[Header]:
    """With every reply. Only a service that is reached by TLS may forbid everything else."""
    headers = [(b"X-Content-Type-Options", b"nosniff"), (b"Referrer-Policy", b"no-referrer")]
    if is_behind_tls:
        headers.append((b"Strict-Transport-Security", f"max-age={_A_YEAR}".encode()))
    return headers


SENT_IF_ABSENT: Final[list[Header]] = [
    (b"content-security-policy", PAGE_POLICY.encode()),
    # Replies are for one caller; no proxy and no browser may keep them.
    (b"cache-control", b"no-store"),
]


def docs_policy(page: str) -> str:
    """Of Swagger UI's page, whose inline script is known by its hash."""
    scripts = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in _INLINE_SCRIPT.findall(page)
    )
    return PAGE_POLICY.replace(
        "script-src 'self'; style-src 'self'",
        f"script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'",
    )
