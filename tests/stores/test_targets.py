from pkgutil import resolve_name

import pytest

from mpp_stores.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_the_class_of_a_target_has_its_name(name: str) -> None:
    assert resolve_name(TARGETS[name]).name == name
