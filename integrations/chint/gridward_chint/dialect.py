"""One CHINT meter's Modbus: its rows in the cheapest reads, and what it finds out while it reads. Pure."""

from collections.abc import Mapping

from gridward_chint.entities import SETTING
from gridward_chint.points import Power
from gridward_chint.rows import ratios_of, rows
from gridward_chint.scale import power_unit
from gridward_chint.shape import Shape
from gridward_kit.modbus import Modbus, Profile
from gridward_kit.point import Point, Value

RATIOS = ("ct_ratio", "vt_ratio")
UNSCALED = frozenset((*SETTING, "frequency"))
STEP = 2.0
"""kWh that a meter without transformers (80 A, three phases) can count in a minute, with room."""
SINGLE_SPAN, H_SPAN, SETTINGS_SPAN = (0x2000, 0x200F), (0x0836, 0x0885), (0x0000, 0x000C)
THREE_SPANS = (
    *((0x150A, 0x153B), (0x2000, 0x2021), (0x202A, 0x2031)),
    *((start, start + 0x13) for start in (0x101E, 0x401E, 0x181E)),
)
"""Blocks that were seen to answer as a whole, or that a manual prints without a hole."""


def profile(shape: Shape) -> Profile:
    """What a meter allows: 18 registers at once were seen on DDSU666, 34 on DTSU666, 80 on -H."""
    if shape.live.start == H_SPAN[0]:
        return Profile(most=80, spans=(H_SPAN,))
    if shape.single:
        return Profile(most=18, spans=(SINGLE_SPAN,))
    spans = (*THREE_SPANS, SETTINGS_SPAN) if shape.settings_whole else THREE_SPANS
    return Profile(most=34, spans=spans, low_first=shape.low_first)


class Chint(Modbus):
    """One meter. Without a known unit of power it compares power with voltage times current, once.

    Where the transformers' ratios are no longer those that were found, nothing that depends on them is
    believed: `gridward accept` finds them anew.
    """

    def __init__(self, shape: Shape, unit: int, proof: str | None) -> None:
        self.shape = shape
        self.power_unit = shape.unit()
        self._changed: dict[str, bool] = {}
        step = STEP * shape.ct_ratio * shape.vt_ratio
        super().__init__(rows(shape, self.power_unit), profile(shape), unit, proof=proof, step=step)

    def payload(self, query: str, answer: bytes) -> bytes:
        payload = super().payload(query, answer)
        points = {row.key: row.at for row in self.entities if row.at is not None and row.at.query == query}
        for key, ratio in zip(RATIOS, self.shape.read_ratios or (), strict=False):
            if key in points and (told := points[key].decode(payload)) is not None:
                self._changed[key] = told != ratio
        if self.power_unit.said is None:
            self._judge(points, payload)
        return payload

    def _judge(self, points: Mapping[str, Point], payload: bytes) -> None:
        """Compare power with voltage times current, phase by phase, as they are before the transformers."""
        ratio = ratios_of(self.shape)
        whole: list[tuple[float, float, float]] = []
        for keys in _phases(self.shape):
            volts, amperes = (points[key].decode(payload) if key in points else None for key in keys[:2])
            at = points.get(keys[2])
            watts = at.told(payload) if isinstance(at, Power) else None
            if volts is not None and amperes is not None and watts is not None:
                whole.append((float(volts) / ratio["u"], float(amperes) / ratio["i"], watts / ratio["ui"]))
        if whole:
            self.power_unit.said = power_unit(*zip(*whole, strict=True))

    def doubt(self, values: Mapping[str, Value], before: Mapping[str, Value]) -> frozenset[str]:
        doubted = super().doubt(values, before)
        return doubted | (values.keys() - UNSCALED if any(self._changed.values()) else frozenset())


def _phases(shape: Shape) -> list[tuple[str, str, str]]:
    """The voltages, currents and powers that belong together."""
    if shape.single:
        return [("voltage", "current", "power")]
    if shape.three_wire:
        return [("voltage_l1_l2", "current_l1", "power_l1"), ("voltage_l2_l3", "current_l3", "power_l3")]
    return [(f"voltage_l{one}", f"current_l{one}", f"power_l{one}") for one in (1, 2, 3)]
