"""Reads the section `rules` of a site file: the mode, the grid switch, and the policy."""

from collections.abc import Mapping

from gridward import crosscheck, values
from gridward.policies.rulefile import path_of, read_policy, shipped
from gridward.rules.catalogue import Catalogue
from gridward.rules.entities import MODES
from gridward.rules.policy import Policy
from gridward.section import Section
from gridward.site import DeviceSpec, GridSwitchSettings, RulesSpec
from gridward_kit.integration import Integration

Known = Mapping[str, Integration]
Devices = list[crosscheck.Placed[DeviceSpec]]


def rules_of(section: Section | None, devices: Devices, roles: Mapping[str, str], known: Known) -> RulesSpec:
    """The section `rules` of a site file; its faults are added to the section's."""
    if section is None:
        return RulesSpec()
    mode = section.take("mode", values.one_of(*MODES), "observe")
    part = section.part("grid_switch")
    settings = None if part is None else _grid_switch(part, devices, roles, known)
    policy = _policy(section, devices, roles, known)
    section.close()
    if policy is not None and part is None:
        section.require("grid_switch", "`{}` for its defaults; the rules' policy runs beside it")
    if part is not None and settings is not None:
        section.faults += crosscheck.grid_switch(settings, part.node, mode, devices, known)
    return RulesSpec(mode, settings, policy)


def _policy(section: Section, devices: Devices, roles: Mapping[str, str], known: Known) -> Policy | None:
    """The shipped policy of this name, or the rule file beside the site file."""
    name = section.take("policy", values.text, None)
    wished = section.part("settings")
    if name is None:
        return None
    file = path_of(name, section.node.file.parent)
    if not file.is_file():
        expected = f"one of {', '.join(shipped())}, or a file that is there{values.nearest(name, shipped())}"
        section.faults.append(section.node.at(["policy"]).fault(expected))
        return None
    specs = [device.spec for device in devices]
    inverter = crosscheck.Fitting(specs, roles, known).inverter
    catalogue = Catalogue(specs, roles, inverter, known)
    return read_policy(file, catalogue, section.faults, None if wished is None else wished.entries)


def _grid_switch(
    section: Section, devices: Devices, roles: Mapping[str, str], known: Known
) -> GridSwitchSettings:
    """The thresholds; devices that it does not name are those of the roles."""
    fitting = crosscheck.Fitting([device.spec for device in devices], roles, known)
    usual = GridSwitchSettings("", "")
    bank, seconds = values.number(5, 1000, "V"), values.duration
    settings = GridSwitchSettings(
        battery=section.take("battery", values.identifier, fitting.battery),
        inverter=section.take("inverter", values.identifier, fitting.inverter),
        relay=roles.get("grid_switch"),
        grid_meter=section.take("grid_meter", values.identifier, fitting.grid_meter),
        logger=section.take("logger", values.identifier, None),
        require=section.take("require", values.words, ()),
        connect_below=section.take("connect_below", bank, usual.connect_below),
        island_above=section.take("island_above", bank, usual.island_above),
        wait=section.take("for", seconds(0, 3600), usual.wait),
        settle=section.take("settle", seconds(0, 3600), usual.settle),
        grace=section.take("grace", seconds(0, 30), usual.grace),
        override=section.take("override", seconds(60, 86400), usual.override),
        cell_min=section.take("cell_min", values.number(1, 4, "V"), usual.cell_min),
        output_min=section.take("output_min", values.number(50, 300, "V"), usual.output_min),
        grid_voltage=section.take("grid_voltage", values.band(50, 300, "V"), usual.grid_voltage),
        grid_frequency=section.take("grid_frequency", values.band(40, 70, "Hz"), usual.grid_frequency),
    )
    section.close()
    return settings
