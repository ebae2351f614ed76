"""What was found out about one meter, or said of it in the site file, as one typed value. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from gridward_chint.entities import ALREADY_PRIMARY
from gridward_chint.scale import DIRECT, KILOWATT, PLAIN, SECONDARY, TENTHS, WATT, PowerUnit
from gridward_kit.integration import Fact, Options
from gridward_kit.modbus import HOLDING

SINGLES = ("ddsu666", "ddsu666-d", "ddsu666-h")
DDSU, TWO_WAY, DTSU, DSSU, H3, H1, TWENTY = MODELS = (
    "ddsu666",
    "ddsu666-d",
    "dtsu666",
    "dssu666",
    "dtsu666-h",
    "ddsu666-h",
    "dtsu666-20",
)
PHASES = frozenset((1, 2, 3))


@dataclass(frozen=True, slots=True)
class Place:
    """A block that a meter answers: the function that reads it, and its first register."""

    function: int
    start: int

    @classmethod
    def of(cls, text: str) -> "Place":
        """From `03:0x2000`; raises ValueError."""
        function, _, start = text.partition(":")
        return cls(int(function), int(start, 16))

    def __str__(self) -> str:
        return f"{self.function:02d}:0x{self.start:04x}"


@dataclass(frozen=True, slots=True)
class Shape:
    """One meter. `side` tells on which side of its transformers the values are that it gives.

    `energy` are the blocks that may count: several where none had counted yet. `lacks` are the kinds of
    values that its classic block has not. `settings_whole`: they are given in one read. `line_settings` is
    the register that holds its address, 0 where that is not known. `label` is its own text. `inverted` are
    the phases that are wired the other way round.
    """

    model: str
    live: Place
    energy: tuple[Place, ...] = ()
    energy_phases: bool = False
    number_format: str = PLAIN
    power_unit: str | None = None
    side: str = DIRECT
    ct_ratio: float = 1.0
    vt_ratio: float = 1.0
    read_ratios: tuple[float, float] | None = None
    low_first: bool = False
    lacks: tuple[str, ...] = ()
    settings: bool = False
    settings_whole: bool = False
    line_settings: int = 0
    label: str = ""
    inverted: frozenset[int] = frozenset()

    @property
    def single(self) -> bool:
        """Whether it has one phase."""
        return self.model in SINGLES

    @property
    def three_wire(self) -> bool:
        """Whether it has no neutral, so that only line voltages mean something."""
        return self.model == DSSU

    @property
    def of_2016(self) -> bool:
        """Whether it is of the generation of the quick manual of 2016."""
        return self.line_settings == 0x002D or any(place.start == 0x401E for place in self.energy)

    def multiplied(self, start: int) -> bool:
        """Whether what lies in a block has to be multiplied by the transformers' ratios here."""
        return self.side == SECONDARY and start not in (ALREADY_PRIMARY, 0x150A)

    def unit(self) -> PowerUnit:
        """The unit of its powers, as far as it is known before any is read."""
        if self.live.start != 0x2000 or self.number_format == TENTHS:
            return PowerUnit(WATT)
        return PowerUnit(self.power_unit, KILOWATT if self.single else None)


LIVE: Mapping[str, str] = {H3: "03:0x0836", H1: "03:0x0836", TWENTY: "03:0x1100"}
ENERGY: Mapping[str, str] = {DDSU: "03:0x4000", TWO_WAY: "03:0x4000", DTSU: "03:0x101e", DSSU: "03:0x101e"}


def shape(model: str, facts: Options) -> Shape:
    """A model's shape by the facts of an identity and the site file; what is not said is as usual."""
    side = str(facts.get("transformer_side", DIRECT))
    usual = (ENERGY[model],) if model in ENERGY else ()
    three = model in (DTSU, DSSU)
    read = (_number(facts, "read_ct_ratio"), _number(facts, "read_vt_ratio"))
    return Shape(
        model=model,
        live=Place.of(str(facts.get("live", LIVE.get(model, f"{HOLDING:02d}:0x2000")))),
        energy=tuple(Place.of(one) for one in _texts(facts, "energy", usual)),
        energy_phases=facts.get("energy_phases") is True,
        number_format=str(facts.get("number_format", TENTHS if three else PLAIN)),
        power_unit=str(facts["power_unit"]) if "power_unit" in facts else None,
        side=SECONDARY if side == DIRECT and "ct_ratio" in facts else side,
        ct_ratio=_number(facts, "ct_ratio", read[0]),
        vt_ratio=_number(facts, "vt_ratio", read[1]),
        read_ratios=read if "read_ct_ratio" in facts else None,
        lacks=_texts(facts, "lacks"),
        low_first=facts.get("low_first") is True,
        settings=facts.get("settings") is True,
        settings_whole=facts.get("settings_whole") is True,
        line_settings=int(str(facts.get("line_settings", "0")), 16),
        label=str(facts.get("label", "")),
        inverted=_inverted(facts),
    )


def _texts(facts: Options, key: str, otherwise: tuple[str, ...] = ()) -> tuple[str, ...]:
    found = facts.get(key)
    return tuple(found) if isinstance(found, list) else otherwise


def _number(facts: Options, key: str, otherwise: float = 1.0) -> float:
    found: Fact = facts.get(key, otherwise)
    return float(found) if isinstance(found, int | float) else otherwise


def _inverted(facts: Options) -> frozenset[int]:
    whole = facts.get("invert") is True
    return frozenset(phase for phase in PHASES if whole != (facts.get(f"invert_l{phase}") is True))
