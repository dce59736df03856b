"""Finding a user's id in text that cannot be parsed."""

import re
from collections.abc import Iterable

_WORD = r"[\w-]"


class Mention:
    """An id as a word of its own: `u-1` occurs in `"u-1"` and not in `u-12`.

    Each of its characters may be written as JSON escapes it. NUL characters are passed
    over, so that UTF-16 text, read as if it were UTF-8, is searched as well.
    """

    def __init__(self, user_id: str) -> None:
        self._longest = sum(len(_escaped(character)) for character in user_id) + 2
        characters = (
            f"(?:{re.escape(character)}|(?i:{re.escape(_escaped(character))}))"
            for character in user_id
        )
        self._pattern = re.compile(f"(?<!{_WORD}){''.join(characters)}(?!{_WORD})")

    def occurs_in(self, pieces: Iterable[str]) -> bool:
        """Whether it occurs in the text that the pieces make up, which is not held."""
        held = ""
        for piece in pieces:
            held += piece.replace("\0", "")
            match = self._pattern.search(held)
            # At the very end the next piece may go on with the word.
            if match and match.end() < len(held):
                return True
            held = held[-self._longest :]
        return self._pattern.search(held) is not None


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
