from http import HTTPStatus

from mpp_api.errors import ApiError


class NoReport(ApiError):
    status = HTTPStatus.NOT_FOUND
    slug = "no-report"
    title = "No report"

    def __init__(self, release_id: str) -> None:
        super().__init__(
            f"no report of release {release_id} is found in the reports folder of this service"
        )


class ReportWithheld(ApiError):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    slug = "report-withheld"
    title = "Report withheld"

    def __init__(self) -> None:
        super().__init__(
            "the report was made of messages of a user who is being erased; the next release "
            "has one without them"
        )
