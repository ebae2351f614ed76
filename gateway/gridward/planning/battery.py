"""The plan of the battery by prices and forecast, and why it is so. Pure."""

from dataclasses import dataclass

from gridward.planning.dispatch import Act, Bank, Step, dispatch
from gridward.planning.forecast import Forecast
from gridward.planning.prices import HOUR, QUARTER, Prices
from gridward.planning.slots import Limits
from gridward.planning.spec import PlanSpec
from gridward.planning.tonight import Bank as Seen
from gridward_kit.point import Value

HORIZON = 36 * HOUR
LEAST = 4 * HOUR  # known prices ahead under which there is nothing to choose from
WORTH = 5.0  # Wh in a quarter of an hour that are worth a switch


@dataclass(frozen=True, slots=True)
class Plan:
    """The acts of each quarter of an hour from `begin` on, and what the house needs then beyond the sun (Wh);
    none where something is missing, as `reason` says. `capacity` in Wh."""

    reason: str
    begin: float = 0.0
    capacity: float = 1.0
    acts: tuple[Act, ...] = ()
    needs: tuple[float, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether there is a plan."""
        return bool(self.acts)

    def shown(self, now: float) -> dict[str, Value]:
        """The values of a moment; without a plan only why there is none."""
        place = int((now - self.begin) // QUARTER)
        if not 0 <= place < len(self.acts):
            return {"plan_reason": self.reason, "planned": False}
        act = self.acts[place]
        lives = act.taken > WORTH or self.needs[place] <= WORTH
        return {
            "plan_reason": self.reason,
            "planned": True,
            "charge_now": act.bought > WORTH,
            "discharge_now": lives and act.bought <= WORTH,
            "needed_soc": round(min(100.0, 100 * self._needed(place) / self.capacity), 1),
        }

    def _needed(self, place: int) -> float:
        """Wh that the plan wants in the battery before it next lives from it."""
        ahead = self.acts[place:]
        first = next((at for at, act in enumerate(ahead) if act.taken > WORTH), len(ahead))
        return max((act.left for act in ahead[:first]), default=ahead[0].left)


def plan(
    now: float, bank: Seen | None, prices: Prices, forecast: Forecast, spec: PlanSpec, limits: Limits
) -> Plan:
    """The cheapest plan for as long as prices are known, 36 hours at most."""
    begin = now // QUARTER * QUARTER
    quarters = _known(begin, prices)
    if bank is None:
        return Plan("No plan: the site has no battery.")
    if len(quarters) * QUARTER < LEAST:
        return Plan("No plan: no prices for the next hours.")
    if bank.soc is None or bank.capacity is None:
        return Plan("No plan: charge or capacity of the battery is not known.")
    steps: list[Step] = []
    for at, price in quarters:
        load, sun = forecast.load(at + QUARTER / 2), forecast.pv(at + QUARTER / 2)
        if load is None or sun is None:
            break
        steps.append(_step(price, load - sun, spec, limits))
    if len(steps) * QUARTER < LEAST:
        return Plan("No plan: no forecast of house and sun for the next hours.")
    share = spec.reserve / 100
    filled = Bank(bank.capacity * bank.soc / 100, bank.capacity * share, bank.capacity, spec.efficiency)
    acts = dispatch(steps, filled)
    return Plan(_why(acts, steps), begin, bank.capacity, acts, tuple(step.net for step in steps))


def _known(begin: float, prices: Prices) -> list[tuple[float, float]]:
    """Begin and price of each quarter of an hour from `begin` on, up to the first that is not known."""
    ahead = iter(prices)
    one = next(ahead, None)
    found: list[tuple[float, float]] = []
    for place in range(round(HORIZON / QUARTER)):
        at = begin + place * QUARTER
        while one is not None and one.end <= at:
            one = next(ahead, None)
        if one is None or at < one.start:
            break
        found.append((at, one.price))
    return found


def _step(price: float, net: float, spec: PlanSpec, limits: Limits) -> Step:
    room = limits.charge if spec.contract is None else min(limits.charge, spec.contract - max(0.0, net))
    part = QUARTER / HOUR
    return Step(price, net * part, max(0.0, room) * part, limits.discharge * part)


def _why(acts: tuple[Act, ...], steps: list[Step]) -> str:
    bought, taken = sum(act.bought for act in acts), sum(act.taken for act in acts)
    paid = [step.price for step, act in zip(steps, acts, strict=True) if act.bought > WORTH]
    saved = [step.price for step, act in zip(steps, acts, strict=True) if act.taken > WORTH]
    hours = len(acts) * QUARTER / HOUR
    told = f"Of the next {hours:g} h the battery gives {taken / 1000:.1f} kWh"
    if saved and min(saved) > min(step.price for step in steps):
        told += f" at prices from {min(saved):g} on"
    if paid:
        return f"{told}; {bought / 1000:.1f} kWh are charged from the grid at prices up to {max(paid):g}."
    return f"{told}; charging from the grid brings nothing."
