"""From the factory's protocol to Modbus: the steps that a commissioning tool takes, on simulated meters."""

import pytest

from gridward_chint.convert import CHINT
from gridward_chint.fresh_meter import FACTORY, MODBUS, FreshMeter
from gridward_kit.commission import Cut, Unclear
from gridward_kit.errors import BadFrame, DeviceError, NoAnswer, Refused
from gridward_kit.integration import Line
from gridward_kit.modbus import frame

SERIAL = "200322016690"
FRESH, READY = CHINT.fresh[0], CHINT.ready[0]


def settings(line: Line | None) -> tuple[int, str, float] | None:
    return None if line is None else (line.baud, line.parity, line.stop)


class Bench:
    """A line with meters on it; `sent` is all that was put on it."""

    def __init__(self, *meters: FreshMeter) -> None:
        self.meters = meters
        self.sent: list[bytes] = []
        self.now = 0.0

    async def __call__(self, line: Line, request: bytes, cut: Cut) -> bytes:
        self.now += 1
        self.sent.append(request)
        hearing = [meter for meter in self.meters if settings(meter.hears) == settings(line)]
        answer = b"".join(part for meter in hearing for part in meter.receive(request, self.now))
        found = cut(answer, True)
        if found is None:
            raise NoAnswer("no answer")
        return found[0]

    @property
    def written(self) -> list[tuple[int, int]]:
        """Register and word of every write on Modbus."""
        return [
            (int.from_bytes(one[2:4], "big"), int.from_bytes(one[-4:-2], "big"))
            for one in self.sent
            if len(one) > 4 and one[1] in (6, 16) and frame.intact(one)
        ]


def switched(meter: FreshMeter) -> FreshMeter:
    meter.speak(modbus=True)
    return meter


async def test_a_fresh_meter_says_who_it_is_and_is_switched() -> None:
    meter = FreshMeter(SERIAL)
    bench = Bench(meter)
    assert meter.hears == FACTORY
    assert await CHINT.serial(bench, FRESH) == SERIAL
    assert await CHINT.switch(bench, FRESH, SERIAL, reverse=True)
    assert meter.switched
    assert meter.hears == MODBUS
    assert CHINT.likely(SERIAL) == (90, 1)
    assert (await CHINT.probe(bench, READY, 90)).volts == 231.4
    with pytest.raises(NoAnswer):
        await CHINT.serial(bench, FRESH)


@pytest.mark.parametrize(("serial", "units"), [("200322016600", (1,)), ("200322016601", (1,))])
def test_where_a_label_says_no_address(serial: str, units: tuple[int, ...]) -> None:
    assert CHINT.likely(serial) == units


async def test_the_wrong_order_is_never_heard() -> None:
    meter = FreshMeter(SERIAL)
    assert not await CHINT.switch(Bench(meter), FRESH, SERIAL, reverse=False)
    assert not meter.switched
    printed = FreshMeter(SERIAL, variant="printed")
    bench = Bench(printed)
    assert not await CHINT.switch(bench, FRESH, SERIAL, reverse=True)
    assert await CHINT.switch(bench, FRESH, SERIAL, reverse=False)
    assert printed.switched


@pytest.mark.parametrize("variant", ["ignores", "sleeps", "mute", "falls_back"])
async def test_an_acknowledgement_proves_nothing(variant: str) -> None:
    meter = FreshMeter(SERIAL, variant=variant)
    bench = Bench(meter)
    assert await CHINT.switch(bench, FRESH, SERIAL, reverse=True) == (variant != "mute")
    silent = variant in ("ignores", "sleeps")
    if silent:
        with pytest.raises(NoAnswer):
            await CHINT.probe(bench, READY, 90)
    meter.power_cycle()
    if variant in ("sleeps", "mute"):
        assert (await CHINT.probe(bench, READY, 90)).volts == 231.4
    else:
        assert await CHINT.serial(bench, FRESH) == SERIAL


@pytest.mark.parametrize(
    ("model", "kind", "register"),
    [("ddsu666", "ddsu666", 0x0006), ("dtsu666", "dtsu666", 0x002E), ("dtsu666_2016", "dtsu666", 0x002D)],
)
@pytest.mark.parametrize("unit", [1, 90])
async def test_the_address_goes_to_the_register_of_the_model(
    model: str, kind: str, register: int, unit: int
) -> None:
    meter = switched(FreshMeter(SERIAL, model, unit=unit))
    bench = Bench(meter)
    station = await CHINT.identify(bench, READY, unit)
    assert (station.model, station.register, station.sure) == (kind, register, True)
    assert bench.written == []
    assert await CHINT.move(bench, READY, unit, station, 120)
    assert bench.written == [(register, 120)]
    assert (meter.unit, meter.ratio) == (120, 1)
    assert (await CHINT.reading(bench, READY, 120, kind))["voltage"] == pytest.approx(231.4, abs=0.05)
    with pytest.raises(NoAnswer):
        await CHINT.probe(bench, READY, unit)


