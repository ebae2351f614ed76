"""How many examples fuzz tests draw: few in a usual run, FUZZ times as many in a soak."""

import os

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("FUZZ", "1"))


def budget(examples: int) -> settings:
    """So many examples, times FUZZ; a shared machine is never too slow."""
    slow = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples * TIMES, suppress_health_check=slow)
