"""The whole way of a fresh meter: look, switch, find, identify, set the address, verify, cut the supply.

Nothing is written before the model is certain, and only a Modbus answer after a cut of the supply is success:
meters acknowledge without switching, and fall back.
"""

import asyncio
from collections.abc import Awaitable

from gridward.meters.journal import Journal
from gridward.meters.outcome import Failed, Known, Order, Outcome, Person, Stage, mirrored
from gridward.meters.presence import Presence
from gridward.meters.search import Hit, search
from gridward.meters.toolline import PortTrouble
from gridward.meters.track import Tell, Track
from gridward_kit.clock import Clock
from gridward_kit.commission import Commission, Station, Talk, Unclear
from gridward_kit.errors import DeviceError, Refused

LOWEST_VOLTS, HIGHEST_VOLTS = 207.0, 253.0
"""A reading that proves a meter: 230 V, 10 % up or down."""

WIRING = (
    "is it the only meter on the line, with its supply on, and A and B the right way round? "
    "Else look at its display: which protocol does it show?"
)


class Conversion:
    """One meter's way. `outcome` is true at every moment; `tell` hears of each stage and each wait."""

    def __init__(
        self,
        commission: Commission,
        talk: Talk,
        order: Order,
        person: Person,
        clock: Clock,
        journal: Journal,
        tell: Tell | None = None,
        before: Known | None = None,
    ) -> None:
        self.commission, self.talk, self.order = commission, talk, order
        self.person, self.clock, self.journal = person, clock, journal
        known = Known(serial=order.serial)
        if before is not None and before.unit is not None:
            known.unit = before.unit
        known.switch_sent = before.switch_sent if before is not None else False
        self.outcome = Outcome(order, known, clock.time())
        self._track = Track(self.outcome, journal, clock, tell)
        self._station: Station | None = None
        self._reverse = order.reverse
        self._presence = Presence(commission, talk, clock, self._track.say, extended=order.extended)

    @property
    def known(self) -> Known:
        """What is known of the meter by now."""
        return self.outcome.known

    async def full(self) -> Outcome:
        """Go the whole way. Failures end in the outcome, here and below; cancelling does, too."""

        async def way() -> None:
            await self._onto_modbus()
            old = await self._to_its_address()
            await self._stays(old)

        return await self._going(way())

    async def convert(self) -> Outcome:
        """Go as far as Modbus."""
        return await self._going(self._onto_modbus())

    async def move(self, old: int) -> Outcome:
        """Give the unit at an address the order's one, and verify it at both."""

        async def way() -> None:
            with self._track.stage(Stage.LOOK):
                self.known.unit = await self._presence.once((old,))
                if self.known.unit is None:
                    raise Failed(f"nobody answers at address {old}", WIRING)
                self._is_on_modbus()
            await self._to_its_address()

        return await self._going(way())

    async def _going(self, way: Awaitable[None]) -> Outcome:
        try:
            await way
        except (Failed, PortTrouble, Unclear, DeviceError) as error:
            self._track.end("failed", str(error))
        except asyncio.CancelledError:
            self._track.end("cancelled", f"cancelled after {self.outcome.stage or 'nothing'}")
            raise
        else:
            self._track.end("done")
        return self.outcome

    async def _onto_modbus(self) -> None:
        with self._track.stage(Stage.LOOK):
            self.known.unit = await self._presence.once(self._units())
            if self.known.unit is not None:
                self._is_on_modbus("; there it does not tell its serial number")
                await self._ask_who_it_is()
                return
            self._track.good("nobody answers on Modbus")
        with self._track.stage(Stage.SERIAL):
            await self._read_serial()
        with self._track.stage(Stage.SWITCH):
            acknowledged = await self._switch(reverse=self._reverse)
        with self._track.stage(Stage.FIND):
            await self._find(acknowledged=acknowledged)
            self._is_on_modbus()

    async def _ask_who_it_is(self) -> None:
        """A meter that was on Modbus before anybody here switched it is known by its label alone."""
        serial = self.order.serial
        if serial is None or self.known.switch_sent:
            return
        question = f"A meter answers at address {self.known.unit}. Does its label say {serial}?"
        if not await self.person.confirm(question):
            raise Failed(f"it is not {serial}; nothing was written", "connect the right meter")

    async def _to_its_address(self) -> int:
        """Identify, set and verify; the address that it had."""
        with self._track.stage(Stage.IDENTIFY):
            await self._identify()
        with self._track.stage(Stage.ADDRESS):
            old = self._unit()
            await self._move(old)
        with self._track.stage(Stage.VERIFY):
            await self._verify(old)
        return old

    async def _stays(self, old: int) -> None:
        with self._track.stage(Stage.POWER):
            why = "proof that the meter stays on Modbus: cut its supply for 10 to 30 s"
            if not await self.person.power_cycle(why):
                raise Failed("not proven: its supply was not cut", "run it again when that can be done")
            self._track.good("the supply was cut and is back")
        with self._track.stage(Stage.VERIFY_AGAIN):
            await self._wait_after_power()
            await self._verify(old)

    # stages

    async def _read_serial(self) -> None:
        serial = await self._presence.serial()
        if serial is None and not self.known.switch_sent:
            raise Failed("nobody answers, neither on Modbus nor on DL/T 645", WIRING)
        if serial is None:
            self._track.good("no answer; the switch was sent before, so it may be on its way")
            return
        self.known.protocol = "dlt645"
        asked = self.order.serial or serial
        if asked not in (serial, mirrored(serial)):
            raise Failed(f"meter {serial} answers, not {asked}", "look at the label; connect the right one")
        self._reverse = self.order.reverse if asked == serial else not self.order.reverse
        self.known.serial = asked
        self.journal.rename(asked)
        self._track.good(asked if asked == serial else f"{asked}, its address in the order of the label")

    async def _switch(self, *, reverse: bool) -> bool:
        """Send the switch; whether it was acknowledged. Nothing is sent to a meter that did not answer."""
        line = self._presence.factory
        if line is None or self.known.serial is None:
            self._track.good("not sent again")
            return True
        self.known.switch_sent, self.known.protocol = True, "unknown"
        self._track.say("sending the switch")  # and keeping that it was sent, before it is
        try:
            said = await self.commission.switch(self.talk, line, self.known.serial, reverse=reverse)
        except Refused as error:
            self.known.protocol = "dlt645"
            raise Failed(str(error), "switch it at its button or keypad") from error
        order = "reversed" if reverse else "as printed"
        self._track.good(f"address {order}, {'acknowledged' if said else 'no acknowledgement'}")
        return said

    async def _find(self, *, acknowledged: bool) -> None:
        if await self._appears():
            return
        if await self._still_factory():
            self._track.say("it still speaks DL/T 645: the address in the other order")
            await self._switch(reverse=not self._reverse)
            if await self._appears():
                return
        why = "the meter does not answer on Modbus yet: cut its supply for 10 to 30 s"
        if await self.person.power_cycle(why) and await self._appears():
            return
        if await self._still_factory():
            said = "acknowledged" if acknowledged else "did not acknowledge"
            raise Failed(
                f"it {said} the switch and still speaks DL/T 645", "switch it at its button or keypad"
            )
        self._track.say("asking every address")
        async for step in search(self.commission, self.talk, self.commission.ready[0]):
            if isinstance(step, Hit) and not step.clash:
                self.known.unit = step.unit
                return
        raise Failed("nobody answered at 1 to 247", WIRING)

    async def _identify(self) -> None:
        station = await self.commission.identify(self.talk, self._presence.line, self._unit())
        self.known.model = station.model
        phases = self.commission.models[station.model]
        if self.order.phases not in (None, phases):
            raise Failed(
                f"it is a {station.model} ({phases}), not a {self.order.phases} meter",
                "look at the label and at the assignment",
            )
        self._station = station
        self._track.good(f"{station.model}: {station.words}")

    async def _move(self, old: int) -> None:
        new, station = self.order.address, self._station
        if old == new or station is None:
            self._track.good(f"it has address {new} already")
            return
        if not await self._presence.silent(new):
            raise Failed(f"somebody answers at address {new} already", "one meter at a time on the line")
        sure = "" if station.sure else f" The register is only likely ({station.words})."
        if not await self.person.confirm(f"{station.model}: address {old} becomes {new}.{sure} Right?"):
            raise Failed("not confirmed; nothing was written")
        said = await self.commission.move(self.talk, self._presence.line, old, station, new)
        self.known.unit = None
        for unit in (new, old):
            if await self._presence.answers(unit):
                self.known.unit = unit
                break
        if self.known.unit != new:
            raise Failed(f"the address was not changed: {self.known.words()}", "try again, or use the keypad")
        self._track.good(f"{old} -> {new}, {'acknowledged' if said else 'no acknowledgement'}")

    async def _verify(self, old: int) -> None:
        unit, model = self._unit(), self.known.model or ""
        self.known.reading = await self.commission.reading(self.talk, self._presence.line, unit, model)
        volts = self.known.reading["voltage"]
        if not LOWEST_VOLTS <= volts <= HIGHEST_VOLTS:
            span = f"{LOWEST_VOLTS:g} to {HIGHEST_VOLTS:g} V"
            raise Failed(f"{volts:g} V is outside {span}", "retest at a supply that is right")
        if old != unit and not await self._presence.silent(old):
            raise Failed(
                f"it answers at {unit}, and somebody still at {old}", "one meter at a time on the line"
            )
        self._track.good(f"{volts:g} V at address {unit}" + ("" if old == unit else f", silence at {old}"))

    async def _wait_after_power(self) -> None:
        wanted = self._unit()
        self.known.unit = await self._presence.appears((wanted,))
        if self.known.unit is not None:
            return
        self.known.protocol = "unknown"
        if await self._still_factory():
            raise Failed(
                "it fell back to DL/T 645 when its supply was away", "convert it again; else exchange it"
            )
        raise Failed(f"it does not answer at {wanted} since its supply was away", WIRING)

    # what the stages are made of

    def _units(self) -> tuple[int, ...]:
        serial = self.known.serial
        likely = self.commission.likely(serial) if serial else (1,)
        known = (self.known.unit,) if self.known.unit else ()
        return tuple(dict.fromkeys((*known, self.order.address, *likely)))

    async def _appears(self) -> bool:
        self.known.unit = await self._presence.appears(self._units())
        return self.known.unit is not None

    async def _still_factory(self) -> bool:
        """Whether it speaks DL/T 645."""
        serial = await self._presence.serial()
        if serial is not None:
            self.known.protocol = "dlt645"
            self.known.serial = self.known.serial or serial
        return serial is not None

    def _is_on_modbus(self, more: str = "") -> None:
        self.known.protocol = "modbus"
        self._track.good(f"it answers at address {self.known.unit}{more}")
        if self.known.serial is not None:
            self.journal.rename(self.known.serial)

    def _unit(self) -> int:
        if self.known.unit is None:
            raise Failed("it is not on Modbus")
        return self.known.unit
