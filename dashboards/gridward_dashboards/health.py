"""The dashboard `health`: lines, ages, write budgets, queues, disk."""

from gridward_dashboards.dashboard import Choice, Dashboard
from gridward_dashboards.look import BATTERY, FAULT, GRID, HOUSE, SUN, Looks, flag
from gridward_dashboards.panel import gauge, stat, table, timeline, timeseries
from gridward_dashboards.parts import Panel, Row, Size, Value
from gridward_dashboards.query import Source, each_device, gains_of_each, latest, many_over_time, over_time
from gridward_dashboards.values import word

DEVICES = Source("health")
RECORDER = Source("health", "recorder")
ABSENT = "No health on record in this range"
NO_RECORDER = "The recorder says nothing of itself in this range"
ERRORS = (
    ("errors_no_answer", "No answer", FAULT),
    ("errors_bad_frame", "Spoilt answers", SUN),
    ("errors_refused", "Refused", GRID),
    ("errors_impossible", "Impossible values", HOUSE),
)
ANSWERS = flag("Answers", "Silent", BATTERY, FAULT)
FULL = Looks("percent", 0, BATTERY, ((75, SUN), (85, FAULT)), low=0, high=100)
BYTES = Looks("bytes", 1, HOUSE)
WAITING = Looks("short", 0, BATTERY, ((1000, SUN), (100_000, FAULT)))
WEAR = Looks("short", 1, FAULT, ((3, SUN), (7, BATTERY)))


def _devices() -> Row:
    answers = word("available", "Answers", ANSWERS)
    errors = [Value(key, name, Looks("short", 0, BATTERY, ((1, colour),))) for key, name, colour in ERRORS]
    waiting = Value("spool_waiting", "Waits for the store", WAITING)
    dropped = Value("spool_dropped", "Dropped", Looks("short", 0, BATTERY, ((1, FAULT),)))
    columns = [answers, *errors, waiting, dropped]
    return Row(
        "Devices",
        (
            table(
                "When each device was last heard",
                each_device(DEVICES, [("available", "Answers")]),
                [answers],
                ABSENT,
                Size(10, 9),
                age=True,
                about="Health comes every 30 s, and at once when a device is lost.",
            ),
            table(
                "Faults of the lines since their start",
                each_device(DEVICES, [item.column for item in columns]),
                columns,
                ABSENT,
                Size(14, 9),
                about="Counted since the process of each started.",
            ),
            timeline(
                "Answers or silent",
                many_over_time(DEVICES, "available", "last", "none"),
                [],
                ABSENT,
                Size(24, 8),
                looks=ANSWERS,
            ),
        ),
    )


def _gain(title: str, key: str) -> Panel:
    query = gains_of_each(DEVICES, key)
    return timeseries(title, query, [], ABSENT, bars=True, every="10m", stack=True, looks=Looks("short", 0))


def _lines() -> Row:
    titles = (
        "Without an answer",
        "Spoilt answers by interval",
        "Refused by interval",
        "Impossible values by interval",
    )
    return Row("Lines", tuple(_gain(title, key) for title, (key, _, _) in zip(titles, ERRORS, strict=True)))


def _wear() -> Row:
    return Row(
        "Write budgets of stored settings",
        (
            table(
                "Least budget left",
                each_device(DEVICES, [("wear_left", "Writes left"), ("wear_total", "Writes ever")]),
                [
                    Value("wear_left", "Writes left", WEAR),
                    Value("wear_total", "Writes ever", Looks("short", 0)),
                ],
                "No device with stored settings in this range",
                Size(12, 8),
                about="Of 20; one comes back every 72 minutes. Of the setting that has the least.",
            ),
            timeseries(
                "Least budget over time",
                many_over_time(DEVICES, "wear_left", "min"),
                [],
                "No device with stored settings in this range",
                looks=Looks("short", 1),
                fill=0,
            ),
        ),
    )


def _store() -> Row:
    used = Value("disk_used", "Disk", FULL)
    shown = (
        Value("disk_free", "Disk free", BYTES),
        Value("store_size", "Store", BYTES),
        Value("followers_waiting", "Databases lag by", WAITING),
        Value("unstored", "Waits for the store", WAITING),
        Value("dropped", "Lost for want of room", Looks("short", 0, BATTERY, ((1, FAULT),))),
    )
    charts = (
        ("Disk over time", [used]),
        ("Waiting for databases over time", [Value("followers_waiting", "Readings", Looks("short", 0, SUN))]),
        ("Waiting on the devices' side", None),
        ("Size of the store", [Value("store_size", "Store", BYTES)]),
    )
    panels: list[Panel] = [gauge("Disk used", latest(RECORDER, [used.column]), used, NO_RECORDER, Size(4, 4))]
    panels += [stat(item.name, latest(RECORDER, [item.column]), [item], NO_RECORDER) for item in shown]
    for title, values in charts:
        if values is None:
            query = many_over_time(DEVICES, "spool_waiting", "max")
            panels.append(timeseries(title, query, [], ABSENT, looks=Looks("short", 0), fill=0))
        else:
            query = over_time(RECORDER, [values[0].column], "max")
            panels.append(timeseries(title, query, values, NO_RECORDER))
    return Row("Store, databases, disk", tuple(panels))


HEALTH_DASHBOARD = Dashboard(
    "health",
    "Health",
    "What the system itself is like: lines, ages, write budgets, queues, disk.",
    (_devices(), _lines(), _wear(), _store()),
    (Choice("device", "Device", "health", many=True),),
    refresh="1m",
)
