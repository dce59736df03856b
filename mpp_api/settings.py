"""What the service can be told through `MPP_API_*`, besides the stores' addresses."""

import re
from pathlib import Path
from typing import Final

import limits
from pydantic import Field, field_validator

from mpp_api.observability.logs import LogFormat
from mpp_stores import api_keys
from mpp_stores.contract import ContractSettings
from mpp_stores.embedding_model import BUNDLED_MODEL
from mpp_stores.redis.cache import DEFAULT_TIMEOUT_SECONDS

_ORIGIN: Final = re.compile(r"https?://[^/?#*\s]+")
_STORES_SHARE: Final = 0.9


class ApiSettings(ContractSettings):
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
    api_batch_deadline_ms: int = Field(
        default=25_000, gt=0, description="Within how long a batch of recommendations is complete."
    )
    api_leg_timeout_seconds: float = Field(
        default=1.2, gt=0, description="How long one store may take before the reply does without."
    )
    api_cache_timeout_seconds: float = Field(
        default=DEFAULT_TIMEOUT_SECONDS,
        gt=0,
        description="How long Redis may take before a reply is computed without it.",
    )
    api_computed_at_once: int = Field(
        default=4,
        ge=1,
        description="How many recommendations one process computes at the same time.",
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
        description="How long a look at the current release, the erased users and the stores' "
        "health is good for.",
    )
    api_stale_after_hours: float = Field(
        default=30.0, gt=0, description="Age at which a release counts as stale: a day and a bit."
    )
    api_events_rotate_seconds: float = Field(
        default=60.0,
        gt=0,
        description="Age at which the events that POST /events collected become a batch.",
    )
    api_keys_file: Path | None = Field(
        default=None, description="The callers' keys; by default api-keys.json in MPP_HOME."
    )

    api_rate_limit: str = Field(
        default="12000/minute",
        description="Requests of one key, over all processes: a number and a window.",
    )
    api_cors_origins: str = Field(
        default="", description="Origins whose pages may call this service, with commas between."
    )
    api_behind_tls: bool = Field(
        default=False, description="Tell browsers to come back by TLS only (HSTS)."
    )
    api_log_format: LogFormat = Field(default=LogFormat.JSON, description="json or text.")
    api_otlp_endpoint: str = Field(
        default="", description="URL that takes OpenTelemetry traces; none are made without."
    )

    @field_validator("api_rate_limit")
    @classmethod
    def _is_rate(cls, value: str) -> str:
        try:
            rates = limits.parse_many(value)
        except ValueError:
            rates = []
        if len(rates) != 1 or rates[0].amount == 0:
            raise ValueError("MPP_API_RATE_LIMIT is one rate above 0, like 600/minute or 20/second")
        return value

    @field_validator("api_cors_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        for origin in _separated(value):
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is no origin: write https://host or http://host:port")
        return value

    @property
    def rate_limit(self) -> limits.RateLimitItem:
        return limits.parse(self.api_rate_limit)

    @property
    def cors_origins(self) -> list[str]:
        return _separated(self.api_cors_origins)

    @property
    def keys_file(self) -> Path:
        return self.api_keys_file or self.home / api_keys.FILE_NAME

    @property
    def store_seconds(self) -> float:
        """How long the stores may take for a reply: the rest of its time is for ranking,
        explaining and sending."""
        return self.api_deadline_ms / 1_000 * _STORES_SHARE

    @property
    def batch_store_seconds(self) -> float:
        """The same for all replies of a batch together."""
        return self.api_batch_deadline_ms / 1_000 * _STORES_SHARE


def _separated(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
