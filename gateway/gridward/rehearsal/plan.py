"""The device `plan` in a rehearsal: the role's own reckoning, on what sun and house did so far."""

from collections.abc import Mapping

from gridward.planning import house
from gridward.planning.core import Memory, Settings, step
from gridward.planning.entities import PLAN
from gridward.planning.forecast import DAY, LOAD_DAYS, Forecast, Place, house_of, sun_of
from gridward.planning.prices import HOUR, QUARTER, Prices, day, of_tariff
from gridward.planning.slots import Schedule
from gridward.rehearsal.rates import Rates
from gridward.roles import flows
from gridward.rules.inputs import Source
from gridward.site import Site

LEARN_EVERY = 6 * HOUR  # s; the role does so more often, for the same hours
AHEAD = 2 * DAY  # s of the schedule that are laid before the plan


class Planner:
    """Looks each quarter of an hour; learns the sun and the load by the hours that it has seen. `slots` are
    the schedule of the whole rehearsal."""

    def __init__(self, site: Site, rates: Rates, slots: Schedule = ()) -> None:
        self._site, self._rates, self._slots = site, rates, slots
        place = (
            None if site.latitude is None or site.longitude is None else Place(site.latitude, site.longitude)
        )
        settings = site.rules.grid_switch
        self._settings = Settings(
            site.time_zone,
            site.plan,
            place,
            "battery" in site.roles,
            None if settings is None or settings.relay is None else settings.connect_below,
        )
        self._memory = Memory()
        self._forecast = Forecast(no_sun="pv" not in site.roles)
        self._hours: dict[str, dict[float, float]] = {"pv_power": {}, "load_power": {}}
        self._hour: tuple[float, dict[str, tuple[float, int]]] = (0.0, {})
        self._looked, self._learnt = 0.0, 0.0
        self._shown = Source("Plan", PLAN)
        self._known: tuple[float, Prices] = (0.0, ())

    def look(self, sources: Mapping[str, Source], now: float, moment: float) -> Source:
        """What the plan shows at a moment (s since 1970), `now` on the monotonic clock."""
        found = flows(sources)
        self._hear({key: watts for key in self._hours if isinstance(watts := found.get(key), float)}, moment)
        if moment // QUARTER == self._looked:
            return self._shown
        self._looked = moment // QUARTER
        if moment - self._learnt >= LEARN_EVERY:
            self._learn(moment)
        inputs = house.seen(
            sources,
            (now, moment),
            prices=self._prices(moment),
            forecast=self._forecast,
            schedule=tuple(one for one in self._slots if moment < one.end and one.start < moment + AHEAD),
            capacity=self._site.plan.capacity,
        )
        self._memory, values = step(self._memory, inputs, self._settings)
        self._shown = Source("Plan", PLAN, fresh=True, age=0.0, values=values)
        return self._shown

    def _hear(self, watts: Mapping[str, float], moment: float) -> None:
        """Sum up the hour; one that is over becomes its mean."""
        hour = moment // HOUR * HOUR
        begun, sums = self._hour
        if hour != begun:
            for key, (total, count) in sums.items():
                self._hours[key][begun] = total / count
            sums = {}
        for key, value in watts.items():
            total, count = sums.get(key, (0.0, 0))
            sums[key] = (total + value, count + 1)
        self._hour = (hour, sums)

    def _learn(self, moment: float) -> None:
        self._learnt = moment
        for hours in self._hours.values():
            for old in [at for at in hours if at < moment - LOAD_DAYS * DAY]:
                del hours[old]
        place = self._settings.place
        self._forecast = Forecast(
            None if place is None else sun_of(self._hours["pv_power"], place, moment),
            house_of(self._hours["load_power"], self._site.time_zone, moment),
            no_sun=self._forecast.no_sun,
        )

    def _prices(self, moment: float) -> Prices:
        """Yesterday's to the day after tomorrow's, as the role has them."""
        tariff, zone = self._site.tariff, self._site.time_zone
        if tariff is None:
            return ()
        begin = day(moment, zone)[0]
        if begin != self._known[0]:
            end = day(moment, zone, 2)[1]
            self._known = (begin, self._rates.between(begin, end) or of_tariff(tariff, begin, end, zone))
        return self._known[1]
