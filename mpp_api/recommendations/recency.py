"""Old evidence counts less: by half every `half_life_days` before the release's last day.

Exponential decay by half-life, as in Ding & Li, "Time Weight Collaborative Filtering",
CIKM 2005. Ages are measured from the end of the release's last event day instead of from
now, so that a release ranks the same campaigns in the same order for as long as it is served.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RecencyDecay:
    data_through: date
    half_life_days: float

    def at(self, moment: datetime) -> float:
        """In (0, 1]: 1 at the end of the last day, 0.5 a half-life earlier."""
        end = datetime.combine(self.data_through, time.min, UTC) + _DAY
        age_days = max((end - moment) / _DAY, 0.0)
        return float(0.5 ** (age_days / self.half_life_days))
