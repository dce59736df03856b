"""What an id of a user, a campaign, a message or a release can be. White space around one does
not count, as in the landed events."""

from typing import Annotated, Final

from pydantic import StringConstraints

from mpp_stores.bounds import MAX_ID_CHARACTERS

# Postgres cannot hold NUL in text, so no stored id contains it; and some of it is no white space.
ID_PATTERN: Final = r"^[^\x00]*[^\x00\s][^\x00]*$"

StoredId = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=MAX_ID_CHARACTERS,
        pattern=ID_PATTERN,
    ),
]
