from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from mpp_api.releases.schemas import MaterializationReply, ReleaseReply

if TYPE_CHECKING:
    from mpp_stores.records import ConversationDocument


class MessageSource(BaseModel):
    batch: str = Field(description="The landed file's batch.", examples=["2024-03-01.json"])
    position: int = Field(description="The message's position in the batch.", examples=[17])


class FoundMessage(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    message_id: str = Field(examples=["2aef79af3ee684d9cc1216ba60db814a"])
    user_id: str = Field(examples=["u042"])
    campaign_id: str = Field(examples=["summer-sale"])
    text: str = Field(examples=["Is the tent light enough to carry?"])
    sent_at: datetime
    similarity: float = Field(description="Cosine of the message and `q`.", examples=[0.71])


class MessageSearchReply(BaseModel):
    q: str = Field(description="As it was asked.", examples=["light tents"])
    messages: list[FoundMessage] = Field(description="Nearest first.")
    release: ReleaseReply


class LatestMessage(BaseModel):
    message_id: str = Field(examples=["2aef79af3ee684d9cc1216ba60db814a"])
    user_id: str = Field(examples=["u042"])
    campaign_id: str = Field(examples=["summer-sale"])
    text: str = Field(examples=["Is the tent light enough to carry?"])
    sent_at: datetime
    source: MessageSource

    @classmethod
    def of(cls, document: "ConversationDocument") -> Self:
        return cls(
            message_id=document.message_id,
            user_id=document.user_id,
            campaign_id=document.campaign_id,
            text=document.text,
            sent_at=document.sent_at,
            source=MessageSource(batch=document.batch, position=document.position),
        )


class LatestMessagesReply(BaseModel):
    messages: list[LatestMessage] = Field(description="Newest first.")
    next_cursor: str | None = Field(description="null on the last page.")
    release: ReleaseReply


class ProvenanceReply(BaseModel):
    """From a message that is served to the file it came in and the runs that brought it here."""

    message_id: str = Field(examples=["2aef79af3ee684d9cc1216ba60db814a"])
    user_id: str = Field(examples=["u042"])
    campaign_id: str = Field(examples=["summer-sale"])
    text: str = Field(examples=["Is the tent light enough to carry?"])
    sent_at: datetime
    event_day: date = Field(description="The UTC day of sent_at, and the partition of its rows.")
    source: MessageSource
    attributes: dict[str, Any] = Field(description="Fields of the record that are not ours.")
    materializations: list[MaterializationReply] = Field(
        description="What the release serves of the message: of each asset the batch, the event "
        "day, or the whole, by asset."
    )
    release: ReleaseReply
