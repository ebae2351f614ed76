"""The self-checks find nothing: in no installed integration, and in no file of this tree."""

from pathlib import Path

from gridward_kit.check import check


def test_the_tree_has_no_fault() -> None:
    assert check(Path(__file__).parents[2]) == []
