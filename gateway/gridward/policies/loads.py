"""Reads the section `loads` of a site file: what can be switched off when energy is short."""

from collections.abc import Iterable

from gridward import values
from gridward.rules.catalogue import Catalogue, Unknown
from gridward.section import Section
from gridward.site import LoadSpec
from gridward_kit.entity import Switch

LEAST, MOST, USUAL = 1, 9, 5
SWITCH = "switch"


def loads_of(sections: Iterable[Section], catalogue: Catalogue) -> tuple[LoadSpec, ...]:
    """The loads; faults are added to the sections'."""
    found: dict[str, LoadSpec] = {}
    for section in sections:
        load = _load(section)
        _switch(load, section, catalogue)
        if load.id in found:
            node = section.node.at(["id"])
            section.faults.append(node.fault("an id of its own", f"the id `{load.id}` a second time"))
        elif load.place in {one.place for one in found.values()}:
            fault = section.node.fault("one load on each switch", f"`{'.'.join(load.place)}` a second time")
            section.faults.append(fault)
        found.setdefault(load.id, load)
    return tuple(found.values())


def _load(section: Section) -> LoadSpec:
    identifier = section.need("id", values.identifier, "", "its name in rules")
    load = LoadSpec(
        identifier,
        section.take("name", values.text, identifier.replace("_", " ").capitalize()),
        section.need("device", values.identifier, "", "the device whose switch it hangs on"),
        section.take("entity", values.identifier, SWITCH),
        section.take("priority", values.whole(LEAST, MOST), USUAL),
        section.take("critical", values.flag, False),
    )
    section.close()
    return load


def _switch(load: LoadSpec, section: Section, catalogue: Catalogue) -> None:
    """Tell the fault if there is no such switch, or none that may be written."""
    said = ".".join(load.place)
    node = section.node.at(["entity" if "entity" in section.entries else "device"])
    try:
        found = catalogue.find(said)
    except Unknown as unknown:
        section.faults.append(node.fault(str(unknown), f"`{said}`"))
        return
    objection = found.objection()
    if not isinstance(found.row, Switch):
        section.faults.append(node.fault("a switch, on or off", f"`{said}`"))
    elif objection is not None:
        section.faults.append(node.fault(objection, f"`{said}`"))
