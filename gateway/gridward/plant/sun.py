"""Where the sun stands, and what a photovoltaic array can make of it under a clear or cloudy sky."""

import math
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo

J2000 = 946_728_000.0  # 2000-01-01 12:00 UTC, seconds since 1970
DAY = 86_400.0
SOLAR_CONSTANT = 1361.0  # W/m2, Kopp and Lean 2011
HORIZON = -0.833  # degrees: refraction and half the disc (US Naval Observatory)
ALBEDO = 0.2

Direction = tuple[float, float, float]


def _declination(moment: float) -> tuple[float, float]:
    """Declination (rad) and equation of time (hours) by the Astronomical Almanac's low-precision formula.

    Good to 0.01 degree from 1950 to 2050 (Michalsky 1988).
    """
    days = (moment - J2000) / DAY
    mean_longitude = (280.460 + 0.9856474 * days) % 360
    anomaly = math.radians((357.528 + 0.9856003 * days) % 360)
    longitude = math.radians(mean_longitude + 1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly))
    obliquity = math.radians(23.439 - 0.0000004 * days)
    sine = math.sin(longitude)
    ascension = math.degrees(math.atan2(math.cos(obliquity) * sine, math.cos(longitude)))
    equation = (mean_longitude - ascension + 180) % 360 - 180
    return math.asin(math.sin(obliquity) * sine), equation / 15


def direction(moment: float, latitude: float, longitude: float) -> Direction:
    """Unit vector to the sun (east, north, up) at seconds since 1970; degrees, north and east positive."""
    declination, equation = _declination(moment)
    hours = moment % DAY / 3600 + equation + longitude / 15 - 12
    angle = math.radians(15 * hours)
    phi = math.radians(latitude)
    low, high = math.sin(phi), math.cos(phi)
    wide, tall = math.cos(declination), math.sin(declination)
    across = wide * math.cos(angle)
    return (-wide * math.sin(angle), high * tall - low * across, low * tall + high * across)


def elevation(moment: float, latitude: float, longitude: float) -> float:
    """Height of the sun's centre over the horizon in degrees, without refraction."""
    return math.degrees(math.asin(max(-1.0, min(1.0, direction(moment, latitude, longitude)[2]))))


def sunrise_and_sunset(
    day: date, latitude: float, longitude: float, zone: tzinfo
) -> tuple[datetime, datetime] | None:
    """Times in `zone` when the sun's upper edge crosses the horizon; None where it does not that day."""
    noon = datetime.combine(day, time(12), zone).timestamp()
    _, equation = _declination(noon)
    solar = noon % DAY / 3600 + equation + longitude / 15 - 12
    noon -= ((solar + 12) % 24 - 12) * 3600
    rise, fall = (_crossing(noon + equation * 3600, latitude, side) for side in (-1, 1))
    if rise is None or fall is None:
        return None
    return datetime.fromtimestamp(rise, zone), datetime.fromtimestamp(fall, zone)


def _crossing(mean_noon: float, latitude: float, side: int) -> float | None:
    """When the sun passes the horizon before (-1) or after (1) a mean solar noon."""
    phi = math.radians(latitude)
    moment = mean_noon
    for _ in range(3):
        declination, equation = _declination(moment)
        cosine = (math.sin(math.radians(HORIZON)) - math.sin(phi) * math.sin(declination)) / (
            math.cos(phi) * math.cos(declination)
        )
        if not -1 <= cosine <= 1:
            return None
        moment = mean_noon + (side * math.degrees(math.acos(cosine)) / 15 - equation) * 3600
    return moment


def clear_sky(height: float) -> float:
    """Global horizontal irradiance (W/m2) of a clear sky; `height` is the sine of the elevation.

    Haurwitz 1945, as in Reno et al. 2012 (SAND2012-2389).
    """
    return 1098 * height * math.exp(-0.057 / height) if height > 0.001 else 0.0


def diffuse_share(clearness: float) -> float:
    """Diffuse part (0 to 1) of global irradiance by clearness index, Erbs et al. 1982."""
    if clearness <= 0.22:
        return 1 - 0.09 * clearness
    if clearness > 0.8:
        return 0.165
    k = clearness
    return 0.9511 - 0.1604 * k + 4.388 * k**2 - 16.638 * k**3 + 12.336 * k**4


def cloud_transmission(cover: float) -> float:
    """Share of clear-sky irradiance that passes a cloud cover of 0 to 1, Kasten and Czeplak 1980."""
    return 1 - 0.75 * math.pow(cover, 3.4)


@dataclass(frozen=True, slots=True)
class Array:
    """A photovoltaic array: `peak` W at 1000 W/m2 and 25 degC, `azimuth` from north over east in degrees.

    `voltage` and `open_voltage` are the string's (V) at 25 degC: at the maximum power point and idle.
    """

    peak: float = 3000
    tilt: float = 35
    azimuth: float = 180
    voltage: float = 248
    open_voltage: float = 298
    coefficient: float = -0.0037  # of power per degC, crystalline silicon
    wiring: float = 0.94  # cables, dirt, mismatch


class Sunlight:
    """What an array at a place receives and can give."""

    def __init__(self, array: Array, latitude: float, longitude: float) -> None:
        tilt, azimuth = math.radians(array.tilt), math.radians(array.azimuth)
        self._array = array
        self._place = (latitude, longitude)
        self._normal = (
            math.sin(tilt) * math.sin(azimuth),
            math.sin(tilt) * math.cos(azimuth),
            math.cos(tilt),
        )

    def irradiance(self, moment: float, cover: float) -> float:
        """W/m2 on the array's plane, isotropic sky (Liu and Jordan 1963), at a cloud cover of 0 to 1."""
        east, north, height = direction(moment, *self._place)
        total = clear_sky(height)
        if total == 0:
            return 0.0
        total *= cloud_transmission(cover)
        diffuse = total * diffuse_share(total / (SOLAR_CONSTANT * height))
        side_east, side_north, up = self._normal
        incidence = max(0.0, east * side_east + north * side_north + height * up)
        beam = (total - diffuse) * incidence / max(height, 0.05)
        return beam + diffuse * (1 + up) / 2 + total * ALBEDO * (1 - up) / 2

    def power(self, moment: float, cover: float, air: float) -> tuple[float, float]:
        """Power (W) at the maximum power point and cell temperature (degC) at an air temperature (degC).

        Cell temperature by the nominal operating temperature, 45 degC at 800 W/m2 and 20 degC.
        """
        light = self.irradiance(moment, cover)
        cell = air + (45 - 20) / 800 * light
        share = 1 + self._array.coefficient * (cell - 25)
        return self._array.peak * light / 1000 * share * self._array.wiring, cell

    def voltage(self, used: float, possible: float, cell: float) -> float:
        """String voltage (V) while `used` of the `possible` W is taken; 0 in the dark."""
        if possible < 5:
            return 0.0
        array = self._array
        light = min(1.0, possible / array.peak)
        warm = 1 - 0.0029 * (cell - 25)
        dim = 1 + 0.035 * math.log(light)
        full, idle = array.voltage * warm * dim, array.open_voltage * warm * dim
        return idle - (idle - full) * math.sqrt(max(0.0, min(1.0, used / possible)))
