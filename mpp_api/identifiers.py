"""What an id of a user, a campaign, a message or a release can be."""

from typing import Annotated, Final

from pydantic import StringConstraints

from mpp_stores.bounds import MAX_ID_CHARACTERS

# Postgres cannot hold NUL in text, so no stored id contains it.
ID_PATTERN: Final = r"^[^\x00]+$"

StoredId = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_ID_CHARACTERS, pattern=ID_PATTERN)
]
