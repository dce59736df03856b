"""Settings of the pipeline, beyond the stores' addresses."""

from typing import Any

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mpp_stores.contract import ContractSettings
from mpp_stores.embedding_model import BUNDLED_MODEL
from mpp_stores.ranking import RankingConfiguration


class PipelineSettings(ContractSettings):
    """What a run needs: the stores, and how to compute.

    `embedding_model` is any SentenceTransformer name or path whose vectors have
    `EMBEDDING_DIMENSION` numbers; the default comes with a package, so nothing
    is downloaded. `kept_releases` is how many of the releases published last can be
    served again. `kept_exposure_days` is how long it is known what replies showed: always,
    where it is not set. `ranking` goes with what is published from now on. Its values can be
    set one by one: `MPP_RANKING__DIVERSITY`, `MPP_RANKING__WEIGHTS__GRAPH`.
    """

    model_config = SettingsConfigDict(env_nested_delimiter="__")

    embedding_model: str = BUNDLED_MODEL
    topic_count: int = Field(default=8, ge=1)
    kept_releases: int = Field(default=3, ge=1)
    kept_exposure_days: int | None = Field(default=None, ge=1)
    ranking: RankingConfiguration = RankingConfiguration()


class SparkSettings(BaseSettings):
    """How to reach Spark. Holds no secret, so definitions load without any store.

    `driver_host` is where a cluster's executors reach the driver; it listens nowhere else.
    `executor_memory` is the heap of each executor of a cluster, without its Python workers.
    `driver_java_options` suit runs of seconds: the JVM's first compiler and its smallest
    garbage collector. That compiler alone gets 48 MB for its code, which a backfill fills within
    minutes, and then compiles no more: 240 MB are what both compilers get. Runs of many minutes
    on `local[*]` are better off without them: set to nothing it means none, where any other
    setting that is set to nothing is the default.
    """

    model_config = SettingsConfigDict(env_prefix="MPP_SPARK_", extra="ignore")

    master: str = "local[*]"
    driver_host: str = "127.0.0.1"
    driver_memory: str = "2g"
    executor_memory: str = "1g"
    driver_java_options: str = (
        "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC"
    )
    shuffle_partitions: int = 4

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_the_default(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {
            name: value
            for name, value in values.items()
            if value != "" or name == "driver_java_options"
        }
