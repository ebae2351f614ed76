"""The inverter's settings that commands change, under the kit's keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from gridward_kit.point import Value


class Output(StrEnum):
    """Output source priority: utility, solar or solar and battery before utility."""

    USB = "USB"
    SUB = "SUB"
    SBU = "SBU"


class ChargerSource(StrEnum):
    """Charger source priority."""

    UTILITY_FIRST = "utility_first"
    SOLAR_FIRST = "solar_first"
    SOLAR_AND_UTILITY = "solar_and_utility"
    ONLY_SOLAR = "only_solar"


@dataclass(frozen=True)
class InverterSettings:
    """Settings of a 48 V Axpert; the voltages are the original house's. A re-discharge of 0 V means full."""

    output_source_priority: Output = Output.SBU
    charger_source_priority: ChargerSource = ChargerSource.ONLY_SOLAR
    max_charging_current: float = 40
    max_utility_charging_current: float = 10
    battery_recharge_voltage: float = 50.0
    battery_redischarge_voltage: float = 54.0
    battery_under_voltage: float = 47.0
    battery_bulk_voltage: float = 55.2
    battery_float_voltage: float = 55.1

    def taking(self, values: Mapping[str, Value]) -> "InverterSettings":
        """These settings changed by those in `values`; raises ValueError for an unknown option."""
        merged = {**self.values, **values}
        return InverterSettings(
            output_source_priority=Output(str(merged["output_source_priority"])),
            charger_source_priority=ChargerSource(str(merged["charger_source_priority"])),
            max_charging_current=float(merged["max_charging_current"]),
            max_utility_charging_current=float(merged["max_utility_charging_current"]),
            battery_recharge_voltage=float(merged["battery_recharge_voltage"]),
            battery_redischarge_voltage=float(merged["battery_redischarge_voltage"]),
            battery_under_voltage=float(merged["battery_under_voltage"]),
            battery_bulk_voltage=float(merged["battery_bulk_voltage"]),
            battery_float_voltage=float(merged["battery_float_voltage"]),
        )

    @cached_property
    def values(self) -> Mapping[str, Value]:
        """All settings under the kit's keys."""
        return {
            "output_source_priority": self.output_source_priority.value,
            "charger_source_priority": self.charger_source_priority.value,
            "max_charging_current": self.max_charging_current,
            "max_utility_charging_current": self.max_utility_charging_current,
            "battery_recharge_voltage": self.battery_recharge_voltage,
            "battery_redischarge_voltage": self.battery_redischarge_voltage,
            "battery_under_voltage": self.battery_under_voltage,
            "battery_bulk_voltage": self.battery_bulk_voltage,
            "battery_float_voltage": self.battery_float_voltage,
        }
