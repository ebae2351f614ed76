"""The site file: the architecture's example, every fault told with its line, and never a traceback."""

import itertools
from pathlib import Path

import pytest
from gateway.site_files import GOOD, RULES, SECRETS, drop, faults, load, swap, write

from gridward.site import DAY, YEAR, Keep


def test_the_example_of_the_architecture(tmp_path: Path) -> None:
    site = load(tmp_path)
    assert (site.id, site.time_zone.key, site.fail_safe) == ("home", "Europe/Bratislava", "grid_connected")
    assert site.broker.password == "0123", "a secret is the text that stands there"
    assert site.folder == tmp_path
    assert site.record.store == tmp_path / "gridward.db"
    assert site.record.keep == Keep(30 * DAY, 2 * YEAR, None)
    (database,) = site.record.databases
    assert (database.token, database.name) == ("swordfish", "localhost:8086/solar")
    assert [device.id for device in site.all_devices()] == [
        "inverter",
        "bms",
        "grid_meter",
        "flat_2",
        "contactor",
        "logger",
    ]
    assert site.device("flat_2").poll == 10
    assert site.device("grid_meter").options == {"address": 1}
    assert site.device("bms").options == {"address": 1}, "an integration's default is filled in"
    assert site.device("contactor").options["lease"] == "30s"
    assert site.device("grid_meter").name == "Grid meter"
    rule = site.rules.grid_switch
    assert rule is not None
    assert (rule.battery, rule.inverter, rule.relay) == ("bms", "inverter", "contactor")
    assert (rule.grid_meter, rule.logger) == ("grid_meter", "logger")
    assert (rule.connect_below, rule.wait, rule.island_above) == (51.2, 240.0, 51.8)


def test_roles_of_hosts(tmp_path: Path) -> None:
    site = load(tmp_path)
    assert site.role_names("pi_b") == ("bus:meters", "contactor")
    assert site.role_names("pi_a")[-3:] == ("logger", "plan", "notify"), (
        "what no host names is the first one's"
    )
    every = site.role_names()
    assert sorted(every) == sorted(site.role_names("pi_a") + site.role_names("pi_b"))
    with pytest.raises(ValueError, match=r"pi_c.*pi_a, pi_b"):
        site.role_names("pi_c")
    alone = load(tmp_path, GOOD.replace("  pi_b: [bus:meters, contactor]\n", "").replace("pi_a:", "other:"))
    assert alone.role_names("other") == (
        "bus:inverter_line",
        "bus:bms_line",
        "rules",
        "recorder",
        "http",
        "bus:meters",
        "contactor",
        "logger",
        "plan",
        "notify",
    )


def test_no_secret_is_shown(tmp_path: Path) -> None:
    site = load(tmp_path)
    assert "swordfish" not in repr(site)
    assert "0123" not in repr(site)


