"""What the service can be told through `MPP_API_*`, besides the stores' addresses."""

from pathlib import Path

from pydantic import Field

from mpp_stores import api_keys
from mpp_stores.embedding_model import BUNDLED_MODEL
from mpp_stores.settings import StoreSettings


class ApiSettings(StoreSettings):
    """Read once, when the app is created. The defaults suit a laptop and production alike."""

    embedding_model: str = Field(
        default=BUNDLED_MODEL,
        description="What the texts of requests are embedded by: the pipeline's setting.",
    )
    api_preload_model: bool = Field(
        default=True,
        description="Load the embedding model at the start, not for the first text.",
    )
    api_deadline_ms: int = Field(
        default=2_000, gt=0, description="Within how long a reply is complete, whatever is down."
    )
    api_leg_timeout_seconds: float = Field(
        default=1.2, gt=0, description="How long one store may take before the reply does without."
    )
    api_breaker_failures: int = Field(
        default=5, ge=1, description="After how many failures in a row a store is left alone."
    )
    api_breaker_seconds: float = Field(
        default=5.0, gt=0, description="For how long, before one request tries it again."
    )
    api_release_recheck_seconds: float = Field(
        default=1.0,
        gt=0,
        description="How long a look at the current release and the erased users is good for.",
    )
    api_stale_after_hours: float = Field(
        default=30.0, gt=0, description="Age at which a release counts as stale: a day and a bit."
    )
    api_keys_file: Path | None = Field(
        default=None, description="The callers' keys; by default api-keys.json in MPP_HOME."
    )

    @property
    def keys_file(self) -> Path:
        return self.api_keys_file or self.home / api_keys.FILE_NAME

    @property
    def store_seconds(self) -> float:
        """How long the stores may take for a reply: the rest of its time is for ranking,
        explaining and sending."""
        return self.api_deadline_ms / 1_000 * 0.9
