"""Simulated boards of the register protocols, from the tables that read them."""

from dataclasses import replace

from gridward_daly.blocks import FAMILIES
from gridward_daly.registers import Family
from gridward_daly.simulator import DalyBoard, resting
from gridward_kit.entity import Entity, Number, Setting, Switch
from gridward_kit.integration import Options, Simulator
from gridward_kit.modbus import Register, Unit, frame
from gridward_kit.point import Value

# what is written, and what follows it
FOLLOWED = {"charge_switch": "charge_mosfet", "discharge_switch": "discharge_mosfet", "soc_stored": "soc"}
WRITTEN = Setting(lambda value: (str(value),))


class RegisterBoard(Unit):
    """One board of 1 to 48 cells with 0 to 8 temperature sensors; several may share a line.

    `asleep` makes it silent or, with `zeros`, answer with zeros only.
    """

    def __init__(
        self, family: Family, cells: int = 16, sensors: int = 2, *, board: int = 1, invert: bool = False
    ) -> None:
        rows = family.rows(cells, sensors, frozenset(family.parts), invert=invert)
        known = standing(cells, sensors)
        places = {row.key for row in rows if isinstance(row.at, Register)} - {"problem"}  # follows the bits
        state = {key: value for key, value in known.items() if key in places}
        state |= {row.key: _quiet(row) for row in rows if row.key in places and row.key not in state}
        super().__init__([_held(row) for row in rows], family.profile, family.asked + board, state)
        self.asleep = False
        self.zeros = False
        self._from = family.answers + board
        self._followed = {key: state[key] for key in (*FOLLOWED, "soc")}

    def receive(self, data: bytes, now: float) -> list[bytes]:
        answers = super().receive(b"", now)
        self._follow()
        answers += super().receive(data, now)
        self._follow()
        if self.asleep and not self.zeros:
            return []
        return [frame.sealed(bytes((self._from,)) + answer[1:-2]) for answer in answers]

    def image(self, function: int, start: int, count: int) -> bytes:
        return bytes(2 * count) if self.asleep else super().image(function, start, count)

    def _follow(self) -> None:
        """The MOSFETs do what the switches say; the SoC and its setting are one value."""
        for key, follower in FOLLOWED.items():
            if self.state[key] != self._followed[key]:
                self.state[follower] = self._followed[key] = self.state[key]
        if self.state["soc"] == self._followed["soc"]:
            self.state["soc"] = self.state["soc_setting"]
        self._followed["soc"] = self.state["soc_setting"] = self.state["soc"]


def _held(row: Entity) -> Entity:
    """The row as the board has it: it is set where the switches are, not where their effect is seen."""
    match row.key:
        case "charge_switch" | "discharge_switch":
            return Switch(row.key, row.name, row.at, setting=WRITTEN)
        case "soc_stored":
            return Number(row.key, row.name, row.at, setting=WRITTEN, high=100, step=0.1)
        case _:
            return replace(row, setting=None)


def _quiet(row: Entity) -> Value:
    """What a row says where nothing is wrong."""
    return "none" if row.key.endswith("_severity") else False


def standing(cells: int, sensors: int) -> dict[str, Value]:
    """What a board of these protocols says of a bank at rest, beside what the A5 protocol says."""
    at_rest = resting(cells, sensors)
    volts = [float(at_rest[f"cell_{number}_voltage"]) for number in range(1, cells + 1)]
    degrees = [float(at_rest[f"temperature_{number}"]) for number in range(1, sensors + 1)]
    return at_rest | {
        "balancing": False,
        "cell_voltage_average": round(sum(volts) / cells, 3),
        "board_cell_spread": round(max(volts) - min(volts), 3),
        "temperature_spread": max(degrees) - min(degrees) if degrees else 0,
        "power_magnitude": 0,
        "balance_current": 0.0,
        "balance_status": 0,
        "mosfet_temperature": 24,
        "board_temperature": 30,
        "heater_temperature": 21,
        "board_energy": 9800,
        "charge_time_remaining": 90,
        "failure_bytes": "0" * 16,
        "board_number": 1,
        "sleep_after": 3600,
        "charge_switch": True,
        "discharge_switch": True,
        "soc_stored": 68.5,
        "mosfet_overtemperature_threshold": 85,
        "machine_code": "DL-H16S-100A-0001",
        **GROUPS,
    }


GROUPS: dict[str, Value] = {
    "cell_voltage_high_release_threshold": 3.5,
    "cell_voltage_low_release_threshold": 2.9,
    "pack_voltage_high_release_threshold": 56.0,
    "pack_voltage_low_release_threshold": 46.4,
    **{f"{stem}_delay": 1000 for stem in (
        "cell_voltage_high", "cell_voltage_low", "pack_voltage_high", "pack_voltage_low"
    )},
    **{f"overcurrent_{group}_level_{level}": 100.0 + 20 * level for group in (1, 2) for level in (1, 2, 3)},
    **{f"overcurrent_{group}_delay_{level}": 500 for group in (1, 2) for level in (2, 3)},
}  # fmt: skip


def simulator(options: Options) -> Simulator:
    """A board for a site file's options; `address` is its number; `cells`, `sensors` and `code` shape it."""
    numbers = {key: value for key, value in options.items() if isinstance(value, int)}
    cells, sensors, board = (
        numbers.get(key, rest) for key, rest in (("cells", 16), ("sensors", 2), ("address", 1))
    )
    invert = bool(options.get("invert", False))
    family = FAMILIES.get(str(options.get("protocol")))
    if family is not None:
        return RegisterBoard(family, cells, sensors, board=board, invert=invert)
    return DalyBoard(cells, sensors, board=board, invert=invert, code=str(options.get("code", "")))
