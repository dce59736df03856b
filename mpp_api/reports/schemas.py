from typing import Any

from pydantic import BaseModel, Field

from mpp_api.releases.schemas import ReleaseReply


class ReportReply(BaseModel):
    release: ReleaseReply
    report: dict[str, Any] = Field(
        description="totals, campaigns, top_users, daily_activity, activity_profile, "
        "engagement_levels, topics and data_quality, as docs/pipeline.md describes them.",
        examples=[{"data_through": "1999-03-12", "totals": {"message_count": 2000}}],
    )
