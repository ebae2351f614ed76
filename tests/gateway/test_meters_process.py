"""The whole way of a fresh meter, with every kind of meter that the field has seen."""

import asyncio
from pathlib import Path

import pytest
from meter_bench import SERIAL, Bench, Bystander, Passing

from gridward.meters.journal import Journal
from gridward.meters.outcome import Known, Order, Outcome, Stage, known_from
from gridward.meters.process import Conversion
from gridward_chint.convert import CHINT
from gridward_chint.fresh_meter import FreshMeter
from gridward_kit.modbus import frame


class Table:
    """A bench, somebody beside it, and a conversion."""

    def __init__(
        self, folder: Path, *meters: FreshMeter, before: Known | None = None, **order: object
    ) -> None:
        self.bench, self.person = Bench(list(meters)), Bystander(list(meters))
        self.clock = Passing()
        self.journal = Journal(folder, self.clock)
        self.told: list[str] = []
        wanted: dict[str, object] = {
            "address": 12,
            "by": "Ann",
            "serial": SERIAL,
            "phases": "1phase",
            **order,
        }
        self.conversion = Conversion(
            CHINT,
            self.bench,
            Order(**wanted),  # type: ignore[arg-type]
            self.person,
            self.clock,
            self.journal,
            lambda _, words: self.told.append(words),
            before,
        )

    async def run(self) -> Outcome:
        return await self.conversion.full()

    @property
    def writes(self) -> list[tuple[int, int]]:
        """Register and word of every write on Modbus."""
        return [
            (int.from_bytes(sent[2:4], "big"), int.from_bytes(sent[-4:-2], "big"))
            for _, sent in self.bench.sent
            if len(sent) > 7 and sent[1] in (6, 16) and frame.intact(sent)
        ]

    @property
    def switches(self) -> int:
        return sum(1 for _, sent in self.bench.sent if bytes.fromhex("68140e") in sent)


@pytest.mark.parametrize("variant", ["obeys", "mute", "sleeps", "printed", "printed_switch"])
async def test_a_fresh_meter_comes_to_its_address(tmp_path: Path, variant: str) -> None:
    meter = FreshMeter(SERIAL, variant=variant)
    table = Table(tmp_path, meter)
    outcome = await table.run()
    assert outcome.status == "done", outcome.words()
    assert meter.unit == 12
    assert [taken.stage for taken in outcome.taken] == list(Stage)
    assert {taken.mark for taken in outcome.taken} == {"good"}
    assert table.writes == [(0x0006, 12)]
    assert outcome.known.reading["voltage"] == pytest.approx(231.4)
    assert "address 90 becomes 12" in " ".join(table.person.asked)
    assert outcome.words() == (
        f"meter {SERIAL} is on Modbus at address 12, model ddsu666, 231.4 V: verified before and after its "
        "supply was cut"
    )


@pytest.mark.parametrize(("model", "register"), [("dtsu666", 0x002E), ("dtsu666_2016", 0x002D)])
async def test_a_three_phase_meter(tmp_path: Path, model: str, register: int) -> None:
    meter = FreshMeter(SERIAL, model)
    table = Table(tmp_path, meter, address=120, phases="3phase")
    outcome = await table.run()
    assert outcome.status == "done", outcome.words()
    assert (meter.unit, meter.ratio) == (120, 1)
    assert table.writes == [(register, 120)]


async def test_a_meter_that_says_yes_and_stays(tmp_path: Path) -> None:
    table = Table(tmp_path, FreshMeter(SERIAL, variant="ignores"))
    outcome = await table.run()
    assert outcome.status == "failed"
    assert "acknowledged the switch and still speaks DL/T 645" in outcome.reason
    assert outcome.known.protocol == "dlt645"
    assert table.switches == 2
    assert table.writes == []
    assert outcome.taken[-1].stage is Stage.FIND


async def test_a_meter_that_falls_back(tmp_path: Path) -> None:
    outcome = await Table(tmp_path, FreshMeter(SERIAL, variant="falls_back")).run()
    assert outcome.status == "failed"
    assert "fell back to DL/T 645" in outcome.reason
    assert (outcome.taken[-1].stage, outcome.taken[-1].mark) == (Stage.VERIFY_AGAIN, "bad")
    assert outcome.known.protocol == "dlt645"


async def test_without_a_cut_of_the_supply_nothing_is_proven(tmp_path: Path) -> None:
    table = Table(tmp_path, FreshMeter(SERIAL))
    table.person.cuts = False
    outcome = await table.run()
    assert (outcome.status, outcome.stage) == ("failed", Stage.POWER)
    assert "not proven" in outcome.reason


async def test_a_meter_on_modbus_is_not_sent_a_switch(tmp_path: Path) -> None:
    meter = FreshMeter(SERIAL)
    meter.speak(modbus=True)
    table = Table(tmp_path, meter)
    outcome = await table.run()
    assert outcome.status == "done"
    assert table.switches == 0
    assert Stage.SWITCH not in [taken.stage for taken in outcome.taken]
    again = Table(tmp_path, meter)
    assert (await again.run()).status == "done"
    assert again.writes == []


