"""What the scripts of an older installation say: ports, thresholds, addresses, pins, times. Pure.

Nothing is executed, and no line is kept: passwords stand in such scripts.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

PORT = re.compile(r"/dev/(?:tty(?:USB|ACM|AMA|S)\d+|hidraw\d+|serial[01]|serial/by-(?:id|path)/[\w.:+@-]+)")
BAUD = re.compile(r"(?<!\d)(1200|2400|4800|9600|19200|38400|57600|115200)(?!\d)")
SPEED = re.compile(r"baud|speed|stty|serial", re.IGNORECASE)
ADDRESS = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?![\d.])(?::(\d{2,5}))?")
PING = re.compile(r"\bping\b|\bfping\b", re.IGNORECASE)
PIN = re.compile(
    r"(?:gpio[\s\w.\-/]{0,24}?|\bpin\b\s*[=:(]?\s*|(?:LED|OutputDevice|DigitalOutputDevice)\(\s*"
    r"|GPIO\.setup\(\s*)(?<!\d)(\d{1,2})(?!\d)",
    re.IGNORECASE,
)
CRON = re.compile(r"\s*(@(?:reboot|hourly|daily|midnight|weekly|monthly|yearly)|(?:[\d*/,\-]+\s+){5})(\S.*)")
SECRET = re.compile(r"passw|token|secret|api_?key|\bpwd\b|credential", re.IGNORECASE)
ZONE = re.compile(
    r"(?<![\w/])((?:Europe|America|Africa|Asia|Australia|Atlantic|Pacific|Indian)/[A-Z][A-Za-z_]+)(?![\w/])"
)
HINT = re.compile(r"\b(var\d{1,2})\b[^\n]{0,60}?(?:--|#|//|COMMENT)\s*['\"]?([^'\"\n]{2,60})", re.IGNORECASE)
WORDS: Mapping[str, re.Pattern[str]] = {
    "axpert": re.compile(r"axpert|voltronic|inverter|\bQPI(?:GS|RI|WS)|\bQMOD", re.IGNORECASE),
    "daly": re.compile(r"daly|\bbms\b|\\xa5|\b0xa5|a540", re.IGNORECASE),
    "mbmd": re.compile(r"mbmd|\bsdm\s?\d*|eastron|rs485|modbus", re.IGNORECASE),
}
LIMITS: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(
        ("to_utility", "grid_on", "grid_off", "full", "float_low", "bulk_low", "float_high", "bulk_high"),
        (20.0, 64.0),
    ),
    "soc_low": (1.0, 99.0),
    "soc_ok": (1.0, 100.0),
    "cell_max": (3.2, 3.8),
}
"""The thresholds by their names, and between what they can be true."""
NAMED = re.compile(
    rf"\b(?:\w+_)?({'|'.join(LIMITS)})(?:_voltage|_volts|_v)?\b[\"']?\s*[=:]\s*[\"']?(\d{{1,3}}(?:\.\d+)?)",
    re.IGNORECASE,
)
NEAR = 6


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a file of the old installation."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Port:
    """A serial or USB port, what is on it as far as the words around say, and its speed."""

    path: str
    device: str | None
    baud: int | None
    place: Place


@dataclass(frozen=True, slots=True)
class Job:
    """A line of a crontab: when, and the script's name alone, for what stands behind may be secret."""

    when: str
    what: str
    place: Place


@dataclass(slots=True)
class Findings:
    """All that was found, in the order of the files; `hints` are words beside a table's columns."""

    ports: list[Port] = field(default_factory=list)
    thresholds: dict[str, list[tuple[float, Place]]] = field(default_factory=dict)
    pins: list[tuple[int, Place]] = field(default_factory=list)
    pinged: list[tuple[str, Place]] = field(default_factory=list)
    mbmd: list[tuple[str, int | None, Place]] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    zones: list[tuple[str, Place]] = field(default_factory=list)
    secrets: list[Place] = field(default_factory=list)
    hints: dict[str, str] = field(default_factory=dict)

    def value(self, threshold: str) -> float | None:
        """What a threshold is, if all places agree."""
        values = {value for value, _ in self.thresholds.get(threshold, ())}
        return values.pop() if len(values) == 1 else None


def look(files: Iterable[tuple[str, str]]) -> Findings:
    """Look through files by their paths, with slashes, and texts."""
    found = Findings()
    for path, text in files:
        lines = text.splitlines()
        kind = _kind(path, text)
        for number, line in enumerate(lines, start=1):
            place = Place(path, number)
            around = "\n".join(lines[max(0, number - NEAR) : number + NEAR])
            _line(found, line, around, place, kind)
        found.hints |= {match[1].lower(): match[2].strip() for match in HINT.finditer(text)}
    return found


def _line(found: Findings, line: str, around: str, place: Place, kind: str | None) -> None:
    if SECRET.search(line):
        found.secrets.append(place)
    job = CRON.fullmatch(line)
    if job is not None:
        found.jobs.append(Job(" ".join(job[1].split()), _script(job[2]), place))
    for match in PORT.finditer(line):
        found.ports.append(Port(match[0], _said(line) or _said(around) or kind, _baud(line, around), place))
    for match in NAMED.finditer(line):
        low, high = LIMITS[match[1].lower()]
        if low <= float(match[2]) <= high:
            found.thresholds.setdefault(match[1].lower(), []).append((float(match[2]), place))
    if re.search(r"relay|gpio|contactor|\bpin\b", line, re.IGNORECASE):
        found.pins += [(int(match[1]), place) for match in PIN.finditer(line) if int(match[1]) <= 27]
    for address, port in _addresses(line):
        if PING.search(line):
            found.pinged.append((address, place))
        elif WORDS["mbmd"].search(line) or (port == 8080 and kind == "mbmd"):
            found.mbmd.append((address, port, place))
    found.zones += [(match[1], place) for match in ZONE.finditer(line)]


def _addresses(line: str) -> Iterator[tuple[str, int | None]]:
    for match in ADDRESS.finditer(line):
        try:
            address = ip_address(match[1])
        except ValueError:
            continue
        if address.is_private and not address.is_loopback and not address.is_unspecified:
            yield match[1], int(match[2]) if match[2] else None


def _baud(line: str, around: str) -> int | None:
    """The speed in the line itself, else in one near that speaks of speed."""
    near = [one for one in around.splitlines() if SPEED.search(one)]
    for one in (line, *near):
        found = BAUD.search(PORT.sub("", one))
        if found is not None:
            return int(found[1])
    return None


def _said(text: str) -> str | None:
    """The device that most words speak of, if one leads."""
    counted = Counter({name: len(words.findall(text)) for name, words in WORDS.items()})
    (first, most), (_, second) = counted.most_common(2)
    return first if most > second else None


def _kind(path: str, text: str) -> str | None:
    return _said(path.rpartition("/")[2]) or _said(text)


def _script(command: str) -> str:
    """The script that a command runs, without its arguments."""
    words = re.split(r"[\s;|&><]+", command)
    scripts = [word for word in words if re.fullmatch(r"[\w./~-]+\.(?:py|sh|pl|php)", word)]
    return (scripts or words)[0].rpartition("/")[2][:60]
