"""The jobs of the pipeline that `mpp` launches or watches, by their names in Dagster."""

from typing import Final

LAND: Final = "land"
REFRESH_DAYS: Final = "refresh_days"
REFRESH: Final = "refresh"
CHECK: Final = "check"
SCRUB_USER: Final = "scrub_user"
COMPLETE_ERASURE: Final = "complete_erasure"

REFRESHING: Final = frozenset({REFRESH_DAYS, REFRESH})
PUBLISHING: Final = REFRESHING | {LAND}
"""What leads from a landed file to a release."""

ERASING: Final = PUBLISHING | {SCRUB_USER, COMPLETE_ERASURE}
