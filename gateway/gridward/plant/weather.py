"""Cloud cover and air temperature of a temperate place, seeded, as smooth functions of time."""

import math

from gridward.plant.noise import Noise
from gridward.plant.sun import DAY

YEAR = 365.2425 * DAY
COLDEST = 15 * DAY  # mid January, seconds into the year
WARMEST_HOUR = 15 / 24  # of the local solar day


class Weather:
    """Weather at a longitude; a fixed `cover` (0 to 1) replaces the random clouds."""

    def __init__(self, seed: int, longitude: float, cover: float | None = None) -> None:
        self._cover = cover
        self._solar = longitude / 360 * DAY
        self._fronts = Noise(seed + 11, 1.7 * DAY)
        self._hours = Noise(seed + 12, 2.5 * 3600)
        self._minutes = Noise(seed + 13, 600)
        self._warmth = Noise(seed + 14, 3.1 * DAY)
        self._moment = self._winter = self._front = 0.0

    def cover(self, moment: float) -> float:
        """Cloud cover, 0 clear to 1 overcast; winters of the northern temperate zone are duller."""
        if self._cover is not None:
            return self._cover
        self._look(moment)
        cover = 0.70 + 0.13 * self._winter + 0.66 * self._fronts.at(moment) + 0.3 * self._hours.at(moment)
        return max(0.0, min(1.0, cover + 0.15 * self._minutes.at(moment)))

    def air(self, moment: float) -> float:
        """Outside air temperature, degC: 10.5 on average, 11 over the year, 4 over the day, and fronts."""
        self._look(moment)
        hour = (moment + self._solar) / DAY
        day = math.cos(2 * math.pi * (hour - WARMEST_HOUR))
        return 10.5 - 11 * self._winter + 4 * day + 4 * self._front

    def room(self, moment: float) -> float:
        """Temperature (degC) of the unheated room that holds inverter and battery."""
        self._look(moment)
        return 18.5 - 5 * self._winter + 0.8 * self._front

    def _look(self, moment: float) -> None:
        """Season and front, which sky, air and room ask for at one and the same moment."""
        if moment != self._moment:
            self._moment = moment
            self._winter = math.cos(2 * math.pi * (moment - COLDEST) / YEAR)
            self._front = self._warmth.at(moment)
