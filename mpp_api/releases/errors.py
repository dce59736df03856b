from http import HTTPStatus

from mpp_api.errors import ApiError


class UnknownRelease(ApiError):
    status = HTTPStatus.NOT_FOUND
    slug = "unknown-release"
    title = "Unknown release"

    def __init__(self, release_id: str) -> None:
        super().__init__(f"no release {release_id!r} was published")
