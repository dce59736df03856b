"""The asset graph as an Airflow DAG: one file that imports Airflow and the standard library.

    python -m mpp_assets.airflow_export FOLDER [--by asset|group|job]

writes FOLDER/marketing_personalization_pipeline.py. Tasks, their order, retries, texts and
the schedule come from the definitions. Each task runs `mpp_assets.run_assets` in the Python
that the platform is installed in; see docs/airflow.md.
"""

import argparse
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph, AssetNode
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mpp_assets.definitions import definitions
from mpp_assets.defs.automation import daily_refresh
from mpp_assets.defs.landing.assets import landed_events
from mpp_assets.defs.landing.sensors import land_job
from mpp_assets.partitions import EVENT_DAYS
from mpp_assets.run_assets import Status

DAG_ID = "marketing_personalization_pipeline"
EXAMPLE = Path("docs/airflow_dag.py")
"""By asset, committed for people to read."""

_TEMPLATE = "airflow_template.py.j2"
_TEXT_WIDTH = 84


def _asset_task(node: AssetNode) -> str:
    """As Dagster names the asset's step, so that the two logs can be laid side by side."""
    return "__".join(node.key.path)


def _group_task(node: AssetNode) -> str:
    return node.group_name


def _job_task(node: AssetNode) -> str:
    """The job that Dagster materializes the asset by."""
    return land_job.name if node.key == landed_events.key else daily_refresh.job_name


GROUPINGS: dict[str, Callable[[AssetNode], str]] = {
    "asset": _asset_task,
    "group": _group_task,
    "job": _job_task,
}
"""What becomes one task: the task's name, of each asset."""


class TasksInACycle(Exception):
    """Groups depend on each other in a circle, which no DAG can."""


@dataclass(frozen=True, slots=True)
class Task:
    """`assets` are keys as text. `retries` come on top of those that a run makes by itself:
    `retry_delay` is the first one's in seconds. One that `follows_landing` alone runs however
    that ended: a file that cannot land keeps no other from readers."""

    task_id: str
    assets: Sequence[str]
    upstream: Sequence[str]
    follows_landing: bool
    retries: int
    retry_delay: float
    doc: str


def export_tasks(graph: AssetGraph, grouping: Callable[[AssetNode], str]) -> list[Task]:
    """In an order in which they can run; the same graph always gives the same.

    Raises `TasksInACycle`.
    """
    members: dict[str, list[AssetNode]] = {}
    for key in sorted(graph.materializable_asset_keys):
        members.setdefault(grouping(graph.get(key)), []).append(graph.get(key))
    upstream = {
        task_id: sorted(
            {grouping(graph.get(parent)) for node in nodes for parent in node.parent_keys}
            - {task_id}
        )
        for task_id, nodes in sorted(members.items())
    }
    try:
        order = [*TopologicalSorter(upstream).static_order()]
    except CycleError as error:
        raise TasksInACycle(
            f"these need each other, so that none can be one task: {' -> '.join(error.args[1])}"
        ) from error
    landing = grouping(graph.get(landed_events.key))
    return [
        _task(
            task_id,
            members[task_id],
            upstream[task_id],
            follows_landing=upstream[task_id] == [landing],
        )
        for task_id in order
    ]


def _task(
    task_id: str, nodes: Sequence[AssetNode], upstream: Sequence[str], *, follows_landing: bool
) -> Task:
    policies = [policy for node in nodes if (policy := node.assets_def.op.retry_policy)]
    return Task(
        task_id=task_id,
        assets=[node.key.to_user_string() for node in nodes],
        upstream=upstream,
        follows_landing=follows_landing,
        retries=max((policy.max_retries for policy in policies), default=0),
        retry_delay=max((float(policy.delay or 0) for policy in policies), default=0.0),
        doc="\n\n".join(_described(node) for node in nodes),
    )


def _described(node: AssetNode) -> str:
    """Markdown: what the asset is, and what is asked of it before anything goes on."""
    name, kinds = node.key.to_user_string(), ", ".join(sorted(node.kinds))
    lines = [f"**{name}** ({kinds})", "", " ".join((node.description or "").split())]
    if node.partitions_def is EVENT_DAYS:
        lines += ["", "One partition a UTC day."]
    checks = list(_checks(node))
    return "\n".join([*lines, *(["", *checks] if checks else [])])


def _checks(node: AssetNode) -> Iterator[str]:
    repository = definitions.get_repository_def()
    for key in sorted(_run_checks(), key=str):
        if key.asset_key == node.key:
            check = repository.asset_graph.get(key)
            effect = "blocking" if check.blocking else "warning"
            question = " ".join((check.description or "").split())
            yield f"- `{key.name}` ({effect}): {question}"


def _run_checks() -> set[dg.AssetCheckKey]:
    """The checks that tasks run: those of the two jobs that they run parts of."""
    repository = definitions.get_repository_def()
    jobs = [repository.get_job(name) for name in (land_job.name, daily_refresh.job_name)]
    return {key for job in jobs for key in job.asset_layer.asset_graph.asset_check_keys}


def render_dag(by: str = "asset") -> str:
    """The text of the file, with one task for each asset, group or job. Raises `TasksInACycle`."""
    graph = definitions.get_repository_def().asset_graph
    nodes = [graph.get(key) for key in graph.materializable_asset_keys]
    environment = Environment(  # noqa: S701 - it is Python that is written
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(literal=_literal, lines=_lines)
    return environment.get_template(_TEMPLATE).render(
        dag_id=DAG_ID,
        by=by,
        schedule=daily_refresh,
        start=date.fromisoformat(EVENT_DAYS.get_first_partition_key() or ""),
        owners=sorted({owner for node in nodes for owner in node.owners}),
        tags=sorted({"dagster", *(kind for node in nodes for kind in node.kinds)}),
        tasks=export_tasks(graph, GROUPINGS[by]),
        refused=Status.REFUSED.value,
    )


def _literal(value: str) -> str:
    """A Python string as formatters write it."""
    quote = "'" if '"' in value and "'" not in value else '"'
    escaped = value.encode("unicode_escape").decode().replace(quote, f"\\{quote}")
    return f"{quote}{escaped}{quote}"


def _lines(text: str) -> list[str]:
    """String literals that add up to a Markdown text; its paragraphs are wrapped."""
    wrapped = [
        piece
        for line in text.split("\n")
        for piece in textwrap.wrap(line, _TEXT_WIDTH, subsequent_indent="  " * (line[:1] == "-"))
        or [""]
    ]
    return [_literal(f"{line}\n") for line in wrapped]


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the asset graph as an Airflow DAG.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="such as Airflow's dags")
    parser.add_argument("--by", choices=sorted(GROUPINGS), default="asset", help="one task each")
    arguments = parser.parse_args()
    try:
        text = render_dag(arguments.by)
        arguments.folder.mkdir(parents=True, exist_ok=True)
        file = arguments.folder / f"{DAG_ID}.py"
        file.write_text(text, encoding="utf-8")
    except (TasksInACycle, OSError) as error:
        parser.exit(1, f"{error}\n")
    parser.exit(0, f"{file}\n")


if __name__ == "__main__":
    main()
