"""A trace as a tree on a terminal."""

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from mpp_local.traces.chain import Trace, TracedBatch, TracedMessage
from mpp_stores.records import Materialization, Release


def print_trace(trace: Trace, console: Console) -> None:
    """Root is the recommendation; what lies below something is what it was made from."""
    item = trace.item
    root = Tree(
        Text.assemble(
            (item["campaign_id"], "bold cyan"),
            f" for {trace.user_id}: rank {item['rank']}, score {item['score']:.3f}",
        )
    )
    for part in item["score_parts"]:
        root.add(Text(f"{part['name']} {part['contribution']:.3f}", "dim"))
    release = root.add(_release(trace.release))
    made_of = release.add("assets")
    for materialization in trace.materializations:
        made_of.add(_materialization(materialization))
    _add_messages(release, "cited messages", [m for m in trace.messages if m.is_cited])
    own = [message for message in trace.messages if not message.is_cited]
    _add_messages(release, f"messages of {trace.user_id} in the campaign", own)
    batches = release.add("batches")
    for batch in trace.batches:
        _add_batch(batches, batch)
    console.print(root, soft_wrap=True)


def _release(release: Release) -> Text:
    return Text.assemble(
        "release ",
        (release.release_id, "bold"),
        f", published {release.published_at:%Y-%m-%d %H:%M:%S} UTC, run {release.dagster_run_id}",
    )


def _materialization(each: Materialization) -> Text:
    completed = f"{each.completed_at:%Y-%m-%d %H:%M:%S} UTC" if each.completed_at else "incomplete"
    return Text.assemble(
        f"{each.asset}{' ' if each.partition else ''}{each.partition} ",
        (f"#{each.materialization}", "bold"),
        (f"  run {each.dagster_run_id}, {completed}", "dim"),
    )


def _add_messages(tree: Tree, title: str, messages: list[TracedMessage]) -> None:
    branch = tree.add(Text(f"{title}: {len(messages)}"))
    for message in messages:
        branch.add(
            Text.assemble(
                (message.message_id, "bold"),
                f"  {message.event_day}  {message.file}, position {message.position}",
                ("" if not message.is_cited else f"  by {message.user_id}", "dim"),
            )
        )


def _add_batch(tree: Tree, batch: TracedBatch) -> None:
    branch = tree.add(Text.assemble((batch.batch, "bold"), f"  {batch.file}"))
    if batch.landing is None:
        branch.add(Text("the release names no landing of it", "yellow"))
        return
    branch.add(_materialization(batch.landing))
    branch.add(
        Text(f"fingerprint {batch.fingerprint}")
        if batch.fingerprint
        else Text("another file landed under this name since", "yellow")
    )
