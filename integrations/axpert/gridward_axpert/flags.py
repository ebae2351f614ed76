"""QFLAG: what is switched on and off by one letter each (PEx, PDx)."""

from collections.abc import Mapping

from gridward_axpert.points import Flag
from gridward_kit.entity import Category, Entity, Setting, Switch

FLAGS: Mapping[str, tuple[str, str, bool]] = {
    "a": ("buzzer", "Buzzer", False),
    "b": ("overload_bypass", "Overload bypass", True),
    "d": ("solar_feed_to_grid", "Solar feed to grid", True),
    "j": ("power_saving", "Power saving", True),
    "k": ("lcd_return", "Return to first LCD page", False),
    "l": ("data_log_popup", "Data log pop-up", False),
    "u": ("overload_restart", "Restart after overload", False),
    "v": ("over_temperature_restart", "Restart after over temperature", False),
    "x": ("backlight", "Backlight", False),
    "y": ("primary_source_alarm", "Alarm on loss of primary source", False),
    "z": ("fault_code_record", "Fault code record", False),
}


def _flag(letter: str, key: str, name: str, *, expert: bool) -> Switch:
    setting = Setting(lambda value: (f"{'PE' if value else 'PD'}{letter}",))
    return Switch(
        key,
        name,
        Flag("QFLAG", letter),
        setting=setting,
        category=Category.CONFIG,
        enabled=not expert,
        expert=expert,
    )


def rows(letters: str) -> tuple[Entity, ...]:
    """The switches for these letters, for all of them where none are named; unknown letters have none."""
    return tuple(
        _flag(letter, key, name, expert=expert)
        for letter, (key, name, expert) in FLAGS.items()
        if letter in (letters or FLAGS)
    )
