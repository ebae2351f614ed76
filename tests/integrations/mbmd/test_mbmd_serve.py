"""Meters behind a simulated mbmd: a real HTTP server on the loopback that answers as mbmd does."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from integrations.mbmd.mbmd_house import KEY, READ, SDM230, Mbmd, site

from gridward_kit.kept import Kept
from gridward_kit.mqtt import PREFIX
from gridward_kit.trial import faults_of


@pytest.fixture
def mbmd() -> Iterator[Mbmd]:
    """A simulated mbmd on a free port of the loopback."""
    one = Mbmd()

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text = one.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    one.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield one
    server.shutdown()
    server.server_close()
    thread.join()


async def test_every_measurement_by_its_name(mbmd: Mbmd, tmp_path: Path) -> None:
    async with site(tmp_path, mbmd.port, meter=KEY) as home:
        await home.until(lambda: len(home.state()) == len(READ))
        assert home.state() == READ
        assert home.device.identity
        assert home.device.identity.model == "SDM230"
        topics = [topic for topic in home.broker.retained if topic.startswith(PREFIX)]
        assert len(topics) == len(READ)
        for topic in topics:
            assert faults_of(topic, json.loads(home.broker.retained[topic])) == []


async def test_a_meter_that_is_found_on_a_full_disk_is_read(
    mbmd: Mbmd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Kept, __: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Kept, "save", full)
    async with site(tmp_path, mbmd.port, meter=KEY) as home:
        await home.until(lambda: home.state() == READ)


async def test_the_table_of_the_old_script_lacks_one_measurement(mbmd: Mbmd, tmp_path: Path) -> None:
    """mbmd before 2026: thirteen columns; a value is taken by name and never by its place."""
    del mbmd.last[KEY]["ReactiveSum"]
    async with site(tmp_path, mbmd.port, meter=KEY) as home:
        await home.until(lambda: len(home.state()) == len(READ) - 1)
        assert home.state() == {key: value for key, value in READ.items() if key != "total_reactive_energy"}


async def test_the_only_meter_need_not_be_said(mbmd: Mbmd, tmp_path: Path) -> None:
    async with site(tmp_path, mbmd.port) as home:
        await home.until(lambda: "power" in home.state())
        assert mbmd.asked[:2] == ["/api/last", f"/api/last/{KEY}"]


async def test_of_several_meters_one_has_to_be_said(
    mbmd: Mbmd, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mbmd.last["DTSU6662.100"] = {"Power": 40.0}
    async with site(tmp_path, mbmd.port) as home:
        await home.until(lambda: "say which one" in caplog.text)
        assert "DTSU6662.100, SDM2301.1" in caplog.text
        assert home.state() == {}


async def test_a_meter_of_three_phases_and_of_two_tariffs(mbmd: Mbmd, tmp_path: Path) -> None:
    mbmd.last = {
        "SDM1.2": {
            "PowerL1": 1.0, "PowerL2": 2.0, "PowerL3": -3.0, "Power": 0.0, "VoltageL1_L2": 400.1,
            "ImportT2": 7.5, "VoltageL3": 231.0, "THDL2": 2.5, "ImportPower": 3.0, "Unknown": 1.0,
        }
    }  # fmt: skip
    mbmd.types = {"SDM1.2": "SDM"}
    async with site(tmp_path, mbmd.port, meter="SDM1.2") as home:
        await home.until(lambda: "import_energy_t2" in home.state())
        assert home.state() == {
            "power_l1": 1.0, "power_l2": 2.0, "power_l3": -3.0, "power": 0.0, "voltage_l1_l2": 400.1,
            "import_energy_t2": 7.5, "voltage_l3": 231.0, "voltage_thd_l2": 2.5, "import_power": 3.0,
        }  # fmt: skip
        assert home.device.identity
        assert home.device.identity.model == "SDM"


async def test_an_offline_device_vanishes_and_comes_back(
    mbmd: Mbmd, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with site(tmp_path, mbmd.port, meter=KEY) as home:
        await home.until(lambda: len(home.state()) == len(READ))
        mbmd.offline.add(KEY)
        await home.until(lambda: not home.device.available)
        assert home.state() == {}
        assert f"mbmd says: device {KEY} is not available" in caplog.text
        mbmd.offline.clear()
        await home.until(lambda: len(home.state()) == len(READ))
        assert home.broker.said("gridward/home/meter/availability") == ["online", "offline", "online"]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ((400, "all meters are inactive\n"), "mbmd says: all meters are inactive"),
        ((400, "device X does not exist"), "device X does not exist"),
        ((404, "404 page not found"), "is that mbmd?"),
        ((500, ""), "is that mbmd?"),
        ((200, "<html>"), "no JSON"),
        ((200, "[]"), "another program"),
        ((200, '{"Power":1.0}'), "an older mbmd, or another program"),
        ((200, '{"Unix":"now","Power":1.0}'), "another program"),
        ((200, ""), "no JSON"),
    ],
)
async def test_what_is_no_measurement_is_told_in_words(
    mbmd: Mbmd, tmp_path: Path, caplog: pytest.LogCaptureFixture, raw: tuple[int, str], words: str
) -> None:
    mbmd.raw = raw
    async with site(tmp_path, mbmd.port, meter=KEY) as home:
        await home.until(lambda: words in caplog.text)
        assert home.state() == {}
        mbmd.raw = None
        await home.until(lambda: "power" in home.state())


async def test_nobody_listens(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with site(tmp_path, 1, meter=KEY) as home:
        await home.until(lambda: "does mbmd run" in caplog.text)
        assert not home.device.available
        assert len([one for one in caplog.records if "unavailable" in one.message]) == 1


async def test_a_name_that_does_not_exist(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with site(tmp_path, 8080, meter=KEY, host="no-such-host.invalid") as home:
        await home.until(lambda: "cannot be resolved" in caplog.text)
        assert (home.device.available, home.state()) == (False, {})


async def test_what_listens_is_no_http_server(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with site(tmp_path, server.sockets[0].getsockname()[1], meter=KEY) as home:
        await home.until(lambda: "no HTTP server" in caplog.text)
        assert (home.device.available, home.state()) == (False, {})
    server.close()


async def test_a_reading_that_stands_still_is_no_reading(
    mbmd: Mbmd, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """mbmd is up and hangs on its line: it goes on telling what it read last."""
    async with site(tmp_path, mbmd.port, meter=KEY) as home:
        await home.until(lambda: home.device.available)
        mbmd.stands = True
        await home.until(lambda: not home.device.available)
        assert f"nothing new from {KEY}" in caplog.text
        mbmd.stands = False
        await home.until(lambda: home.device.available)


async def test_means_are_taken_of_power_and_never_of_energies(mbmd: Mbmd, tmp_path: Path) -> None:
    mbmd.mean = {KEY: {**SDM230, "Power": 470.0, "Import": 811.0}}
    async with site(tmp_path, mbmd.port, meter=KEY, average=True) as home:
        await home.until(lambda: "import_energy" in home.state())
        assert home.state()["power"] == 470.0
        assert home.state()["import_energy"] == 812.4


async def test_inverted(mbmd: Mbmd, tmp_path: Path) -> None:
    async with site(tmp_path, mbmd.port, meter=KEY, invert=True) as home:
        await home.until(lambda: "import_energy" in home.state())
        state = home.state()
        assert (state["power"], state["reactive_power"], state["power_factor"]) == (-502.6, 98.7, -0.981)
        assert (state["import_energy"], state["export_energy"]) == (12.4, 812.4)
        assert state["voltage"] == 230.7
        assert "phase_angle" not in state
        assert mbmd.asked.count("/api/status") == 1, "what is hidden is not found anew each time"


async def test_a_measurement_that_vanishes_is_absent_and_one_that_comes_is_announced(
    mbmd: Mbmd, tmp_path: Path
) -> None:
    del mbmd.last[KEY]["Frequency"]
    async with site(tmp_path, mbmd.port, meter=KEY) as home:
        await home.until(lambda: "power" in home.state())
        mbmd.last[KEY]["Frequency"] = 50.0
        await home.until(lambda: home.state().get("frequency") == 50.0)
        assert f"{PREFIX}/sensor/gridward_home_meter_frequency/config" in home.broker.retained
        del mbmd.last[KEY]["Voltage"]
        await home.until(lambda: "voltage" not in home.state())
        assert home.state()["power"] == 502.6


async def test_impossible_values_and_spikes_are_dropped(mbmd: Mbmd, tmp_path: Path) -> None:
    mbmd.last[KEY] |= {"Voltage": 23070.0, "Cosphi": 348.8}
    async with site(tmp_path, mbmd.port, meter=KEY) as home:
        await home.until(lambda: "import_energy" in home.state())
        assert not {"voltage", "power_factor"} & home.state().keys()
        mbmd.last[KEY]["Import"] = 1.0
        await home.until(lambda: home.state().get("import_energy") == 1.0)
        told = [
            json.loads(item).get("import_energy") for item in home.broker.said("gridward/home/meter/state")
        ]
        assert told[told.index(812.4) :].count(None) == 1, "absent until it is said twice"


async def test_the_angle_that_was_called_a_power_factor(mbmd: Mbmd, tmp_path: Path) -> None:
    mbmd.last = {"SDM2201.1": {"Cosphi": 0.4, "Power": 500.0, "ApparentPower": 501.0}}
    mbmd.types = {}
    async with site(tmp_path, mbmd.port, meter="SDM2201.1") as home:
        await home.until(lambda: "power" in home.state())
        assert "power_factor" not in home.state()
        mbmd.last["SDM2201.1"]["Cosphi"] = 0.998
        await home.until(lambda: home.state().get("power_factor") == 0.998)


async def test_a_restart_announces_the_meter_before_mbmd_is_up(mbmd: Mbmd, tmp_path: Path) -> None:
    async with site(tmp_path, mbmd.port, meter=KEY) as home:
        await home.until(lambda: home.device.available)
    async with site(tmp_path, 1, meter=KEY) as home:
        await home.until(lambda: len(home.device.entities) == len(READ))
        assert home.state() == {}
        assert home.device.identity
        assert home.device.identity.model == "SDM230"
    async with site(tmp_path, 1, meter="SDM2301.2") as home:
        await home.until(lambda: bool(home.broker.said("gridward/home/meter/availability")))
        assert not home.device.entities, "another meter than the one that was kept"
