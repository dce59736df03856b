"""What an id of a user, a campaign or a message can be."""

from typing import Final

# Postgres cannot hold NUL in text, so no stored id contains it.
ID_PATTERN: Final = r"^[^\x00]+$"