# Text of the file, line of the fault, words in the fault's sentence.
FAULTY: list[tuple[str, int, tuple[str, ...]]] = [
    ("", 1, ("empty",)),
    ("- a\n- b\n", 1, ("a list", "mapping")),
    ("version: 1\n\tsite: x\n", 2, ("YAML",)),
    (swap("version: 1", "version: 2"), 1, ("`2`", "expected `1`")),
    (drop("version"), 1, ("no `version`",)),
    (drop("fail_safe"), 2, ("no `fail_safe`", "grid_connected", "must be said")),
    (swap("fail_safe: grid_connected", "fail_safe: islanded"), 6, ("`islanded`", "grid_connected")),
    (swap("fail_safe:", "failsafe:"), 6, ("the key `failsafe`", "nearest: `fail_safe`")),
    (swap("id: home", "id: My Home"), 3, ("`My Home`", "a-z, 0-9 and _")),
    (swap("Europe/Bratislava", "Europe/Bratislave"), 5, ("`Europe/Bratislave`", "time zone")),
    (swap("Europe/Bratislava", "../../etc/passwd"), 5, ("time zone",)),
    (swap("  name: Home\n", "  name: Home\n  latitude: 148.1\n"), 5, ("`148.1`", "-90 to 90")),
    (swap("bus:bms_line, ", "bus:bms_lime, "), 8, ("`bus:bms_lime`", "nearest: `bus:bms_line`")),
    (swap("[bus:meters, contactor]", "[bus:meters, rules]"), 9, ("`rules`, which pi_a runs", "one host")),
    (swap("mqtt://pi_a.local", "mqtt://127.0.0.1"), 10, ("127.0.0.1", "all hosts reach")),
    (swap("url: mqtt://pi_a.local:1883", "url: embedded"), 10, ("`embedded`", "all hosts reach")),
    (swap("mqtt://pi_a.local:1883", "http://pi_a.local"), 10, ("mqtt://host:1883",)),
    (swap("mqtt://pi_a.local:1883", "mqtt://pi_a.local:99999"), 10, ("mqtt://host:1883",)),
    (swap("mqtt://pi_a.local:1883", "mqtt://me:pw@pi_a.local"), 10, ("a password in the URL",)),
    (swap("!secret mqtt_password", "hunter2"), 10, ("a readable secret", "secrets.yaml")),
    (swap("!secret mqtt_password", "!secret mqt_password"), 10, ("`!secret mqt_password`",)),
    (swap("!secret mqtt_password", "!env PASSWORD"), 10, ("`!env`", "`!secret` or `!include`")),
    (drop("mqtt:"), 1, ("no `mqtt`",)),
    (swap("- id: bms_line", "- id: inverter_line"), 16, ("`inverter_line` a second time", "line 12")),
    (
        swap("/dev/serial/by-path/platform-usb-0:1.3:1.0-port0", "hidraw://0665:5161"),
        17,
        ("`hidraw://0665:5161` a second time", "line 13"),
    ),
    (swap("port: hidraw://0665:5161", "port: ttyUSB0"), 13, ("`ttyUSB0`", "device path")),
    (swap("id: bms, integration: daly", "id: rules, integration: daly"), 19, ("`rules`", "reserved")),
    (swap("id: bms, integration: daly", "id: bus_meters, integration: daly"), 19, ("reserved",)),
    (swap("id: bms, integration: daly", "id: device_contactor, integration: daly"), 19, ("reserved",)),
    (swap("id: flat_2", "id: bms"), 24, ("`bms` a second time", "line 19")),
    (swap("integration: daly", "integration: dali"), 19, ("`dali`", "nearest: `daly`")),
    (swap("writable: true", "writable: yes"), 15, ("`yes`", "`true` or `false`")),
    (swap("model: sdm230", "model: sdm320"), 23, ("`sdm320`", "nearest: `sdm230`")),
    (swap(" address: 1,", ""), 23, ("no `address`",)),
    (swap("address: 1,", "address: 300,"), 23, ("`300`", "1 to 247")),
    (swap("address: 12", "address: 1"), 24, ("address 1, as `grid_meter` in line 23",)),
    (swap("poll: 10s", "poll: 10"), 24, ("`10`", "4min, 2h")),
    (swap("poll: 10s", "poll: 10 fortnights"), 24, ("`10 fortnights`",)),
    (swap("poll: 10s", "poll: 0s"), 24, ("at least 0.05 s",)),
    (swap("side: grid", "side: left"), 23, ("`left`", "grid, house")),
    (swap("integration: daly,", "integration: daly, side: grid,"), 19, ("meters only",)),
    (swap("integration: daly,", "integration: daly, adres: 2,"), 19, ("the key `adres`", "address")),
    (swap("integration: daly,", "integration: daly, address: 99,"), 19, ("`99`", "at most 15")),
    (swap("integration: axpert,", "integration: relay, driver: gpio,"), 15, ("below `devices:`",)),
    (swap("integration: ping, host: 192.0.2.4", "integration: daly"), 27, ("on a bus",)),
    (swap("pin: 26", "pin: six"), 26, ("`six`", "int")),
    (swap("driver: gpio", "driver: magic"), 26, ("`magic`",)),
    (swap("lease: 30s", "port: hidraw://0665:5161"), 26, ("a second time", "line 13")),
    (swap("lease: 30s", "inputs: [{key: ok, pin: 1}, {key: door, pin: x}]"), 26, ("`x`", "int")),
    (swap("host: 192.0.2.4", "host: 4"), 27, ("`4`",)),
    (swap("battery: bms", "battery: bmx"), 28, ("`bmx`", "nearest: `bms`")),
    (swap("battery: bms", "battery: grid_meter"), 28, ("of kind meter", "battery or inverter")),
    (swap("grid_switch: contactor", "grid_switch: logger"), 28, ("of kind host", "relay")),
    (swap("battery: bms", "batery: bms"), 28, ("the key `batery`", "nearest: `battery`")),
    (swap("raw: 30d", "raw: 30"), 31, ("`30`", "forever")),
    (swap("minutes: 2y", "minutes: 5s"), 31, ("at least 3600 s",)),
    (swap("org: home, ", ""), 32, ("no `org`", "InfluxDB 2")),
    (swap("!secret influxdb_token", "swordfish"), 32, ("a readable secret",)),
    (swap("rules/axpert", "rules/axpirt"), 33, ("`!include rules/axpirt-lifepo4-16s.yaml`", "is there")),
    (swap("!include rules/axpert-lifepo4-16s.yaml", "!include site.yaml"), 33, ("include itself",)),
    (swap("!include rules/", "!include rules/../../"), 33, ("`!include rules/../../axpert", "below")),
    (swap("!include rules/axpert-lifepo4-16s.yaml", "!include /etc/hostname"), 33, ("/etc/", "below")),
    (swap("!include rules/axpert-lifepo4-16s.yaml", "[a, b]"), 33, ("a list", "mapping")),
    (swap("listen: loopback", "listen: 0.0.0.0"), 34, ("`0.0.0.0`", "loopback, lan")),
    (swap("listen: loopback", "port: 99999"), 34, ("`99999`", "1 to 65535")),
    (swap("listen: loopback", "prefix: gridward/"), 34, ("a slash at its end",)),
    (GOOD + "generator: {name: Honda}\n", 35, ("no `interlock`", "hardware")),
    (GOOD + "generator: {interlock: software}\n", 35, ("`software`", "hardware")),
    (GOOD + "http: {listen: lan}\n", 35, ("`http` a second time", "line 34")),
    (GOOD + "devises: []\n", 35, ("the key `devises`", "nearest: `devices`")),
    (
        swap("port: socket://192.0.2.10:8899", "port: /dev/ttyUSB9").replace(
            "integration: chint, model: ddsu666, address: 12", "integration: axpert"
        ),
        21,
        ("2400 and 9600", "`baud: ...`"),
    ),
    (
        swap("devices:\n      - {id: inverter, integration: axpert, writable: true}", "devices: []"),
        14,
        ("one",),
    ),
    (swap("  name: Home\n", "  name: &x Home\n"), 4, ("anchor",)),
]


