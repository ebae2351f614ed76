"""The alarms: one row each. Thresholds with their way back, so that nothing flickers."""

from collections.abc import Iterable, Iterator

from gridward.notify.core import Found, Row
from gridward.notify.scene import Scene, Seen
from gridward.rules.alarms import PREFIX
from gridward.rules.words import span

SPREAD = (0.10, 0.07)  # V between the cells; LiFePO4 within its plateau stays below 0.03
LOW_SOC = (15.0, 20.0)  # %
HOT_BATTERY = (50.0, 45.0)  # degC: most LiFePO4 cells may be charged up to 55
HOT_INVERTER = (85.0, 75.0)  # degC of the heat sink
FULL = (0.85, 0.82)  # of the disk
WRITES = (0.20, 0.35)  # of the write budget that is left: warned at 80 % used
DARK, BRIGHT = 10.0, 300.0  # W of a string, and of its brother, where one is at zero in sunshine
HIGH_SUN = 15.0  # degrees: a single string at zero below it may be in the shade
NO_GRID, GRID = 100.0, 180.0  # V
BEHIND = 3600.0  # s
DRILL = 180.0  # days
MINUTE = 60.0


def _over(
    place: Seen, key: str, unit: str, limits: tuple[float, float], scale: float = 1.0
) -> Iterator[Found]:
    value = place.number(key)
    if value is not None:
        above, back = limits
        yield Found(place.id, place.name, f"{value * scale:.4g} {unit}", value > above, value < back)


def _silent(scene: Scene) -> Iterator[Found]:
    """Nothing is known of any device while the broker is away."""
    for identifier, name in scene.expected.items() if scene.broker else ():
        one = scene.devices.get(identifier)
        answers = one is not None and one.answers
        silent = None if one is None else one.silent
        words = "since the gateway started" if silent is None else f"for {span(silent)}"
        yield Found(identifier, name, words, not answers, answers)


def _grid(scene: Scene) -> Iterator[Found]:
    """By the rules' word where they have one; else by a meter on the grid's side, or by the inverter while
    the contactor is closed."""
    for device in ("rules", "site"):
        one = scene.devices.get(device)
        word = one.text("grid_present") if one is not None else None
        if word is not None:
            if word != "unknown":
                yield Found("grid", "The grid", "", word == "absent", word == "present")
            return
    relay = scene.role("grid_switch")
    closed = relay is None or (relay.text("feedback") or relay.text("position")) == "connected"
    inverter = scene.role("load") or scene.role("inverter")
    volts = inverter.number("grid_voltage") if inverter is not None and closed else None
    if volts is not None and (relay is not None or "grid_switch" not in scene.roles):
        yield Found("grid", "The grid", f"{volts:.0f} V", volts < NO_GRID, volts > GRID)


def _spread(scene: Scene) -> Iterator[Found]:
    for one in scene.kind("battery"):
        yield from _over(one, "cell_spread", "mV", SPREAD, 1000.0)


def _strings(scene: Scene) -> Iterator[Found]:
    """A string at zero while its brother gives; a single one while the sun is high."""
    for one in scene.kind("inverter"):
        powers = {key: one.number(key) for key in ("pv_power", "pv2_power")}
        known = {key: watts for key, watts in powers.items() if watts is not None}
        if len(known) == 1 and scene.sun is not None:
            (watts,) = known.values()
            bad = watts < DARK and scene.sun > HIGH_SUN
            yield Found(one.id, f"The string of {one.name}", f"{watts:.0f} W", bad, watts > DARK)
        if len(known) == 2:
            for (key, watts), other in zip(known.items(), reversed(known.values()), strict=True):
                name = f"String {'1' if key == 'pv_power' else '2'} of {one.name}"
                bad = watts < DARK and other > BRIGHT
                yield Found(f"{one.id}/{key}", name, f"{watts:.0f} W", bad, watts > DARK)


def _soc(scene: Scene) -> Iterator[Found]:
    site = scene.devices.get("site")
    value = None if site is None else site.number("soc")
    if value is not None:
        yield Found("battery", "The battery", f"{value:.0f} %", value < LOW_SOC[0], value > LOW_SOC[1])


def _heat(scene: Scene) -> Iterator[Found]:
    for one in scene.kind("battery"):
        yield from _over(one, "temperature_max", "°C", HOT_BATTERY)
    for one in scene.kind("inverter"):
        yield from _over(one, "heat_sink_temperature", "°C", HOT_INVERTER)


def _problem(scene: Scene) -> Iterator[Found]:
    for one in scene.kind("inverter", "battery"):
        flag = one.flag("problem")
        words = next((said for key in ("failures", "warnings", "fault") if (said := one.text(key))), "")
        told = words or "it does not say which"
        mode = one.text("mode") if one.kind == "inverter" else None
        if flag is not None or mode is not None:
            bad = flag is True or mode == "fault"
            yield Found(one.id, one.name, told, bad, not bad)


def _contactor(scene: Scene) -> Iterator[Found]:
    for one in scene.kind("relay"):
        locked, position, feedback = one.flag("locked"), one.text("position"), one.text("feedback")
        differs = None not in (position, feedback) and position != feedback
        if locked is None and (position is None or feedback is None):
            continue
        words = one.text("reason") if locked else f"told {position}, stands {feedback}"
        yield Found(one.id, one.name, words or "", locked is True or differs, not locked and not differs)


