import re
from itertools import pairwise

import pytest

from mpp_assets.column_lineage import Column
from mpp_assets.lineage_layout import lay_out

# file -> raw -> clean -> (left, right) -> release; raw -> release as well; notes -> release.
COLUMNS = {name: ["id"] for name in ("file", "raw", "clean", "left", "right", "release", "notes")}
PARENTS = {
    "raw": ["file"],
    "clean": ["raw"],
    "left": ["clean"],
    "right": ["clean"],
    "release": ["left", "right", "raw", "notes"],
}
CURVES = [
    (Column(parent, "id"), Column(name, "id"))
    for name, parents in PARENTS.items()
    for parent in parents
]
LAYOUT = lay_out(COLUMNS, {name: PARENTS.get(name, []) for name in COLUMNS}, CURVES)
BOXES = {box.name: box for layer in LAYOUT.layers for box in layer}


def test_everything_stands_right_of_what_it_depends_on():
    for origin, target in CURVES:
        assert BOXES[origin.asset].right < BOXES[target.asset].left


def test_a_source_stands_just_before_what_reads_it_first():
    assert BOXES["notes"].left == BOXES["left"].left


def test_boxes_of_a_layer_do_not_overlap():
    for layer in LAYOUT.layers:
        for above, below in pairwise(layer):
            assert above.bottom < below.top


@pytest.mark.parametrize("passed", ["clean", "left", "right", "notes"])
def test_a_curve_goes_around_the_boxes_it_passes(passed: str):
    path = LAYOUT.curve(Column("raw", "id"), Column("release", "id"))
    levels = {int(right): float(level) for level, right in re.findall(r" ([\d.]+)H(\d+)", path)}
    box = BOXES[passed]
    assert not box.top <= levels[box.right] <= box.bottom