@pytest.mark.parametrize(("text", "line", "words"), FAULTY, ids=itertools.count())
def test_a_fault_is_told_with_its_line(tmp_path: Path, text: str, line: int, words: tuple[str, ...]) -> None:
    path = write(tmp_path, text)
    told = [str(fault) for fault in faults(path)]
    wanted = [one for one in told if one.startswith(f"{path}:{line}: ")]
    assert any(all(word in one for word in words) for one in wanted), "\n".join(told)
    for one in told:
        assert "swordfish" not in one
        assert "hunter2" not in one
        assert "me:pw" not in one


RULE_FAULTS: list[tuple[str, int, tuple[str, ...]]] = [
    (RULES.replace("51.8", "51.0"), 5, ("51 V", "51.2 V", "island_above over connect_below")),
    (RULES.replace("logger: logger", "logger: loger"), 7, ("`loger`", "nearest: `logger`")),
    (RULES.replace("logger: logger", "logger: bms"), 7, ("of kind battery", "host")),
    (RULES.replace("cell_min", "cell_mim"), 6, ("the key `cell_mim`", "nearest: `cell_min`")),
    (RULES.replace("for: 4min", "for: 4 hours"), 4, ("`4 hours`", "duration")),
    (RULES.replace("mode: observe", "mode: maybe"), 1, ("`maybe`", "off, observe, on")),
    (RULES + "  require: [flat_2, flat_3]\n", 8, ("`flat_3`", "nearest: `flat_2`")),
    (RULES + "  battery: inverter\n", 8, ("of kind inverter",)),
    (RULES + "  grid_meter: flat_2\n", 8, ("`flat_2`", "side: grid", "grid's side")),
    (RULES + "  grid_voltage: [253, 207]\n", 8, ("two rising numbers",)),
    ("a: [\n", 2, ("YAML",)),
    ("!include axpert-lifepo4-16s.yaml\n", 1, ("include itself",)),
]


