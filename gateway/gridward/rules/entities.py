"""The device `rules`: what it shows, and what a person sets on it."""

from gridward.rules.grid_presence import PRESENCES
from gridward.rules.inputs import POSITIONS
from gridward.rules.override import GridOverride
from gridward_kit.entity import (
    ENUM,
    SECONDS,
    TEXT,
    TOTAL,
    Category,
    Entity,
    Select,
    Sensor,
    Setting,
)
from gridward_kit.integration import Identity, Integration
from gridward_kit.point import Value

MODES = ("off", "observe", "on")
LONGEST_SENTENCE = 255  # characters of a state in Home Assistant


def _word(value: Value) -> tuple[str, ...]:
    return (str(value),)


OWN = Setting(write=_word, wear="none", settle=0.0)

ROWS: tuple[Entity, ...] = (
    Sensor("sentence", "Sentence", quantity=TEXT),
    Sensor("decision", "Decision", quantity=ENUM, options=POSITIONS),
    Sensor("grid_present", "Public grid", quantity=ENUM, options=PRESENCES),
    Sensor("would", "Would decide", quantity=ENUM, options=POSITIONS),
    Sensor("waiting", "Waiting", quantity=TEXT),
    Sensor("decisions", "Decisions", quantity=TOTAL, category=Category.DIAGNOSTIC),
    GridOverride("grid_override", "Grid", setting=OWN, options=("auto", *POSITIONS)),
    Sensor("override_remaining", "Override remaining", quantity=SECONDS, category=Category.DIAGNOSTIC),
    Select("mode", "Rules", setting=OWN, category=Category.CONFIG, options=MODES),
)
KEYS = frozenset(row.key for row in ROWS)
WITHOUT_CONTACTOR = tuple(row for row in ROWS if row.key in ("sentence", "grid_present", "mode"))

RULES = Integration(domain="rules", name="Rules", kind="rules", entities=lambda _: ROWS)
IDENTITY = Identity(model="Grid switch", protocol="rules")
