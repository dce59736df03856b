"""How long what the stores hold may be."""

MAX_ID_CHARACTERS = 128
MAX_TEXT_CHARACTERS = 4_000
