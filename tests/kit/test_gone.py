"""Devices that left the site file: their discovery is cleared, and nobody else's."""

import json
from pathlib import Path

from gridward_kit.device import Device
from gridward_kit.entity import VOLTAGE, Button, Entity, Sensor, Setting
from gridward_kit.gone import clear_gone, withdraw
from gridward_kit.info import Setup
from gridward_kit.integration import Identity, Integration
from gridward_kit.testing import MemoryBroker, TurnedClock

ROWS: tuple[Entity, ...] = (
    Sensor("voltage", "Voltage", quantity=VOLTAGE),
    Button("reset", "Reset", setting=Setting(lambda _: ("RESET",), wear="none")),
)
DUMMY = Integration(domain="dummy", name="Dummy", kind="meter", entities=lambda _: ROWS)


class House:
    """Devices announced from one folder by roles of every sort."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = TurnedClock()
        self.broker = MemoryBroker(self.clock)

    def announce(self, identifier: str, role: str, card: tuple[str, str] | None = None) -> Device:
        name = identifier.capitalize()
        setup = Setup(identifier, DUMMY, name, self.folder, writable=True, card=card)
        device = Device(setup, self.broker.link(role), self.clock)
        device.describe(Identity(model="D1", protocol="X"), ROWS)
        return device

    def told(self) -> set[str]:
        """The devices that Home Assistant would find at its next start."""
        kept = (payload for topic, payload in self.broker.retained.items() if topic.endswith("/config"))
        return {json.loads(payload)["object_id"].rpartition("_")[0] for payload in kept if payload}


def test_what_left_the_file_is_cleared_by_any_role_that_starts_from_its_folder(tmp_path: Path) -> None:
    house = House(tmp_path)
    for identifier, role in (("flat", "bus:meters"), ("pin", "device:pin"), ("stays", "bus:other")):
        house.announce(identifier, role)
    house.announce("site", "rules")
    house.announce("flat_energies", "rules", ("flat", "Flat"))
    house.announce("stays_energies", "rules", ("stays", "Stays"))
    (tmp_path / "token.json").write_text("not a device's")
    assert house.told() == {"flat", "flat_energies", "pin", "stays", "stays_energies", "site"}
    clear_gone(house.broker.link("bus:other"), tmp_path, frozenset({"stays"}))
    assert house.told() == {"stays", "stays_energies", "site"}


def test_one_that_comes_back_is_announced_again(tmp_path: Path) -> None:
    house = House(tmp_path)
    device = house.announce("flat", "bus:meters")
    withdraw(device.link, device.kept)
    assert house.told() == set()
    house.announce("flat", "bus:meters")
    clear_gone(house.broker.link("bus:meters"), tmp_path, frozenset({"flat"}))
    assert house.told() == {"flat"}
