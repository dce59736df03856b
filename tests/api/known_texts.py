from collections.abc import Sequence

from mpp_api.embedding.embedder import TextEmbedder
from mpp_stores.embedding_model import BUNDLED_MODEL
from mpp_stores.errors import StoreUnavailable
from tests.api.dataset import Dataset


class KnownTexts(TextEmbedder):
    """Embeds the texts of a data set, and no others."""

    def __init__(self, dataset: Dataset, model: str = BUNDLED_MODEL) -> None:
        super().__init__(model)
        self._vectors = {message["text"]: message["embedding"] for message in dataset.messages}

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        try:
            return [self._vectors[text] for text in texts]
        except KeyError as error:
            raise StoreUnavailable("model", "embed texts", error) from error
