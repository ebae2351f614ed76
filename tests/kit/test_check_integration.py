"""The self-checks of an integration: a sound one passes, and each fault is told as a sentence."""

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from gridward_kit import check
from gridward_kit.classes import NOT_NUMBERS, SENSOR
from gridward_kit.entity import (
    CURRENT,
    ENERGY,
    ENUM,
    MINUTES,
    POWER,
    TEXT,
    VOLTAGE,
    BinarySensor,
    Category,
    Entity,
    Number,
    Quantity,
    Select,
    Sensor,
    Setting,
    Switch,
)
from gridward_kit.integration import Ask, Dialect, Identity, Integration, Options, Simulator
from gridward_kit.keys import CANONICAL
from gridward_kit.point import Derived, Field, Value

ELSE = Quantity("power", "kWh")
WRITE = Setting(lambda value: (f"SET{value}",))
TABLE: tuple[Entity, ...] = (
    Sensor("voltage", "Voltage", Field("Q", 0, "00.0"), VOLTAGE),
    Sensor("current", "Current", Field("Q", 1, "00.0"), CURRENT),
    Sensor("power", "Power", Derived(("voltage", "current"), lambda volts, amps: volts * amps), POWER),
    BinarySensor("problem", "Problem", Field("Q", 2).bit(0), device_class="problem"),
    Number("hold", "Hold", Field("Q", 3, "00"), MINUTES, WRITE, Category.CONFIG, low=1, high=30),
    Select(
        "mode", "Mode", Field("Q", 4).choice({"0": "slow", "1": "fast"}), setting=WRITE, options=("slow",)
    ),
    Switch("mosfet", "MOSFET", Field("Q", 5).bit(0), setting=WRITE, enabled=False, expert=True),
)
FRAME = {
    "model": None,
    "firmware": None,
    "source": "bench",
    "why": "the plain case",
    "request": "Q",
    "reply": "31",
    "values": {"voltage": [52.1, "V"], "problem": [False, None]},
}


def _never(*_: object) -> Dialect:
    raise AssertionError("a check reads the table and calls no device")


def _simulator(_: Options) -> Simulator:
    raise AssertionError("a check reads the table and calls no device")


def _decode(_model: str | None, _request: str, _reply: bytes) -> dict[str, Value]:
    raise AssertionError("a check reads the table and calls no device")


async def _identify(_ask: Ask, _options: Options) -> Identity:
    raise AssertionError("a check reads the table and calls no device")


def toy(*rows: Entity) -> Integration:
    """An integration whose table is these rows."""
    return Integration(
        domain="toy",
        name="Toy",
        kind="battery",
        entities=lambda _: rows,
        identify=_identify,
        dialect=_never,
        decode=_decode,
        simulator=_simulator,
        example=Identity("Toy", "toy"),
    )


