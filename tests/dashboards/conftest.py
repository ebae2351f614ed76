"""The lived house, made once for all tests of the dashboards."""

import asyncio
from collections.abc import Iterator

import pytest
from dashboards.lived import Lived
from follower_bench import Influx


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """InfluxDB 1 with three days of the simulated site in it."""
    folder = tmp_path_factory.mktemp("lived")
    influx = Influx(folder)
    influx.start()
    try:
        influx.tell("CREATE DATABASE solar")
        house = Lived(folder, influx)
        asyncio.run(house.live())
        yield house
        house.place.store.close()
    finally:
        influx.stop()