@pytest.mark.parametrize("model", ["dtsu666", "dtsu666_2016"])
async def test_an_address_that_may_be_a_speed_is_not_written(model: str) -> None:
    bench = Bench(switched(FreshMeter(SERIAL, model, unit=3)))
    with pytest.raises(Unclear, match="keypad"):
        await CHINT.identify(bench, READY, 3)
    assert bench.written == []


async def test_a_three_phase_meter_whose_ratio_is_its_address_is_no_single_phase_one() -> None:
    """0x0006 of a DTSU666 at address 1 holds 1, as a DDSU666's would; here its 0x002C is refused, too."""

    class Closed(FreshMeter):
        def _words(self) -> dict[int, int]:
            return {place: word for place, word in super()._words().items() if not 0x2C <= place <= 0x2E}

    bench = Bench(switched(Closed(SERIAL, "dtsu666", unit=1)))
    with pytest.raises(Unclear, match="no DDSU666 for certain"):
        await CHINT.identify(bench, READY, 1)


async def test_a_meter_that_gives_single_words_only_is_confirmed_by_a_person() -> None:
    class Single(FreshMeter):
        def _read(self, unit: int, start: int, count: int) -> bytes:
            if count == 3:
                return frame.refusal(unit, frame.HOLDING, 2)
            return super()._read(unit, start, count)

    station = await CHINT.identify(Bench(switched(Single(SERIAL, "dtsu666", unit=9))), READY, 9)
    assert (station.register, station.sure) == (0x002E, False)


async def test_a_meter_without_function_16_is_written_with_6() -> None:
    class Old(FreshMeter):
        def _write(self, unit: int, function: int, start: int, count: int, value: int, head: bytes) -> bytes:
            if function == frame.WRITE_MANY:
                return frame.refusal(unit, function, 1)
            return super()._write(unit, function, start, count, value, head)

    meter = switched(Old(SERIAL))
    bench = Bench(meter)
    assert await CHINT.move(bench, READY, 90, await CHINT.identify(bench, READY, 90), 12)
    assert meter.unit == 12
    assert [one[1] for one in bench.sent if one[1] in (6, 16)] == [16, 6]


@pytest.mark.parametrize("to", [0, 248, -1])
async def test_no_address_outside_the_bus(to: int) -> None:
    bench = Bench(switched(FreshMeter(SERIAL)))
    station = await CHINT.identify(bench, READY, 90)
    with pytest.raises(ValueError, match="no address"):
        await CHINT.move(bench, READY, 90, station, to)
    assert bench.written == []


async def test_a_refused_address_is_told() -> None:
    class Stubborn(FreshMeter):
        def _write(self, unit: int, function: int, start: int, count: int, value: int, head: bytes) -> bytes:
            return frame.refusal(unit, function, 3)

    bench = Bench(switched(Stubborn(SERIAL)))
    station = await CHINT.identify(bench, READY, 90)
    with pytest.raises(Refused, match="does not take this value"):
        await CHINT.move(bench, READY, 90, station, 12)


async def test_two_meters_on_one_address_are_no_answer_of_either() -> None:
    bench = Bench(
        switched(FreshMeter(SERIAL, unit=7)), switched(FreshMeter("200322016691", "dtsu666", unit=7))
    )
    bench.meters[0].state["voltage"] = 229.9

    async def collided(_line: Line, request: bytes, cut: Cut) -> bytes:
        bench.now += 1
        one, other = (b"".join(meter.receive(request, bench.now)) for meter in bench.meters)
        mixed = bytes(a & b for a, b in zip(one, other, strict=False))
        found = cut(mixed, True)
        if found is None:
            raise BadFrame("nothing")
        return found[0]

    with pytest.raises(DeviceError):
        await CHINT.probe(collided, READY, 7)


async def test_a_unit_that_refuses_everything_is_there_all_the_same() -> None:
    class Closed(FreshMeter):
        def _words(self) -> dict[int, int]:
            return {}

    sign = await CHINT.probe(Bench(switched(Closed(SERIAL))), READY, 90)
    assert sign.volts is None
