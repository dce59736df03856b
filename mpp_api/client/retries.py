"""When a call that failed is made once more."""

import random
from dataclasses import dataclass

from mpp_api.client.errors import ApiFailure, ProblemAnswer

_FIRST_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Retries:
    """`budget_seconds` bounds what one call may wait in all, `most` how often it is repeated.

    The API's Retry-After is obeyed; where it exceeds what is left of the budget, the failure
    is raised at once. Without one, pauses double and are jittered, so that clients that failed
    together do not come back together.
    """

    budget_seconds: float = 10.0
    most: int = 4

    def pause(self, failure: ApiFailure, *, tried: int, waited: float) -> float | None:
        """Seconds to wait before the next try, after `tried` tries; None: give up."""
        if not failure.retryable or tried > self.most:
            return None
        seconds = failure.retry_after_seconds if isinstance(failure, ProblemAnswer) else None
        if seconds is None:
            longest = _FIRST_SECONDS * 2 ** (tried - 1)
            seconds = random.uniform(longest / 2, longest)  # noqa: S311 not a secret
        return seconds if waited + seconds <= self.budget_seconds else None


NO_RETRIES = Retries(budget_seconds=0.0, most=0)
