from enum import StrEnum


class FeedbackKind(StrEnum):
    IMPRESSION = "impression"
    CLICK = "click"
    DISMISS = "dismiss"
    CONVERSION = "conversion"
