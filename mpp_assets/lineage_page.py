"""The column lineage as one HTML page that needs nothing but itself.

    python -m mpp_assets.lineage_page [FILE]

writes docs/lineage.html, or FILE. The open-source Dagster UI keeps column lineage but
does not draw it.
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import dagster as dg
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mpp_assets.column_lineage import (
    BATCH_SUMMARIES,
    CAMPAIGN_FILE,
    DERIVATIONS,
    LANDING_FILE,
    SOURCES,
    Column,
)
from mpp_assets.definitions import definitions
from mpp_assets.lineage_layout import Box, lay_out

PAGE = Path("docs/lineage.html")
_TEMPLATE = "lineage_template.html.j2"
_SOURCE_DESCRIPTIONS = {
    LANDING_FILE: "What an input file holds; each field goes by several names.",
    CAMPAIGN_FILE: "What a marketer says of each campaign; `mpp campaigns FILE` puts it there.",
    BATCH_SUMMARIES: "Counts of each landed file, kept in the lake beside its events.",
}


@dataclass(frozen=True, slots=True)
class Node:
    """An asset, or a source that is none, whose columns have no type and no description."""

    name: str
    description: str
    columns: Mapping[str, dg.TableColumn]
    parents: Sequence[str]

    @property
    def is_source(self) -> bool:
        return self.name in SOURCES

    @property
    def store(self) -> str:
        return "not an asset" if self.is_source else self.name.partition("/")[0]

    @property
    def entity(self) -> str:
        return self.name if self.is_source else self.name.partition("/")[2]


@dataclass(frozen=True, slots=True)
class Row:
    """A column of the page's diagram and text. Its neighbours are (asset, columns)."""

    number: int
    name: str
    type: str
    description: str
    origins: Sequence[tuple[str, Sequence[str]]]
    targets: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Card:
    node: Node
    box: Box
    rows: Sequence[Row]


def render_page() -> str:
    """The same definitions always give the same text."""
    nodes = {node.name: node for node in [*_sources(), *_assets()]}
    curves = [
        (origin, Column(asset, name))
        for asset, columns in DERIVATIONS.items()
        for name, origins in columns.items()
        for origin in origins
    ]
    parents = {name: set(node.parents) for name, node in nodes.items()}
    for origin, target in curves:
        parents[target.asset].add(origin.asset)
    layout = lay_out({name: list(node.columns) for name, node in nodes.items()}, parents, curves)
    columns = (
        Column(box.name, name) for layer in layout.layers for box in layer for name in box.columns
    )
    numbers = {column: number for number, column in enumerate(columns)}

    def card(box: Box) -> Card:
        node = nodes[box.name]
        rows = [
            Row(
                number=numbers[column],
                name=column.name,
                type=node.columns[column.name].type,
                description=node.columns[column.name].description or "",
                origins=_by_asset(origin for origin, target in curves if target == column),
                targets=_by_asset(target for origin, target in curves if origin == column),
            )
            for column in (Column(box.name, name) for name in box.columns)
        ]
        return Card(node, box, rows)

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(_TEMPLATE).render(
        layout=layout,
        layers=[[card(box) for box in layer] for layer in layout.layers],
        curves=[
            (numbers[origin], numbers[target], layout.curve(origin, target))
            for origin, target in curves
        ],
    )


def _sources() -> Iterable[Node]:
    for name, columns in SOURCES.items():
        untyped = {column: dg.TableColumn(column, type="") for column in columns}
        yield Node(name, _SOURCE_DESCRIPTIONS[name], untyped, [])


def _assets() -> Iterable[Node]:
    graph = definitions.resolve_asset_graph()
    for key in sorted(graph.materializable_asset_keys):
        asset = graph.get(key)
        yield Node(
            name=key.to_user_string(),
            description=asset.description or "",
            columns={
                column.name: column for column in asset.metadata["dagster/column_schema"].columns
            },
            parents=sorted(parent.to_user_string() for parent in asset.parent_keys),
        )


def _by_asset(columns: Iterable[Column]) -> list[tuple[str, list[str]]]:
    return [
        (asset, [column.name for column in found])
        for asset, found in groupby(columns, key=lambda column: column.asset)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the column lineage as an HTML page.")
    parser.add_argument("file", type=Path, nargs="?", default=PAGE, metavar="FILE")
    parser.parse_args().file.write_text(render_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
