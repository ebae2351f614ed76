"""Modbus devices as tables: rows of registers become the cheapest reads, a simulator and an integration.

pymodbus gives PDUs and the checksum; the line's timing is the port's.
"""

from gridward_kit.modbus.dialect import LINE, Modbus
from gridward_kit.modbus.family import Model, family
from gridward_kit.modbus.frame import HOLDING, INPUT, WRITE_MANY, WRITE_ONE
from gridward_kit.modbus.plan import Profile
from gridward_kit.modbus.registers import Register, bcd, f32, press, s16, s32, text, u16, u32, u64
from gridward_kit.modbus.simulator import Unit

__all__ = (
    "HOLDING",
    "INPUT",
    "LINE",
    "WRITE_MANY",
    "WRITE_ONE",
    "Modbus",
    "Model",
    "Profile",
    "Register",
    "Unit",
    "bcd",
    "f32",
    "family",
    "press",
    "s16",
    "s32",
    "text",
    "u16",
    "u32",
    "u64",
)
