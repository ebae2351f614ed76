"""A site as a service: what is written, what systemd and nginx say of it, and that it is taken back whole."""

import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from deploy.broker_site import free_port
from typer.testing import CliRunner

from gridward.cli import app
from gridward.config import load
from gridward.service import firstsite, install
from gridward_daly import INTEGRATION as DALY
from gridward_kit.clock import Clock, SystemClock
from gridward_kit.scan import Finding, Step, Trouble

SITE = """\
version: 1
site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}
mqtt: {url: "mqtt://127.0.0.1:1883", users: generated}
buses:
  - {id: inverter_line, port: "hidraw://0665:5161", devices: [{id: inverter, integration: axpert}]}
  - id: bms_line
    port: /dev/serial/by-path/platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.3:1.0-port0
    devices: [{id: bms, integration: daly}]
devices:
  - {id: contactor, integration: relay, driver: gpio, pin: 26, closed_when: low, feedback_pin: 16}
roles: {pv: inverter, load: inverter, battery: bms, grid_switch: contactor}
http: {prefix: /gateway}
"""
RUNNER = CliRunner()
PLACE = Path("var/lib/gridward/site.yaml")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / PLACE).parent.mkdir(parents=True)
    (tmp_path / PLACE).write_text(SITE)
    return tmp_path


def _run(root: Path, *arguments: str) -> str:
    done = RUNNER.invoke(app, ["service", *arguments, "--root", str(root)])
    assert done.exit_code == 0, done.output
    return done.output


def _tree(root: Path) -> dict[str, bytes]:
    """Every file and link below the root, but for the site's own folder."""
    found = {path for path in root.rglob("*") if path.is_symlink() or path.is_file()}
    own = {path for path in found if not str(path.relative_to(root)).startswith("var/")}
    return {
        str(path.relative_to(root)): str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        for path in own
    }


def test_what_is_written_comes_back_off_and_nothing_else(root: Path) -> None:
    foreign = root / "etc" / "nginx" / "sites-available" / "other"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("a site of somebody else's")
    before = _tree(root)
    _run(root, "install")
    written = _tree(root)
    assert {"etc/systemd/system/gridward.service", "etc/udev/rules.d/60-gridward.rules"} <= set(written)
    assert {"etc/mosquitto/conf.d/gridward.conf", "etc/mosquitto/gridward/gridward.acl"} <= set(written)
    assert "nothing has changed" in _run(root, "install")
    assert _tree(root) == written
    _run(root, "remove")
    assert _tree(root) == before
    assert not (root / "etc" / "gridward").exists()
    assert (root / PLACE).read_text() == SITE
    assert "nothing was installed here" in _run(root, "remove")


@pytest.mark.parametrize("folder", ["/home/somebody", "/root", "/etc/gridward", "/var/lib", "/srv", "/"])
def test_a_folder_of_others_is_not_taken(tmp_path: Path, folder: str) -> None:
    place = Path(folder) / "site.yaml"
    (tmp_path / place.relative_to("/")).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place.relative_to("/")).write_text(SITE)
    done = RUNNER.invoke(app, ["service", "install", str(place), "--root", str(tmp_path)])
    assert done.exit_code == 2
    assert f"{folder}: " in done.output
    assert "as /var/lib/gridward" in done.output
    assert not (tmp_path / "etc/systemd").exists()


def test_another_folder_of_its_own_is(root: Path) -> None:
    (root / "srv/house").mkdir(parents=True)
    (root / "srv/house/site.yaml").write_text(SITE)
    assert "gridward.service: written" in _run(root, "install", "/srv/house/site.yaml")


def test_a_dry_run_writes_nothing_and_shows_no_password(root: Path) -> None:
    before = set(root.rglob("*"))
    told = _run(root, "install", "--dry-run")
    assert set(root.rglob("*")) == before
    assert "would write /etc/systemd/system/gridward.service" in told
    assert "would run: systemctl enable gridward.service" in told
    assert "$7$" not in told


def test_what_a_person_changed_is_left_alone(root: Path) -> None:
    _run(root, "install")
    proxy = root / "etc/nginx/sites-available/gridward"
    proxy.write_text("mine")
    assert "changed by hand" in _run(root, "install")
    assert proxy.read_text() == "mine"
    assert "changed by hand" in _run(root, "remove")
    assert proxy.read_text() == "mine"


def test_a_file_in_the_way_stops_it_before_anything_is_written(root: Path) -> None:
    other = root / "etc/udev/rules.d/60-gridward.rules"
    other.parent.mkdir(parents=True)
    other.write_text("another's")
    before = _tree(root)
    done = RUNNER.invoke(app, ["service", "install", "--root", str(root)])
    assert done.exit_code != 0
    assert "none of ours" in done.output
    assert _tree(root) == before


