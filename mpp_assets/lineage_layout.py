"""Where the lineage page draws each asset and each curve, in CSS pixels.

Assets stand in layers from left to right, each right of everything it depends on
(after Sugiyama, Tagawa and Toda 1981). Within a layer they are ordered so that no swap
of two makes the curves shorter. A curve that spans a layer goes around the assets in it.
"""

import bisect
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from itertools import combinations

from mpp_assets.column_lineage import Column

BOX_WIDTH = 192
LAYER_GAP = 72
HEADER_HEIGHT = 48
ROW_HEIGHT = 24
BOX_PADDING = 6
BOX_GAP = 28
MARGIN = 12
_CLEARANCE = BOX_GAP // 2
_FIRST_SCREEN = 160


@dataclass(frozen=True, slots=True)
class Box:
    """The place of an asset."""

    name: str
    columns: Sequence[str]
    left: int
    top: int

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def width(self) -> int:
        return BOX_WIDTH

    @property
    def height(self) -> int:
        return HEADER_HEIGHT + len(self.columns) * ROW_HEIGHT + BOX_PADDING

    @property
    def bottom(self) -> int:
        return self.top + self.height

    def row(self, column: str) -> float:
        """The middle of a column's row."""
        return self.top + HEADER_HEIGHT + (self.columns.index(column) + 0.5) * ROW_HEIGHT


@dataclass(frozen=True, slots=True)
class Layout:
    layers: Sequence[Sequence[Box]]

    @property
    def width(self) -> int:
        return max(box.right for layer in self.layers for box in layer) + MARGIN

    @property
    def height(self) -> int:
        return max(box.bottom for layer in self.layers for box in layer) + MARGIN

    def curve(self, origin: Column, target: Column) -> str:
        """An SVG path from the right of one column's row to the left of the other's."""
        start_layer, start = self._find(origin.asset)
        end_layer, end = self._find(target.asset)
        x, y = float(start.right), start.row(origin.name)
        path = f"M{x:g} {y:g}"
        for number in range(start_layer + 1, end_layer):
            passed = self.layers[number]
            share = (number - start_layer) / (end_layer - start_layer)
            level = _beside(passed, y + share * (end.row(target.name) - y))
            path += _bend(x, y, passed[0].left, level) + f"H{passed[0].right}"
            x, y = passed[0].right, level
        return path + _bend(x, y, end.left, end.row(target.name))

    def rise(self, curves: Collection[tuple[Column, Column]]) -> float:
        """How far all curves together go up or down."""
        boxes = {box.name: box for layer in self.layers for box in layer}
        return sum(
            abs(boxes[origin.asset].row(origin.name) - boxes[target.asset].row(target.name))
            for origin, target in curves
        )

    def _find(self, name: str) -> tuple[int, Box]:
        return next(
            (number, box)
            for number, layer in enumerate(self.layers)
            for box in layer
            if box.name == name
        )


def lay_out(
    columns: Mapping[str, Sequence[str]],
    parents: Mapping[str, Collection[str]],
    curves: Collection[tuple[Column, Column]],
) -> Layout:
    """Place the named assets: `parents` of each, and (origin, target) of each curve."""
    layers = _layers(parents)
    layout = _place(layers, columns)
    shortens = True
    while shortens:
        shortens = False
        for layer in layers:
            for a, b in combinations(range(len(layer)), 2):
                layer[a], layer[b] = layer[b], layer[a]
                swapped = _place(layers, columns)
                if swapped.rise(curves) < layout.rise(curves):
                    layout, shortens = swapped, True
                else:
                    layer[a], layer[b] = layer[b], layer[a]
    return layout


def _layers(parents: Mapping[str, Collection[str]]) -> list[list[str]]:
    """By longest path; what has no parents moves right, to just before its first child."""
    order = list(TopologicalSorter(parents).static_order())
    level: dict[str, int] = {}
    for name in order:
        level[name] = max((level[parent] + 1 for parent in parents.get(name, ())), default=0)
    for name in order:
        children = [level[child] for child in order if name in parents.get(child, ())]
        if not parents.get(name) and children:
            level[name] = min(children) - 1
    return [
        sorted(name for name in order if level[name] == number)
        for number in range(max(level.values()) + 1)
    ]


def _place(layers: Sequence[Sequence[str]], columns: Mapping[str, Sequence[str]]) -> Layout:
    """Stack the assets of each layer. Shorter layers stand at half height of the highest;
    those left of it, with which the page opens, no lower than the first screen."""
    stacked = []
    for number, layer in enumerate(layers):
        boxes: list[Box] = []
        for name in layer:
            top = boxes[-1].bottom + BOX_GAP if boxes else MARGIN
            left = MARGIN + number * (BOX_WIDTH + LAYER_GAP)
            boxes.append(Box(name, columns[name], left, top))
        stacked.append(boxes)
    heights = [boxes[-1].bottom for boxes in stacked]
    drops = [(max(heights) - height) // 2 for height in heights]
    highest = heights.index(max(heights))
    drops[:highest] = [min(drop, _FIRST_SCREEN) for drop in drops[:highest]]
    return Layout(
        [
            [replace(box, top=box.top + drop) for box in boxes]
            for boxes, drop in zip(stacked, drops, strict=True)
        ]
    )


def _beside(boxes: Sequence[Box], level: float) -> float:
    """The height nearest to `level` at which a line passes the boxes of a layer."""
    after = bisect.bisect_left([box.top - _CLEARANCE for box in boxes], level)
    if after == 0 or level >= boxes[after - 1].bottom + _CLEARANCE:
        return level
    covering = boxes[after - 1]
    around = (covering.top - _CLEARANCE, covering.bottom + _CLEARANCE)
    return min((height for height in around if height > 0), key=lambda height: abs(height - level))


def _bend(x: float, y: float, to_x: float, to_y: float) -> str:
    middle = (x + to_x) / 2
    return f"C{middle:g} {y:g} {middle:g} {to_y:g} {to_x:g} {to_y:g}"
