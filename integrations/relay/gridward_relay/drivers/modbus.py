"""A relay board on Modbus RTU: its flash command, or its communication watchdog, ends the lease.

Flash command as common RS485 relay boards have it (Waveshare's development protocol V2): function 5 at
0x0200 + coil switches on for so many tenths of a second and then off, by the board's own timer. The
firmware's version, holding register 0x8000 in hundredths, tells the boards that have it from those before.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from gridward_kit.clock import Clock
from gridward_kit.errors import BadFrame, DeviceError, NoAnswer, Refused
from gridward_kit.port import Port
from gridward_relay import rtu
from gridward_relay.contactor import Position
from gridward_relay.drivers import Report, ends_lease
from gridward_relay.options import Settings

T = TypeVar("T")

TENTHS_MOST = 0x7FFF
FLASH_SINCE = 200
TRIES = 3
MARGIN = 0.5
PROOF = 0.5
WATCHDOG_TENTHS = range(10, 601)


async def tried(act: Callable[[], Awaitable[T]]) -> T:
    """Noise on the line is met by asking again; what the board refuses is not."""
    for _ in range(TRIES - 1):
        try:
            return await act()
        except (BadFrame, NoAnswer):
            continue
    return await act()


class Modbus:
    """One coil of a board, its feedback and its inputs."""

    def __init__(self, chosen: Settings, clock: Clock) -> None:
        self.name = f"Modbus relay board, unit {chosen.address}, coil {chosen.coil}"
        self.hold = 0.0
        self._chosen = chosen
        self._clock = clock
        self._port = Port(chosen.port or "", rtu.LINE, clock)
        self.ends_lease = ends_lease(chosen)

    async def start(self) -> None:
        await self.connect()
        if self._chosen.watchdog_register is not None:
            await self._prove_watchdog(self._chosen.watchdog_register)
        elif self._chosen.spare_coil is not None:
            await self._prove_flash(self._chosen.spare_coil)
        else:
            await self._prove_version()

    async def _prove_watchdog(self, register: int) -> None:
        """The board's watchdog is on; its time is read in tenths of a second."""
        [tenths] = await self._read(rtu.READ_REGISTERS, register, 1)
        if tenths not in WATCHDOG_TENTHS:
            raise ValueError(
                f"the board's watchdog (register {register}) is at {tenths / 10:g} s, not 1 to 60 s"
            )
        self.ends_lease = f"the board's communication watchdog, after {tenths / 10:g} s"

    async def _prove_flash(self, spare: int) -> None:
        """Flash the spare coil and see it fall by itself."""
        try:
            await self._write(rtu.FLASH_ON + spare, round(PROOF * 10))
            [there] = await self._read(rtu.READ_COILS, spare, 1)
        except Refused as error:
            raise ValueError(
                f"the board has no flash command ({error}): nothing would end the lease"
            ) from error
        await self._clock.sleep(PROOF + MARGIN)
        [after] = await self._read(rtu.READ_COILS, spare, 1)
        if not there or after:
            await self._write(spare, rtu.OFF)
            state = "stayed on" if after else "did not switch on"
            raise ValueError(f"the flash command was tried on spare coil {spare}, which {state}")

    async def _prove_version(self) -> None:
        try:
            [version] = await self._read(rtu.READ_REGISTERS, rtu.VERSION, 1)
        except Refused as error:
            raise ValueError(
                "the board does not say its firmware's version; state a `spare_coil` to prove its flash "
                "command, or a `watchdog_register`"
            ) from error
        if version < FLASH_SINCE:
            raise ValueError(
                f"firmware {version / 100:.2f} has no flash command: nothing would end the lease"
            )

    async def connect(self) -> None:
        await self._write(self._chosen.coil, rtu.OFF)

    async def island(self, until: float) -> None:
        if self._chosen.watchdog_register is not None:
            await self._write(self._chosen.coil, rtu.ON)
        else:
            await tried(lambda: self._flash(until))

    async def _flash(self, until: float) -> None:
        """One try; the time left is worked out anew, so that a late try flashes for less."""
        tenths = int((until - self._clock.monotonic() - MARGIN) * 10)
        if tenths <= 0:
            raise DeviceError("the lease ended before the board was told")
        await self._put(rtu.FLASH_ON + self._chosen.coil, min(tenths, TENTHS_MOST))

    async def read(self) -> Report:
        chosen = self._chosen
        [coil] = await self._read(rtu.READ_COILS, chosen.coil, 1)
        places = [item.place for item in chosen.inputs]
        if chosen.feedback_input is not None:
            places.append(chosen.feedback_input)
        bits: dict[int, int] = {}
        if places:
            first = min(places)
            read = await self._read(rtu.READ_INPUTS, first, max(places) - first + 1)
            bits = dict(enumerate(read, first))
        feedback = None
        if chosen.feedback_input is not None:
            feedback = Position.CONNECTED if bits[chosen.feedback_input] else Position.ISLANDED
        output = Position.ISLANDED if coil else Position.CONNECTED
        return Report(output, feedback, {item.key: bool(bits[item.place]) for item in chosen.inputs})

    async def close(self) -> None:
        self._port.close()

    async def _write(self, coil: int, value: int) -> None:
        await tried(lambda: self._put(coil, value))

    async def _put(self, coil: int, value: int) -> None:
        asked = rtu.request(self._chosen.address, rtu.WRITE_COIL, coil, value)
        rtu.echoed(asked, await self._ask(asked))

    async def _read(self, function: int, start: int, count: int) -> list[int]:
        asked = rtu.request(self._chosen.address, function, start, count)

        async def get() -> list[int]:
            return rtu.values(asked, await self._ask(asked))

        return await tried(get)

    async def _ask(self, asked: bytes) -> bytes:
        return await self._port.exchange(asked, lambda buffer, _quiet: rtu.cut(asked, buffer))
