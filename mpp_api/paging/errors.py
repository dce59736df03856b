from http import HTTPStatus

from mpp_api.errors import ApiError


class ListChanged(ApiError):
    status = HTTPStatus.CONFLICT
    slug = "list-changed"
    title = "List changed"

    def __init__(self) -> None:
        super().__init__(
            "the cursor belongs to another list than there is now: start again without it"
        )
