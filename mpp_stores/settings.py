"""Addresses and credentials of every store, read from `MPP_*` environment variables.

Each program has one settings class of its own that extends this one
(`PipelineSettings`, `ApiSettings`), read once when it starts. Nothing that
holds a password has a default: a missing address stops the program with the
variable's name.
"""

from pathlib import Path

from pydantic import SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

CAMPAIGNS_FILE = "campaigns.json"

# Of the addresses that are shown as they are.
_CREDENTIALS_BESIDE = {
    "neo4j_uri": "MPP_NEO4J_USER and MPP_NEO4J_PASSWORD",
    "milvus_uri": "MPP_MILVUS_TOKEN",
}


class StoreSettings(BaseSettings):
    """Where the five stores and the lake are.

    URLs that can carry a password are secrets: `repr` and logs show `**********`. The others are
    refused with one. A variable that is set to nothing counts as not set.
    """

    model_config = SettingsConfigDict(
        env_prefix="MPP_", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    home: Path = Path(".mpp")
    postgres_url: SecretStr
    neo4j_uri: str
    neo4j_user: str = "neo4j"
    neo4j_password: SecretStr
    neo4j_database: str = "neo4j"
    mongo_uri: SecretStr
    mongo_database: str = "mpp"
    milvus_uri: str
    milvus_token: SecretStr = SecretStr("")
    redis_url: SecretStr

    @field_validator(*_CREDENTIALS_BESIDE)
    @classmethod
    def _holds_no_credentials(cls, uri: str, info: ValidationInfo) -> str:
        name = str(info.field_name)
        if "@" in uri:
            own = _CREDENTIALS_BESIDE[name]
            raise ValueError(f"MPP_{name.upper()} holds credentials: set {own} instead")
        return uri

    @property
    def lake(self) -> Path:
        """Root of the Parquet datasets; `mpp_stores.lake` names what is below it."""
        return self.home / "lake"

    @property
    def landing(self) -> Path:
        """Where conversation files land, one file a batch."""
        return self.home / "landing"

    @property
    def campaigns_file(self) -> Path:
        """What `mpp campaigns FILE` wrote; see `mpp_stores.campaigns`."""
        return self.home / CAMPAIGNS_FILE

    @property
    def withdrawn(self) -> Path:
        """Where `mpp withdraw` moves a landed file to."""
        return self.home / "withdrawn"

    @property
    def reports(self) -> Path:
        """Where the analytics report is written."""
        return self.home / "reports"
