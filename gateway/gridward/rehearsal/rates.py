"""What a kWh from the grid costs at a moment: by the tariff's windows, or by its file of prices."""

from datetime import datetime
from pathlib import Path

from gridward.document import Fault, SiteFault
from gridward.planning.prices import QUARTER, NoList, Prices, read_csv
from gridward.site import Site


class Rates:
    """Prices by quarters of an hour where a file tells them, else by the tariff. `currency` is None where the
    site file has no tariff. Raises SiteFault for a file that cannot be read."""

    def __init__(self, site: Site) -> None:
        self._tariff = site.tariff
        self.currency = None if site.tariff is None else site.tariff.currency
        self._listed: dict[int, float] = {}
        self._prices: Prices = ()
        if site.tariff is None or site.tariff.csv is None:
            return
        file = Path(site.tariff.csv)
        try:
            listed = read_csv(file.read_text("utf-8"), site.time_zone)
        except (NoList, OSError, UnicodeDecodeError) as error:
            raise SiteFault((Fault(file, 1, str(error), "a list of prices"),)) from None
        self._prices = listed
        for one in listed:
            for quarter in range(int(one.start // QUARTER), int(one.end // QUARTER)):
                self._listed[quarter] = one.price

    def between(self, begin: float, end: float) -> Prices:
        """What the file tells of a time."""
        return tuple(one for one in self._prices if one.end > begin and one.start < end)

    def at(self, moment: float, local: datetime) -> float | None:
        """The price per kWh at a moment (s since 1970); None without a tariff."""
        if self._tariff is None:
            return None
        listed = self._listed.get(int(moment // QUARTER))
        return self._tariff.at(local)[0] if listed is None else listed