def _writes(scene: Scene) -> Iterator[Found]:
    for one in scene.devices.values():
        for key, left in one.left.items():
            name = f"{key.replace('_', ' ')} of {one.name}"
            used = f"{1 - left:.0%}"
            yield Found(f"{one.id}/{key}", name, used, left <= WRITES[0], left >= WRITES[1])


def _disk(scene: Scene) -> Iterator[Found]:
    if scene.disk is not None:
        yield Found("disk", "The disk", f"{scene.disk:.0%}", scene.disk >= FULL[0], scene.disk < FULL[1])


def _clock(scene: Scene) -> Iterator[Found]:
    if scene.clock is not None:
        yield Found("clock", "The clock", "", not scene.clock, scene.clock)


def _broker(scene: Scene) -> Iterator[Found]:
    yield Found("broker", "The broker", "", not scene.broker, scene.broker)


def _store(scene: Scene) -> Iterator[Found]:
    if scene.broker and scene.recorder is not None:
        words = scene.store or ("" if scene.recorder else "the recorder does not run")
        yield Found("store", "The store", words, bool(words), not words)


def _behind(scene: Scene) -> Iterator[Found]:
    for name, (seconds, reason) in scene.behind.items():
        words = f"{span(seconds)} behind{', ' + reason if reason else ''}"
        yield Found(name, name, words, seconds > BEHIND, seconds < BEHIND / 4 and not reason)


def _drill(scene: Scene) -> Iterator[Found]:
    if scene.drill is not None:
        old = scene.drill > DRILL
        yield Found("drill", "The contactor's drill", f"{scene.drill:.0f} days", old, not old)


def _rules(scene: Scene) -> Iterator[Found]:
    """The alarms of the site's policies, each an entity of the device `rules`."""
    one = scene.devices.get("rules")
    for key in () if one is None else sorted(key for key in one.values if key.startswith(PREFIX)):
        flag = one.flag(key) if one is not None else None
        if flag is not None:
            name = key.removeprefix(PREFIX).replace("_", " ").capitalize()
            yield Found(f"rules/{key}", name, "", flag, not flag)


def _channels(scene: Scene) -> Iterator[Found]:
    for name, failing in scene.channels.items():
        yield Found(name, name, failing or "", failing is not None, failing is None)


def _rows() -> Iterable[Row]:
    return (
        Row("silent", "Device silent", "fault", MINUTE, 30, _silent,
            "{name} has not answered {value}.", "{name} answers again."),
        Row("grid_lost", "Grid lost", "warning", 30, MINUTE, _grid, "The grid is gone.", "The grid is back."),
        Row("cell_spread", "Cells apart", "warning", 5 * MINUTE, 5 * MINUTE, _spread,
            "The cells of {name} are {value} apart.", "The cells of {name} are together again, {value}."),
        Row("string_zero", "PV string at zero", "warning", 30 * MINUTE, 5 * MINUTE, _strings,
            "{name} gives {value} in sunshine.", "{name} gives {value} again."),
        Row("low_soc", "Battery low", "safety", MINUTE, MINUTE, _soc,
            "The battery is at {value}.", "The battery is at {value} again."),
        Row("temperature", "Too hot", "safety", MINUTE, 2 * MINUTE, _heat,
            "{name} is at {value}.", "{name} has cooled down to {value}."),
        Row("problem", "Fault of a device", "safety", 10, MINUTE, _problem,
            "{name} reports a fault: {value}.", "{name} reports no fault any more."),
        Row("contactor", "Contactor", "safety", 5, 10, _contactor,
            "{name} is not as it should be: {value}.", "{name} is as it should be."),
        Row("write_budget", "Write budget", "warning", 10, MINUTE, _writes,
            "{value} of the writes for {name} are used.", "{name} may be written again, {value} used."),
        Row("disk", "Disk nearly full", "warning", MINUTE, MINUTE, _disk,
            "The disk is {value} full.", "The disk has room again, {value} full."),
        Row("clock", "Clock", "warning", 10 * MINUTE, 10, _clock,
            "The clock is not synchronised.", "The clock is synchronised."),
        Row("broker", "Broker", "fault", MINUTE, 10, _broker,
            "The broker does not answer.", "The broker answers again."),
        Row("store", "Nothing is recorded", "fault", 30, 10, _store,
            "Nothing is recorded: {value}.", "Readings are recorded again."),
        Row("behind", "Database behind", "warning", 15 * MINUTE, MINUTE, _behind,
            "The database {name} is {value}.", "The database {name} has caught up."),
        Row("drill", "Drill overdue", "info", MINUTE, 10, _drill,
            "The last drill of the contactor was {value} ago; do `gridward relay drill`.",
            "The contactor's drill was made."),
        Row("rule", "Alarm of the rules", "warning", 5, 30, _rules, "{name}.", "{name}: over."),
        Row("channel", "Message not delivered", "fault", 5 * MINUTE, 10, _channels,
            "{name} takes no message: {value}.", "{name} takes messages again."),
    )  # fmt: skip


ROWS = tuple(_rows())
