"""Every Milvus filter, and the binding of values into them.

pymilvus sends `filter_params` for the server to bind. Milvus reads them from
2.5 on; milvus-lite 3.2 and Milvus 2.3 ignore them and then fail to parse the
placeholders. So the binding is done here: `bound` turns each value into a
literal that the filter grammar cannot leave. pymilvus's own conveniences
(`ids=`, `query_iterator`) paste keys between quotes unescaped, and are not used.
"""

from collections.abc import Sequence

DAYS = "event_day in {days}"
OTHER_STAMPS = "materialization != {stamp}"
OTHER_STAMPS_OF_DAYS = "event_day in {days} and materialization != {stamp}"

PROFILE_OF_USER = "user_id == {user_id}"
OTHER_USERS = "user_id != {user_id}"
OTHER_USERS_IN_CAMPAIGNS = "user_id != {user_id} and campaign_id in {campaign_ids}"

# Pages of a whole collection in the order of its key; {key} is a field's name.
AFTER_KEY = "{key} > {{last}}"
AFTER_KEY_OF_DAYS = "{key} > {{last}} and event_day in {{days}}"

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r"})


def bound(template: str, **values: str | int | Sequence[str] | Sequence[int]) -> str:
    """The filter with each `{name}` replaced by the literal of its value."""
    return template.format_map({name: _literal(value) for name, value in values.items()})


def _literal(value: str | int | Sequence[str] | Sequence[int]) -> str:
    if isinstance(value, str):
        return f'"{value.translate(_ESCAPES)}"'
    if isinstance(value, int):
        return str(value)
    return f"[{', '.join(_literal(item) for item in value)}]"
