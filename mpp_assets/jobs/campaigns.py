"""The campaign file's way into Postgres, and whether it has gone it."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict

import pyarrow as pa

from mpp_assets.jobs.event_quality import MOST_NAMED
from mpp_assets.jobs.store_sink import Incomplete
from mpp_stores.records import CAMPAIGN_SCHEMA, Campaign
from mpp_stores.target import MATERIALIZATION, Digest, Target


def write_campaigns(campaigns: Sequence[Campaign], target: Target, number: int) -> Digest:
    """Write them as materialization `number`. Not by Spark: it is one small file.

    Raises `Incomplete` when the store does not hold them afterwards.
    """
    target.prepare()
    rows = [asdict(campaign) | {MATERIALIZATION: number} for campaign in campaigns]
    columns = CAMPAIGN_SCHEMA.append(pa.field(MATERIALIZATION, pa.int64()))
    target.write(pa.RecordBatch.from_pylist(rows, schema=columns))
    stored = target.digests([number])[number]
    if stored.row_count != len(campaigns):
        raise Incomplete(f"{target.name} holds {stored} after {len(campaigns)} rows were written")
    return stored


def stored_campaigns(target: Target, number: int) -> list[Campaign]:
    """Those of a materialization, by campaign id."""
    rows = [row for batch in target.read([number]) for row in batch.to_pylist()]
    return sorted((Campaign(**row) for row in rows), key=lambda campaign: campaign.campaign_id)


def differing_campaigns(described: Sequence[Campaign], stored: Sequence[Campaign]) -> list[str]:
    """Ids of campaigns that the file and the store do not say the same of."""
    in_file = {campaign.campaign_id: campaign for campaign in described}
    in_store = {campaign.campaign_id: campaign for campaign in stored}
    return sorted(
        campaign_id
        for campaign_id in in_file.keys() | in_store.keys()
        if in_file.get(campaign_id) != in_store.get(campaign_id)
    )[:MOST_NAMED]


def token_of(described: Sequence[Campaign], stored_number: int) -> str:
    """Stands for the wish to replace what the store holds by what the file says."""
    return hashlib.sha256(repr((described, stored_number)).encode()).hexdigest()[:16]
