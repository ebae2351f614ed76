"""The label that goes onto a meter: its address, large, and where it belongs. Pure."""

from collections.abc import Iterable
from html import escape

from gridward.meters.meter import Meter

STYLE = """
@page { size: 70mm 37mm; margin: 0 }
body { margin: 0; font-family: system-ui, sans-serif; color: #000; background: #fff }
.label { width: 70mm; height: 37mm; box-sizing: border-box; padding: 3mm; border: 1px dashed #999;
  break-after: page; display: flex; flex-direction: column; justify-content: space-between }
.label b { font-size: 11mm; line-height: 1 }
.label span { font-size: 3.4mm }
@media print { .label { border: 0 } }
"""
NONE = "<p>No label is to be printed: no meter that has an address waits to be installed.</p>"


def words(meter: Meter) -> str:
    """The label's text, a line each; raises ValueError for a meter without an address."""
    if meter.address is None:
        raise ValueError(f"{meter.serial} has no address yet: assign it first")
    return f"Modbus Address: {meter.address:02d}\n{meter.site}, {meter.building}\n{meter.type} {meter.serial}"


def as_html(meters: Iterable[Meter]) -> str:
    """A page of labels, 70 by 37 mm each, as sheets of 24 have them."""
    made = []
    for meter in meters:
        address, place, device = words(meter).split("\n", 2)
        number = address.rpartition(" ")[2]
        made.append(
            f'<div class="label"><span>Modbus Address:</span><b>{number}</b><span>{escape(place)}</span>'
            f"<span>{escape(device)}</span></div>"
        )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Labels</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style>{''.join(made) or NONE}</html>\n"
    )
