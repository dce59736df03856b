from enum import StrEnum


class Strategy(StrEnum):
    HYBRID = "hybrid"
    TEXT = "text"
    SESSION = "session"
    TRENDING = "trending"