def changed(key: str, **fields: object) -> Integration:
    """The sound table with one row changed."""
    rows = [replace(row, **fields) if row.key == key else row for row in TABLE]  # type: ignore[arg-type]
    return toy(*rows)


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of the name `gridward_toy_checked`, found by its entry point; its folder is returned."""
    package = tmp_path / "gridward_toy_checked"
    (package / "frames").mkdir(parents=True)
    for name in ("__init__.py", "py.typed"):
        (package / name).touch()
    (package / "frames" / "bench.json").write_text(json.dumps([FRAME]))
    metadata = tmp_path / "gridward_toy_checked-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Name: gridward-toy-checked\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[gridward.integrations]\ntoy = gridward_toy_checked:TOY\n")
    monkeypatch.delitem(sys.modules, package.name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    return package


def test_a_sound_integration_has_no_fault() -> None:
    assert check.faults(toy(*TABLE)) == []


FAULTY: Mapping[str, tuple[Integration, str]] = {
    "empty": (toy(), "has no entities"),
    "key twice": (toy(*TABLE, replace(TABLE[0], name="Other")), "key 'voltage' stands twice"),
    "name twice": (toy(*TABLE, Sensor("other", "Voltage", TABLE[0].at)), "name 'Voltage' stands twice"),
    "camel case": (toy(*TABLE, Sensor("cellVoltage", "Cell")), "key 'cellVoltage' is not snake_case"),
    "state's own": (toy(*TABLE, Sensor("at", "At")), "key 'at' is a name of the protocol between roles"),
    "lower name": (changed("voltage", name="voltage"), "voltage: the name 'voltage' is not in sentence case"),
    "kind": (replace(toy(*TABLE), kind="toaster"), "kind 'toaster' is not one of inverter, battery"),
    "canonical unit": (
        changed("current", quantity=Quantity("current", "mA")),
        "current: current mA measurement is canonically current A measurement",
    ),
    "canonical state class": (
        changed("power", quantity=replace(POWER, state_class=None)),
        "power: power W is canonically power W measurement",
    ),
    "canonical flag": (toy(*TABLE, Sensor("balancing", "Balancing")), "balancing: is canonically on or off"),
    "synonym": (
        toy(*TABLE, Sensor("state_of_charge", "Charge", None, Quantity("battery", "%"))),
        "state_of_charge: the canonical key is 'soc'",
    ),
    "unit of class": (
        toy(*TABLE, Sensor("own", "Own", None, ELSE)),
        "own: unit 'kWh' does not belong to the class 'power'",
    ),
    "state class of class": (
        toy(*TABLE, Sensor("own", "Own", None, replace(ENERGY, state_class="measurement"))),
        "own: state class 'measurement' does not belong to the class 'energy'",
    ),
    "unknown class": (
        toy(*TABLE, Sensor("own", "Own", None, Quantity("reactive_energy", "kvarh"))),
        "own: device class 'reactive_energy' is not one that every release takes",
    ),
    "unknown state class": (
        toy(*TABLE, Sensor("own", "Own", None, Quantity(None, "Ah", "rising"))),
        "own: state class 'rising' is unknown",
    ),
    "number of an enum": (
        changed("hold", quantity=ENUM),
        "hold: device class 'enum' is not one that every release takes",
    ),
    "enum without options": (
        toy(*TABLE, Sensor("own", "Own", None, ENUM)),
        "own: an enum has options, and only an enum",
    ),
    "options without enum": (
        toy(*TABLE, Sensor("own", "Own", None, TEXT, options=("one",))),
        "own: an enum has options, and only an enum",
    ),
    "binary class": (
        changed("problem", device_class="trouble"),
        "problem: device class 'trouble' is not one of a binary sensor",
    ),
    "sensor in config": (
        changed("voltage", category=Category.CONFIG),
        "voltage: what is only read cannot be config",
    ),
    "control in diagnostic": (
        changed("hold", category=Category.DIAGNOSTIC),
        "hold: a control cannot be diagnostic",
    ),
    "sensor with a setting": (
        changed("voltage", setting=WRITE),
        "voltage: has a setting but is only read",
    ),
    "no setting": (changed("hold", setting=None), "hold: does not say how it is set, nor its wear"),
    "no read-back": (changed("hold", at=None), "hold: cannot be read back"),
    "no bounds": (changed("hold", high=1), "hold: its bounds 1 to 1 hold nothing"),
    "tiny step": (changed("hold", step=0.0001), "hold: its step 0.0001 is under 0.001"),
    "under nothing": (
        changed("hold", under="voltage"),
        "hold: is under 'voltage', which is no number in the same unit here",
    ),
    "no options": (changed("mode", options=()), "mode: has no options"),
    "dangerous": (
        changed("mosfet", expert=False),
        "mosfet: is dangerous to set and not marked expert",
    ),
    "expert and on": (changed("mosfet", enabled=True), "mosfet: is expert and not off"),
    "unknown need": (
        changed("power", at=Derived(("voltage", "amperes"), min)),
        "power: needs 'amperes', which no row gives it",
    ),
    "nothing that runs": (replace(toy(*TABLE), dialect=None), "has neither `serve` nor `dialect`"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_is_a_sentence(name: str) -> None:
    integration, sentence = FAULTY[name]
    found = check.faults(integration)
    assert any(fault.startswith(sentence) for fault in found), found


def test_a_derived_row_may_need_what_is_read_below_it_but_not_what_is_derived_below_it() -> None:
    double = Sensor("own", "Own", Derived(("power",), lambda watts: 2 * watts), POWER)
    assert check.faults(toy(*TABLE, double)) == []
    assert check.faults(toy(TABLE[2], *TABLE[:2], *TABLE[3:])) == []
    assert check.faults(toy(double, *TABLE)) == ["own: needs 'power', which no row gives it"]


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        ({**FRAME, "values": {"volts": [52.1, "V"]}}, "no row has the key 'volts'"),
        ({**FRAME, "values": {"voltage": [52.1, "mV"]}}, "voltage is in 'mV', its row in 'V'"),
        ({**FRAME, "values": {"voltage": 52.1}}, "voltage is not [value, unit]"),
        ({**FRAME, "values": {}}, "needs either `values` or `error`"),
        ({**FRAME, "error": "Refused"}, "needs either `values` or `error`"),
        ({**FRAME, "values": {}, "error": "KeyError"}, "is neither BadFrame nor Refused"),
        ({**FRAME, "source": ""}, "source"),
        ({**FRAME, "why": None}, "why"),
        ({**FRAME, "reply": "3"}, "hex"),
    ],
)
def test_a_captured_frame_says_all_it_must(installed: Path, frame: dict[str, object], sentence: str) -> None:
    (installed / "frames" / "bench.json").write_text(json.dumps([FRAME, frame]))
    found = check.faults(toy(*TABLE))
    assert len(found) == 1
    assert sentence in found[0]
    assert "bench.json:2" in found[0]


def test_frames_and_py_typed_must_be_there(installed: Path) -> None:
    (installed / "frames" / "bench.json").unlink()
    (installed / "py.typed").unlink()
    assert check.faults(toy(*TABLE)) == [
        "its package gridward_toy_checked has no py.typed",
        "has no captured frames (frames/*.json)",
    ]


def test_an_integration_without_a_line_needs_serve_and_no_frames(installed: Path) -> None:
    async def serve(_device: object, _options: Options) -> None: ...

    (installed / "frames" / "bench.json").unlink()
    reachable = BinarySensor("reachable", "Reachable", device_class="connectivity")
    served = Integration(domain="toy", name="Toy", kind="host", entities=lambda _: (reachable,), serve=serve)
    assert check.faults(served) == []


def test_every_canonical_quantity_is_one_that_home_assistant_takes() -> None:
    for kind, quantities in CANONICAL.items():
        for key, quantity in quantities.items():
            if quantity.device_class is None:
                continue
            allowed = SENSOR[quantity.device_class]
            assert quantity.unit in allowed.units, f"{kind} {key}"
            if quantity.device_class not in NOT_NUMBERS:
                assert quantity.state_class in allowed.states, f"{kind} {key}"
