from http import HTTPStatus

from mpp_api.errors import ApiError


class ContractFrozen(ApiError):
    """An event deviates from what was agreed, where nothing of such a delivery is taken."""

    status = HTTPStatus.CONFLICT
    slug = "contract-frozen"
    title = "Contract frozen"

    def __init__(self, position: int, deviation: str) -> None:
        super().__init__(
            f"event {position}: {deviation}, where the contract is frozen; no event was kept"
        )
