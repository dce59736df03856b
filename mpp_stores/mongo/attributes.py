"""The input's unknown fields: JSON text on the way in and out, an embedded document at rest.

Whatever JSON a producer sends has to be storable, and queryable by path:

- `%`, `.`, `$` and NUL in a key are percent-encoded, `a.b` becomes `a%2Eb`: a raw dot
  cannot be addressed in a path, and drivers read `$ref`, `$oid` and the like as types.
- A number that no BSON type holds (an integer beyond 64 bits, an infinity, NaN) is
  kept as its text. It is the one thing that reads back as another JSON type.
- A lone surrogate, which JSON can escape and UTF-8 cannot hold, becomes U+FFFD.
"""

import json
import math
from typing import Any
from urllib.parse import unquote

_ESCAPED = str.maketrans({"%": "%25", ".": "%2E", "$": "%24", "\0": "%00"})
_INT64 = range(-(2**63), 2**63)


def to_document(text: str | None) -> Any:
    """`ValueError` when the text is not JSON."""
    if text is None:
        return None
    return _stored(json.loads(text, parse_int=_integer, parse_float=_float, parse_constant=str))


def from_document(stored: Any) -> Any:
    if isinstance(stored, dict):
        return {unquote(key): from_document(value) for key, value in stored.items()}
    if isinstance(stored, list):
        return [from_document(value) for value in stored]
    return stored


def to_text(stored: Any) -> str | None:
    """JSON with sorted keys, so that equal documents read as equal text."""
    return None if stored is None else json.dumps(from_document(stored), sort_keys=True)


def _stored(value: Any) -> Any:
    if isinstance(value, dict):
        return {_utf8(key).translate(_ESCAPED): _stored(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_stored(inner) for inner in value]
    return _utf8(value) if isinstance(value, str) else value


def _utf8(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _integer(digits: str) -> int | str:
    # Longer texts are refused by int() as a denial-of-service guard.
    max_digits = len(str(_INT64.start))
    return int(digits) if len(digits) <= max_digits and int(digits) in _INT64 else digits


def _float(digits: str) -> float | str:
    number = float(digits)
    return number if math.isfinite(number) else digits