@pytest.mark.parametrize(("rules", "line", "words"), RULE_FAULTS, ids=itertools.count())
def test_a_fault_in_an_included_file_names_that_file(
    tmp_path: Path, rules: str, line: int, words: tuple[str, ...]
) -> None:
    told = [str(fault) for fault in faults(write(tmp_path, GOOD, rules))]
    place = f"{tmp_path / 'rules' / 'axpert-lifepo4-16s.yaml'}:{line}: "
    assert any(one.startswith(place) and all(word in one for word in words) for one in told), "\n".join(told)


def test_rules_that_are_on_need_a_contactor(tmp_path: Path) -> None:
    without = GOOD.replace(", grid_switch: contactor", "")
    assert load(tmp_path, without).rules.grid_switch is not None
    told = faults(write(tmp_path, without, RULES.replace("observe", "on")))
    assert ["no contactor" in str(one) for one in told] == [True]


def test_all_faults_at_once_in_order(tmp_path: Path) -> None:
    text = GOOD.replace("fail_safe", "fail_sav").replace("integration: daly", "integration: dali")
    text = (
        text.replace("poll: 10s", "poll: 10")
        .replace("pin: 26", "pin: x")
        .replace("battery: bms", "battery: b")
    )
    told = faults(write(tmp_path, text))
    assert [fault.line for fault in told if fault.file.name == "site.yaml"] == [2, 6, 19, 24, 26, 28]


@pytest.mark.parametrize(
    ("secrets", "mode", "words"),
    [
        (SECRETS, 0o644, ("mode 0644", "chmod 600")),
        (SECRETS, 0o640, ("mode 0640",)),
        ("- a\n- b\n", 0o600, ("no mapping",)),
        ("mqtt_password: *hunter2\n", 0o600, ("YAML",)),
        ("mqtt_password: [hunter2]\n", 0o600, ("several values",)),
    ],
)
def test_secrets_are_for_their_owner_only(
    tmp_path: Path, secrets: str, mode: int, words: tuple[str, ...]
) -> None:
    told = [str(fault) for fault in faults(write(tmp_path, GOOD, secrets=secrets, mode=mode))]
    assert any("secrets.yaml:1: " in one and all(word in one for word in words) for one in told), told
    assert not any("hunter2" in one or "swordfish" in one for one in told)


def test_an_empty_secret_is_none(tmp_path: Path) -> None:
    told = faults(write(tmp_path, GOOD, secrets=SECRETS.replace("0123", '""')))
    assert [str(fault) for fault in told] == [
        f"{tmp_path / 'site.yaml'}:10: found `!secret mqtt_password`, which is empty; "
        "expected a secret of your own"
    ]


def test_a_site_without_secrets_or_file(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    (tmp_path / "secrets.yaml").unlink()
    assert any("mode 0600" in str(fault) for fault in faults(path))
    assert "No such file" in str(faults(tmp_path / "absent.yaml")[0])
    assert "directory" in str(faults(tmp_path)[0])
    path.write_bytes(b"version: 1\nsite: \xff\n")
    assert str(faults(path)[0]).startswith(f"{path}:2: found a byte that is not UTF-8")
