"""The kit's contract tests over every installed integration."""

from gridward_kit.contract import *  # noqa: F403 - all of them, by their own names
from gridward_kit.contract import pytest_generate_tests

__all__ = ["pytest_generate_tests"]
