"""What a failure says: RFC 9457 problem details."""

from pydantic import BaseModel, Field


class InvalidInput(BaseModel):
    location: str = Field(examples=["query"], description="path, query or body")
    name: str = Field(examples=["limit"])
    detail: str = Field(examples=["Input should be less than or equal to 50"])


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(examples=["urn:problem-type:mpp:unknown-user"])
    title: str = Field(examples=["Unknown user"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["no engagement is recorded for user 'nobody'"])
    request_id: str = Field(
        examples=["0f8fad5bd9cb469fa16570867728950e"], description="As in X-Request-Id and the log."
    )
    errors: list[InvalidInput] | None = Field(default=None, description="Only with status 422.")
