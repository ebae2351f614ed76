"""Reads the section `rules` of a site file: the mode, the grid switch, and the policies."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gridward import crosscheck, values
from gridward.document import Fault, Node, is_there
from gridward.planning.entities import INTEGRATION as PLAN
from gridward.policies.levels import levelled
from gridward.policies.rulefile import path_of, read_policy, shipped
from gridward.policies.thresholds import per_cells
from gridward.roles import SITE
from gridward.rules.catalogue import Catalogue, Learned
from gridward.rules.entities import MODES, RULES
from gridward.rules.merged import merged, twice
from gridward.rules.policy import Policy
from gridward.section import Section
from gridward.site import DeviceSpec, GridSwitchSettings, LoadSpec, RulesSpec
from gridward_kit.integration import Integration

Known = Mapping[str, Integration]
Devices = list[crosscheck.Placed[DeviceSpec]]
VIRTUAL: Known = {"site": SITE, "plan": PLAN, "rules": RULES}
"""The gateway's own devices, by id: rules look at them like at any other."""
CONNECTS = (2.8, 3.4)  # V of a LiFePO4 cell between which the grid can have to join
WRITTEN_FOR = 16  # cells of the grid switch's usual thresholds


def catalogue_of(
    devices: Sequence[DeviceSpec],
    roles: Mapping[str, str],
    known: Known,
    loads: Sequence[LoadSpec] = (),
    learned: Learned | None = None,
) -> Catalogue:
    """What rules may name on a site with these devices, roles and loads."""
    inverter = crosscheck.Fitting(devices, roles, known).inverter
    return Catalogue(devices, roles, inverter, known, VIRTUAL, loads, learned)


def rules_of(
    section: Section | None,
    devices: Devices,
    roles: Mapping[str, str],
    known: Known,
    loads: Sequence[LoadSpec] = (),
    learned: Learned | None = None,
) -> RulesSpec:
    """The section `rules` of a site file; its faults are added to the section's. `learned`: values are held
    against what each device turned out to take."""
    if section is None:
        return RulesSpec()
    mode = section.take("mode", values.one_of(*MODES), "observe")
    specs = [device.spec for device in devices]
    policy = _policy(section, catalogue_of(specs, roles, known, loads, learned))
    part = section.part("grid_switch")
    cells = WRITTEN_FOR if policy is None or policy.cells is None else policy.cells
    settings = None if part is None else _grid_switch(part, devices, roles, known, cells)
    section.close()
    if policy is not None and part is None and "grid_switch" in roles:
        section.require("grid_switch", "`{}` for its defaults; the rules' policy runs beside it")
    elif policy is not None and part is None:
        settings = _without_contactor(crosscheck.Fitting(specs, roles, known))
    if part is not None and settings is not None:
        switches = mode == "on" and policy is None
        section.faults += crosscheck.grid_switch(settings, part.node, devices, known, switches=switches)
        if policy is not None and policy.cells is not None:
            section.faults += _cells(settings, part, policy.cells)
    return RulesSpec(mode, settings, policy)


def _policy(section: Section, catalogue: Catalogue) -> Policy | None:
    """What `policy` or `policies` name: shipped policies, or rule files beside the site file."""
    node = section.entries.get("policies" if "policies" in section.entries else "policy")
    section.known += ["policy", "policies"]
    settings = section.part("settings")
    if node is None:
        levelled(section, {})
        return None
    if {"policy", "policies"} <= section.entries.keys():
        section.faults.append(node.fault("one of `policy` and `policies`"))
    named = _named(node, section)
    wished = _wished(settings, list(named))
    read = {
        name: read_policy(file, catalogue, section.faults, wished.get(name, {}))
        for name, file in named.items()
    }
    found = levelled(section, read)
    if not found:
        return None
    policy = merged(found)
    section.faults += _together(found, policy, node)
    return policy


def _named(node: Node, section: Section) -> dict[str, Path]:
    """Files by the name that the site file gives them; what is not there is told."""
    found: dict[str, Path] = {}
    for item in node.content if isinstance(node.content, list) else [node]:
        name = item.content
        file = path_of(name, node.file.parent) if isinstance(name, str) and name else None
        if file is None or not is_there(file):
            nearest = values.nearest(str(name), shipped())
            expected = f"one of {', '.join(shipped())}, or a file that is there{nearest}"
            section.faults.append(item.fault(expected))
        elif str(name) in found:
            section.faults.append(item.fault("each policy once"))
        else:
            found[str(name)] = file
    return found


