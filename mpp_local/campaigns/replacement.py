"""Putting another campaign file in place of the stack's, and what that changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from mpp_local.copying import copy_at_once
from mpp_stores.campaigns import InvalidCampaigns, read_campaigns
from mpp_stores.records import Campaign


class NoSuchFile(Exception):
    """The message names it."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Campaign ids, and of each changed one the names of the fields that differ."""

    added: Sequence[str]
    changed: Mapping[str, Sequence[str]]
    removed: Sequence[str]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class Replacement:
    campaigns: Sequence[Campaign]
    changes: Changes


def replace_campaigns(file: Path, target: Path) -> Replacement:
    """Copy `file` to `target` if it says something else.

    Raises:
        NoSuchFile: there is no `file`.
        InvalidCampaigns: it is no campaign file. `target` stays as it is.
    """
    if not file.is_file():
        raise NoSuchFile(f"{file}: there is no such file")
    campaigns = read_campaigns(file)
    changes = changes_between(_known(target), campaigns)
    if changes or not target.exists():
        copy_at_once(file, target)
    return Replacement(campaigns, changes)


def changes_between(before: Sequence[Campaign], after: Sequence[Campaign]) -> Changes:
    old = {campaign.campaign_id: campaign for campaign in before}
    new = {campaign.campaign_id: campaign for campaign in after}
    differing = {
        campaign_id: [
            field.name
            for field in fields(Campaign)
            if getattr(old[campaign_id], field.name) != getattr(new[campaign_id], field.name)
        ]
        for campaign_id in sorted(old.keys() & new.keys())
    }
    return Changes(
        added=sorted(new.keys() - old.keys()),
        changed={campaign_id: names for campaign_id, names in differing.items() if names},
        removed=sorted(old.keys() - new.keys()),
    )


def _known(target: Path) -> list[Campaign]:
    """A file that somebody spoiled by hand says nothing, and is replaced."""
    try:
        return read_campaigns(target)
    except InvalidCampaigns:
        return []
