from enum import StrEnum


class ReleaseState(StrEnum):
    CURRENT = "current"
    LAST_KNOWN = "last-known"