def _wished(section: Section | None, named: Sequence[str]) -> dict[str, Mapping[str, Node]]:
    """The site's thresholds by policy; those of one policy alone may stand without its name."""
    if section is None or not named:
        return {}
    found: dict[str, Mapping[str, Node]] = {}
    flat: dict[str, Node] = {}
    for key, node in section.entries.items():
        if isinstance(node.content, dict) and key in named:
            found[key] = node.content
        elif isinstance(node.content, dict) or len(named) > 1:
            expected = f"thresholds below the name of their policy, one of {', '.join(named)}"
            section.faults.append(node.fault(expected + values.nearest(key, named), f"`{key}`"))
        else:
            flat[key] = node
    if flat:
        found[named[0]] = {**flat, **found.get(named[0], {})}
    return found


def _together(found: Sequence[Policy], policy: Policy, node: Node) -> Iterator[Fault]:
    """Policies that do not fit together: an id twice, an envelope that leaves nothing, other banks."""
    for first, later in twice(found):
        file, _, line = later.place.rpartition(":")
        told = f"the id `{later.id}` a second time (first at {first.place})"
        yield Fault(Path(file), int(line), told, "an id of its own")
    for output in policy.outputs.values():
        if output.least > output.most:
            bounds = f"at least {output.least:g} and at most {output.most:g}"
            yield node.fault(f"policies that leave {output.ref.said} something", bounds)
    cells = {one.cells for one in found if one.cells is not None}
    if len(cells) > 1:
        several = " and ".join(str(count) for count in sorted(cells))
        yield node.fault("policies for one bank", f"policies for {several} cells")


def _without_contactor(fitting: crosscheck.Fitting) -> GridSwitchSettings:
    """What policies need of a house whose grid nobody switches."""
    return GridSwitchSettings(fitting.battery, fitting.inverter, grid_meter=fitting.grid_meter, stated=False)


def _grid_switch(
    section: Section, devices: Devices, roles: Mapping[str, str], known: Known, cells: int
) -> GridSwitchSettings:
    """The thresholds; devices that it does not name are those of the roles."""
    fitting = crosscheck.Fitting([device.spec for device in devices], roles, known)
    usual = GridSwitchSettings("", "")
    low, high = (per_cells(volts, cells, WRITTEN_FOR) for volts in (usual.connect_below, usual.island_above))
    bank, seconds = values.number(5, 1000, "V"), values.duration
    settings = GridSwitchSettings(
        battery=section.take("battery", values.identifier, fitting.battery),
        inverter=section.take("inverter", values.identifier, fitting.inverter),
        relay=roles.get("grid_switch"),
        grid_meter=section.take("grid_meter", values.identifier, fitting.grid_meter),
        logger=section.take("logger", values.identifier, None),
        require=section.take("require", values.words, ()),
        connect_below=section.take("connect_below", bank, low),
        island_above=section.take("island_above", bank, high),
        wait=section.take("for", seconds(0, 3600), usual.wait),
        settle=section.take("settle", seconds(0, 3600), usual.settle),
        grace=section.take("grace", seconds(0, 30), usual.grace),
        override=section.take("override", seconds(60, 86400), usual.override),
        cell_min=section.take("cell_min", values.number(1, 4, "V"), usual.cell_min),
        output_min=section.take("output_min", values.number(50, 300, "V"), usual.output_min),
        grid_voltage=section.take("grid_voltage", values.band(50, 300, "V"), usual.grid_voltage),
        grid_frequency=section.take("grid_frequency", values.band(40, 70, "Hz"), usual.grid_frequency),
        grid_window=section.take("grid_window", seconds(0, 3600), usual.grid_window),
    )
    section.close()
    return settings


def _cells(settings: GridSwitchSettings, section: Section, cells: int) -> Iterator[Fault]:
    """Thresholds that cannot be those of a bank of so many cells."""
    low, high = (round(volts * cells, 1) for volts in CONNECTS)
    for key, volts in (("connect_below", settings.connect_below), ("island_above", settings.island_above)):
        if key in section.entries and not low <= volts <= high:
            yield section.node.at([key]).fault(f"{low:g} to {high:g} V for {cells} LiFePO4 cells")
