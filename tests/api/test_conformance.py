"""schemathesis holds the running service against its own OpenAPI document."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mpp_api.dependencies import get_embedder
from mpp_api.embedding.embedder import TextEmbedder
from mpp_api.security.access import KEY_HEADER
from mpp_api.settings import ApiSettings
from mpp_stores.api_keys import Role
from mpp_stores.embedding_model import BUNDLED_MODEL
from mpp_stores.records import EMBEDDING_DIMENSION
from tests.api.keys import KEYS
from tests.api.live import live

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
EXAMPLES = 4
"""Of each operation, besides those that the document's bounds and its links make."""

# A query can be too long whatever is in it: schemathesis knows no 414.
CONFIGURATION = """
[checks.negative_data_rejection]
expected-statuses = ["4xx"]
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 404, 409, 414]
"""


class AnyText(TextEmbedder):
    """Embeds each text somewhere, without a model."""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [_direction(text) for text in texts]


def _direction(text: str) -> list[float]:
    vector = np.random.default_rng(list(text.encode())).normal(size=EMBEDDING_DIMENSION)
    unit: list[float] = (vector / np.linalg.norm(vector)).tolist()
    return unit


def test_no_request_makes_the_service_fail_or_answer_what_is_not_documented(
    own_settings: ApiSettings, tmp_path: Path
) -> None:
    """All checks, with valid and invalid requests of an admin, who also erases and sends events:
    over a data set and a landing folder of the test's own."""
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(CONFIGURATION)
    settings = own_settings.model_copy(
        update={
            "home": tmp_path,
            "api_rate_limit": "1000000/minute",
            "api_release_recheck_seconds": 1.0,
        }
    )
    embedder = AnyText(BUNDLED_MODEL)
    with live(settings, {get_embedder: lambda: embedder}) as url:
        done = subprocess.run(
            [
                SCHEMATHESIS,
                f"--config-file={configuration}",
                "run",
                f"{url}/openapi.json",
                "--checks=all",
                f"--header={KEY_HEADER}: {KEYS[Role.ADMIN]}",
                f"--max-examples={EXAMPLES}",
                "--generation-deterministic",
                "--no-color",
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
    assert done.returncode == 0, done.stdout[-20_000:]
