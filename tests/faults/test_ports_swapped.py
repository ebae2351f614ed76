"""Cables and links that change places: never a value under the wrong name, and back by itself."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import groupby
from pathlib import Path

import pytest
from faults.line_house import LineHouse, Member, frames, line_house, lines, pack, until
from typer.testing import CliRunner

from gridward.cli import app
from gridward_axpert import INTEGRATION as AXPERT
from gridward_axpert.simulator import AxpertSimulator
from gridward_kit.testing import FastClock

SERIALS = {"left": "92932004102443", "right": "96131812100112"}
WATTS = {"left": 1111, "right": 2222}
SPEED = 50.0
SITE = """\
version: 1
site: {{id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}}
mqtt: {{url: "mqtt://127.0.0.1:1883"}}
buses:
  - {{id: one, port: {folder}/left, devices: [{{id: left, integration: axpert, writable: true}}]}}
"""


def axpert(name: str) -> Member:
    simulator = AxpertSimulator({"serial": SERIALS[name]})
    simulator.state["output_power"] = WATTS[name]
    return Member(name, AXPERT, simulator)


@asynccontextmanager
async def two_lines(folder: Path) -> AsyncIterator[dict[str, LineHouse]]:
    """Two Axperts, each on a line of its own, both answering."""
    async with AsyncExitStack() as stack:
        clock = FastClock(SPEED)
        houses = {
            name: await stack.enter_async_context(
                line_house(folder, [axpert(name)], clock, whole=lines, name=name)
            )
            for name in SERIALS
        }
        await until(lambda: all("output_power" in house.state(name) for name, house in houses.items()))
        yield houses


def watts(house: LineHouse, name: str) -> set[object]:
    """Every output power ever published of a device."""
    told = [json.loads(state) for state in house.said(f"{name}/state")]
    return {state["output_power"] for state in told if "output_power" in state}


def swap(folder: Path) -> None:
    """The two links change places, as when the kernel numbers two adapters the other way round."""
    for one, other in (("left", "aside"), ("right", "left"), ("aside", "right")):
        (folder / one).rename(folder / other)


def hang_up(house: LineHouse) -> None:
    """The adapter goes away and is back under its own name before anybody asks again."""
    house.served.unplug()
    house.served.plug()


async def swap_while_away(houses: Mapping[str, LineHouse], folder: Path) -> None:
    """Both adapters go away, long enough to be missed, and come back the other way round."""
    for house in houses.values():
        hang_up(house)
    swap(folder)


async def swap_unseen(houses: Mapping[str, LineHouse], folder: Path) -> None:
    """Both ports let go between two requests; the next one opens what is there now."""
    left, right = houses["left"], houses["right"]

    async def act() -> None:
        left.port.close()
        right.port.close()
        swap(folder)

    await left.bus.urgent(lambda: right.bus.urgent(act))


Swap = Callable[[Mapping[str, LineHouse], Path], Awaitable[None]]


@pytest.mark.parametrize("swapped", [swap_while_away, swap_unseen])
async def test_links_that_change_places_while_the_lines_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, swapped: Swap
) -> None:
    """Even when a line is away for less than three polls, or for none."""
    caplog.set_level(logging.INFO)
    async with two_lines(tmp_path) as houses:
        await swapped(houses, tmp_path)
        await until(lambda: not any(house.wired[name].device.available for name, house in houses.items()))
        before = {name: len(house.tap.heard) for name, house in houses.items()}
        await until(lambda: all(len(house.tap.heard) > before[name] + 3 for name, house in houses.items()))
        for name, house in houses.items():
            assert watts(house, name) == {WATTS[name]}
            assert set(house.state(name)) == {"v", "at"}
        for name, serial in SERIALS.items():
            told = [one.message for one in caplog.records if one.message.startswith(f"{name}: unavailable")]
            assert told == [line for line, _ in groupby(told)], "each change once"
            assert any(f"gridward accept {name}" in line and f"bound is {serial}" in line for line in told)
        for house in houses.values():
            hang_up(house)
        await until(lambda: all(house.wired[name].device.available for name, house in houses.items()))
        await until(lambda: all("output_power" in house.state(name) for name, house in houses.items()))
        assert all(watts(house, name) == {WATTS[name]} for name, house in houses.items())


@pytest.mark.parametrize("swapped", [swap_while_away, swap_unseen])
async def test_no_command_reaches_the_wrong_inverter(tmp_path: Path, swapped: Swap) -> None:
    async with two_lines(tmp_path) as houses:
        await swapped(houses, tmp_path)
        marks = {name: len(house.tap.heard) for name, house in houses.items()}
        for name, house in houses.items():
            house.ask(name, "output_source_priority", "USB", "1")
            house.ask(name, "output_source_priority", "SUB", "2")
        for name, house in houses.items():
            for identifier in ("1", "2"):
                result = await house.result(name, "output_source_priority", identifier)
                assert result["status"] in ("refused", "failed", "unchanged"), result
        for name, house in houses.items():
            assert not [one for one in house.tap.heard[marks[name] :] if one.startswith(b"POP")]


async def test_accept_takes_the_new_one_while_the_house_runs(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(SITE.format(folder=tmp_path))
    async with two_lines(tmp_path) as houses:
        left = houses["left"]
        await swap_while_away(houses, tmp_path)
        await until(lambda: not left.wired["left"].device.available)
        said = await asyncio.to_thread(CliRunner().invoke, app, ["accept", "left", "--site", str(site)])
        assert said.exit_code == 0, said.output
        await until(lambda: left.state("left").get("output_power") == WATTS["right"])
        identity = left.wired["left"].device.identity
        assert identity
        assert identity.serial == SERIALS["right"]
        assert not houses["right"].wired["right"].device.available


async def test_a_battery_where_an_inverter_was_and_the_other_way_round(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    clock = FastClock(SPEED)
    async with (
        line_house(tmp_path, [axpert("left")], clock, whole=lines, name="left") as inverter,
        line_house(tmp_path, [pack(1)], clock, whole=frames, name="right") as battery,
    ):
        left, right = inverter.wired["left"].device, battery.wired["pack_1"].device
        await until(lambda: left.available and right.available)
        hang_up(inverter)
        hang_up(battery)
        swap(tmp_path)
        await until(lambda: not left.available and not right.available)
        asked = inverter.port.exchanges, battery.port.exchanges
        await until(lambda: inverter.port.exchanges > asked[0] + 2 and battery.port.exchanges > asked[1] + 2)
        assert set(inverter.state("left")) == set(battery.state("pack_1")) == {"v", "at"}
        away = [one.message for one in caplog.records if "unavailable" in one.message]
        assert len(away) == 2, "each once"
        hang_up(inverter)
        hang_up(battery)
        await until(lambda: left.available and right.available)