async def test_a_meter_that_is_on_modbus_already_is_known_by_its_label(tmp_path: Path) -> None:
    meter = FreshMeter(SERIAL)
    meter.speak(modbus=True)
    table = Table(tmp_path, meter)
    table.person.agrees = False
    outcome = await table.run()
    assert "nothing was written" in outcome.reason
    assert f"Does its label say {SERIAL}?" in table.person.asked[0]
    assert table.writes == []
    assert table.switches == 0


async def test_an_unlikely_address_is_found_by_asking_all(tmp_path: Path) -> None:
    meter = FreshMeter(SERIAL, unit=201)
    outcome = await Table(tmp_path, meter).run()
    assert outcome.status == "done"
    assert meter.unit == 12


async def test_the_wrong_meter_is_left_alone(tmp_path: Path) -> None:
    table = Table(tmp_path, FreshMeter("200322016691"))
    outcome = await table.run()
    assert f"meter 200322016691 answers, not {SERIAL}" in outcome.reason
    assert table.switches == 0


async def test_the_wrong_model_is_left_alone(tmp_path: Path) -> None:
    meter = FreshMeter(SERIAL, "dtsu666", unit=1)
    meter.speak(modbus=True)
    table = Table(tmp_path, meter)
    outcome = await table.run()
    assert "it is a dtsu666 (3phase), not a 1phase meter" in outcome.reason
    assert table.writes == []
    assert meter.ratio == 1


async def test_nobody_at_all(tmp_path: Path) -> None:
    outcome = await Table(tmp_path).run()
    assert (outcome.status, outcome.stage) == ("failed", Stage.SERIAL)
    assert "neither on Modbus nor on DL/T 645" in outcome.reason


@pytest.mark.parametrize("flipped", [0x00, 0x01])
async def test_a_taken_address_is_not_given_again(tmp_path: Path, flipped: int) -> None:
    class Late(FreshMeter):
        """Two at one address answer in broken frames."""

        def receive(self, data: bytes, now: float) -> list[bytes]:
            return [part[:-1] + bytes([part[-1] ^ flipped]) for part in super().receive(data, now)]

    other, late = FreshMeter(SERIAL, "dtsu666"), Late("200322016691", unit=120)
    for meter in (other, late):
        meter.speak(modbus=True)
    late.unplugged = True
    table = Table(tmp_path, other, late, address=120, phases="3phase")
    identify = CHINT.identify

    outcome = None
    with pytest.MonkeyPatch.context() as patch:

        async def plugging(*args: object) -> object:
            found = await identify(*args)  # type: ignore[arg-type]
            late.unplugged = False
            return found

        patch.setattr(CHINT, "identify", plugging)
        outcome = await table.run()
    assert "somebody answers at address 120 already" in outcome.reason
    assert table.writes == []


async def test_nothing_is_written_without_a_yes(tmp_path: Path) -> None:
    table = Table(tmp_path, FreshMeter(SERIAL))
    table.person.agrees = False
    assert "nothing was written" in (await table.run()).reason
    assert table.writes == []


async def test_a_supply_that_is_wrong_proves_nothing(tmp_path: Path) -> None:
    meter = FreshMeter(SERIAL)
    meter.state["voltage"] = 180.0
    outcome = await Table(tmp_path, meter).run()
    assert "180 V is outside 207 to 253 V" in outcome.reason


@pytest.mark.parametrize("variant", ["obeys", "sleeps", "mute"])
async def test_wherever_the_cable_is_pulled_the_next_run_goes_on(tmp_path: Path, variant: str) -> None:
    whole = Table(tmp_path, FreshMeter(SERIAL, variant=variant))
    await whole.run()
    seen: set[str] = set()
    for cut_after in range(1, len(whole.bench.sent), max(1, len(whole.bench.sent) // 40)):
        meter = FreshMeter(SERIAL, variant=variant)
        first = Table(tmp_path, meter)
        first.bench.cut_after, first.person.cuts = cut_after, False
        outcome = await first.run()
        assert outcome.status == "failed"
        seen.add(outcome.known.words())
        assert meter.switched <= outcome.known.switch_sent
        was = meter.switched
        again = Table(tmp_path, meter, before=known_from(outcome.known.to_json()))
        assert (await again.run()).status == "done"
        assert meter.unit == 12
        assert not (was and again.switches)
    assert f"meter {SERIAL}: the switch to Modbus was sent, nothing has answered since" in seen


async def test_cancelling_says_how_far_it_came(tmp_path: Path) -> None:
    table = Table(tmp_path, FreshMeter(SERIAL))

    async def nobody_comes(_why: str) -> bool:
        raise asyncio.CancelledError

    table.person.power_cycle = nobody_comes  # type: ignore[method-assign, assignment]
    with pytest.raises(asyncio.CancelledError):
        await table.run()
    assert table.conversion.outcome.status == "cancelled"
    assert table.conversion.outcome.known.unit == 12


async def test_the_journal_is_named_by_the_serial_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / f"{SERIAL}.log").write_text("before\n")
    meter = FreshMeter(SERIAL)
    assert (await Table(tmp_path, meter).run()).status == "done"
    text = (tmp_path / f"{SERIAL}.log").read_text()
    assert text.startswith("before\n")
    assert "# verify at the new and the old address" in text
    assert not (tmp_path / "unknown.log").exists()
