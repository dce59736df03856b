from http import HTTPStatus

from mpp_api.errors import ApiError


class UnknownMessage(ApiError):
    status = HTTPStatus.NOT_FOUND
    slug = "unknown-message"
    title = "Unknown message"

    def __init__(self, message_id: str) -> None:
        super().__init__(f"the release has no message {message_id!r}")


class OtherModel(ApiError):
    """Vectors of two models cannot be compared."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    slug = "other-model"
    title = "Another embedding model"

    def __init__(self, of_release: str, of_service: str) -> None:
        super().__init__(
            f"the release holds vectors of {of_release!r} and this service embeds by "
            f"{of_service!r}: it needs another MPP_EMBEDDING_MODEL"
        )
