"""Unix time in microseconds, for stores that have no exact type for times."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(moment: datetime) -> int:
    """Since 1970 UTC, of a time with its zone; negative before."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """In UTC."""
    return _EPOCH + microseconds * _MICROSECOND
