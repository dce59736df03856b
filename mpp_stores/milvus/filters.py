"""Every Milvus filter, and the binding of values into them.

pymilvus sends `filter_params` for the server to bind. Milvus reads them from
2.5 on; milvus-lite 3.2 and Milvus 2.3 ignore them and then fail to parse the
placeholders. So the binding is done here: `bound` turns each value into a
literal that the filter grammar cannot leave. pymilvus's own conveniences
(`ids=`, `query_iterator`) paste keys between quotes unescaped, and are not used.
"""

from collections.abc import Iterable, Sequence

ROWS = "row_id in {row_ids}"
MATERIALIZED = "materialization in {materializations}"
MATERIALIZED_AFTER_ROW = "materialization in {materializations} and row_id > {last}"

OF_USER = "user_id == {user_id}"
OF_OTHER_USERS = "materialization in {materializations} and user_id != {user_id}"
OTHER_CAMPAIGNS = "materialization in {materializations} and campaign_id != {campaign_id}"
IN_CAMPAIGNS = "campaign_id in {campaign_ids}"
SENT_SINCE = "sent_at >= {since}"
SENT_BEFORE = "sent_at < {until}"

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r"})


def every(conditions: Iterable[str]) -> str:
    """What passes all of these filters, each bound already."""
    return " and ".join(conditions)


def bound(template: str, **values: str | int | Sequence[str] | Sequence[int]) -> str:
    """The filter with each `{name}` replaced by the literal of its value."""
    return template.format_map({name: _literal(value) for name, value in values.items()})


def _literal(value: str | int | Sequence[str] | Sequence[int]) -> str:
    if isinstance(value, str):
        return f'"{value.translate(_ESCAPES)}"'
    if isinstance(value, int):
        return str(value)
    return f"[{', '.join(_literal(item) for item in value)}]"
