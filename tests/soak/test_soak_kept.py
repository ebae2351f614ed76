"""A house whose kept files somebody edited: every role begins all the same, and nothing is a traceback."""

import asyncio
import json
import logging
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fuzz.budget import budget
from fuzz.houses import Crowd
from fuzz.mangle import Tree, mangled_tree
from hypothesis import given
from hypothesis import strategies as st

ASKED: dict[str, Tree] = {
    "inverter/output_source_priority": "SUB",
    "rules/grid_override": "connected",
    "rules/inverter_output_source_priority_override": "stop",
    "plan/schedule": '{"slots": [{"end": "2026-12-21T13:00", "mode": "hold"}]}',
}


async def lived(folder: Path, asked: dict[str, Tree]) -> list[BaseException]:
    async with Crowd(folder) as crowd:
        for key, value in asked.items():
            wish = {"v": 1, "value": value, "id": key, "by": "http", "ttl": 5}
            await crowd.deliver(f"gridward/home/{key}/command", json.dumps(wish).encode(), retain=False)
            await crowd.turned.turn(1)
        await crowd.turned.turn(12)
        return crowd.died


@cache
def kept() -> dict[str, bytes]:
    """What a house keeps of itself, by the files' names."""
    with TemporaryDirectory() as name:
        assert asyncio.run(lived(Path(name), ASKED)) == []
        return {path.name: path.read_bytes() for path in (Path(name) / "state").glob("*.json")}


def is_object(tree: Tree) -> bool:
    """Any other file is refused in words: who a device is must not be guessed anew."""
    return isinstance(tree, dict)


@pytest.mark.soak
@budget(150)
@given(data=st.data())
def test_a_house_begins_whatever_stands_in_a_file(
    data: st.DataObject, caplog: pytest.LogCaptureFixture
) -> None:
    assert {"rules.json", "plan.json", "inverter.json", "bms.json"} <= set(kept())
    name = data.draw(st.sampled_from(sorted(kept())))
    spoilt = data.draw(mangled_tree(json.loads(kept()[name])).filter(is_object))
    caplog.clear()
    with TemporaryDirectory() as folder, caplog.at_level(logging.ERROR):
        (Path(folder) / "state").mkdir()
        for other, content in {**kept(), name: json.dumps(spoilt).encode()}.items():
            (Path(folder) / "state" / other).write_bytes(content)
        died = asyncio.run(lived(Path(folder), {}))
    assert not died, died
    assert not [record.getMessage() for record in caplog.records if record.exc_info]