def test_ports_are_named_by_their_socket(root: Path) -> None:
    _run(root, "install")
    rules = (root / "etc/udev/rules.d/60-gridward.rules").read_text().splitlines()
    hid, tty = (line for line in rules if not line.startswith("#"))
    assert 'SUBSYSTEM=="hidraw"' in hid
    assert 'ATTRS{idVendor}=="0665", ATTRS{idProduct}=="5161"' in hid
    assert 'ENV{ID_PATH}=="platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.3:1.0"' in tty
    assert 'ATTRS{port_number}=="0"' in tty
    assert 'SYMLINK+="gridward/bms_line"' in tty
    assert all('GROUP="gridward", MODE="0660"' in line for line in (hid, tty))


def test_the_unit_is_watched_restarted_and_closed(root: Path) -> None:
    _run(root, "install")
    unit = root / "etc/systemd/system/gridward.service"
    told = dict(re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.MULTILINE))
    assert (told["Type"], told["WatchdogSec"], told["Restart"], told["RestartSec"]) == (
        "notify",
        "20",
        "always",
        "5",
    )
    assert told["StartLimitIntervalSec"] == "0"
    assert "relay safe contactor --site /var/lib/gridward/site.yaml" in told["ExecStopPost"]
    assert told["CapabilityBoundingSet"] == ""
    nodes = re.findall(r"^DeviceAllow=(\S+) rw$", unit.read_text(), re.MULTILINE)
    assert nodes == ["char-ttyUSB", "char-ttyACM", "char-ttyAMA", "char-ttyS", "char-hidraw", "char-gpiochip"]
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd is not installed")
    command = [program, "security", "--offline=yes", "--threshold=30", "--no-pager", str(unit)]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout[-400:] + judged.stderr
    verdict = re.search(r"exposure level for gridward\.service: ([0-9.]+)", judged.stdout)
    assert verdict is not None
    assert float(verdict[1]) <= 3.0


def test_nginx_takes_the_site(root: Path) -> None:
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    if not Path(program).exists():
        pytest.skip("nginx is not installed")
    done = RUNNER.invoke(app, ["service", "install", "--root", str(root), "--https", str(free_port())])
    assert done.exit_code == 0, done.output
    text = (root / "etc/nginx/sites-available/gridward").read_text().replace("/etc/", f"{root}/etc/")
    (root / "site.conf").write_text(text)
    quiet = f"pid {root}/pid;\nerror_log {root}/log;\nevents {{}}\n"
    whole = f"{quiet}http {{ access_log off; include {root}/site.conf; }}\n"
    (root / "nginx.conf").write_text(whole)
    judged = subprocess.run(
        [program, "-t", "-c", str(root / "nginx.conf")], capture_output=True, text=True, check=False
    )
    assert judged.returncode == 0, judged.stderr


def test_a_first_site_file_is_made_of_what_answers(tmp_path: Path) -> None:
    assert DALY.example is not None
    finding = Finding("/dev/serial/by-path/platform-usb-0:1.3:1.0-port0", DALY, DALY.example, DALY.line)
    path = tmp_path / "site.yaml"
    path.write_text(firstsite.site_text([finding], "Europe/Bratislava"))
    site = load(path, complete=False)
    assert [device.id for device in site.all_devices()] == ["daly"]
    assert site.roles == {"battery": "daly"}
    assert not site.device("daly").writable
    assert site.rules.mode == "observe"
    path.write_text(firstsite.site_text([], "UTC"))
    assert load(path, complete=False).all_devices() == ()


async def test_a_long_search_says_what_is_tried_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    async def search(url: str, _: Clock) -> AsyncIterator[Step | Trouble]:
        for baud in (9600, 2400):
            for address in (1, 2, 247):
                yield Step(f"{url}: Modbus, {baud} baud, address {address}", address / 247)
        yield Step(f"{url}: asking as SRNE, address 1")
        yield Trouble("two devices with one address")

    monkeypatch.setattr(firstsite, "found_ports", lambda: ["/dev/ttyUSB0"])
    monkeypatch.setattr(firstsite, "scan_port", search)
    said: list[str] = []
    assert await firstsite.found(SystemClock(), said.append) == ([], ["two devices with one address"])
    tried = ("Modbus, 9600 baud", "Modbus, 2400 baud", "asking as SRNE")
    assert said == [f"/dev/ttyUSB0: {words}" for words in tried]


def test_the_manifest_knows_every_file(root: Path) -> None:
    _run(root, "install")
    assert {path.removeprefix("/") for path in install.ours(root)} | {"etc/gridward/installed.json"} == set(
        _tree(root)
    )
