"""The part `panel` of a site file."""

from collections.abc import Mapping

from gridward import values
from gridward.section import Section
from gridward.site import DeviceSpec, PanelSpec

PIN = values.whole(0, 27)


def panel_of(
    section: Section | None, roles: Mapping[str, str], devices: tuple[DeviceSpec, ...]
) -> PanelSpec | None:
    """The panel, None where none is stated; faults go to the section's list."""
    if section is None:
        return None
    spec = PanelSpec(
        led=section.need("led", PIN, 0, "the LED's GPIO, 0 to 27"),
        button=section.need("button", PIN, 1, "the button's GPIO, 0 to 27; it closes to ground"),
        relay=roles.get("grid_switch", ""),
    )
    section.close()
    if not spec.relay:
        section.faults.append(section.node.fault("a role `grid_switch`, whose contactor the button connects"))
    taken = {spec.led: "the LED"}
    for device in devices:
        pins = (device.options.get("pin"), device.options.get("feedback_pin"))
        taken |= {pin: f"`{device.id}`" for pin in pins if isinstance(pin, int)}
    if spec.button == spec.led or (spec.led in taken and taken[spec.led] != "the LED"):
        section.faults.append(section.node.at(["led"]).fault("a pin of its own", f"GPIO {spec.led}, in use"))
    if spec.button in taken:
        found = f"GPIO {spec.button}, in use by {taken[spec.button]}"
        section.faults.append(section.node.at(["button"]).fault("a pin of its own", found))
    return spec
