"""mbmd's answers as values: keys, types, numbers; whatever comes, nothing but BadFrame."""

import contextlib
import json
import math

import pytest
import voluptuous as vol
from hypothesis import given
from hypothesis import strategies as st

from gridward_kit.errors import BadFrame
from gridward_kit.integration import Fact
from gridward_kit.kept import Json
from gridward_mbmd import OPTIONS
from gridward_mbmd.answers import Sample, kind, kinds, parsed, sample, samples
from gridward_mbmd.entities import ROWS

LISTED = """{"SDM2301.1":{"Timestamp":"2024-05-14T10:21:07.113+02:00","Unix":1715674867,
"ApparentPower":512.300000,"Cosphi":0.981000,"Power":502.600000,"Sum":824.800000,"Voltage":230.700000}}"""


def test_a_list_of_devices() -> None:
    one = samples(parsed(LISTED))["SDM2301.1"]
    assert one.unix == 1715674867
    assert one.values == {
        "ApparentPower": 512.3,
        "Cosphi": 0.981,
        "Power": 502.6,
        "Sum": 824.8,
        "Voltage": 230.7,
    }


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("SDM2301.1", "SDM230"),
        ("SDM1.2", "SDM"),
        ("SDM11.12", "SDM"),
        ("SDM1201.247", "SDM120"),
        ("SDM72V21.3", "SDM72V2"),
        ("SDM721.3", "SDM72"),
        ("DTSU6662.100", "DTSU666"),
        ("X961A1.4.1", "X961A"),
        ("SUNSPEC1.1", None),
        ("SDM230.1", "SDM"),
        ("SDM", None),
        ("", None),
    ],
)
def test_the_type_in_a_key(key: str, said: str | None) -> None:
    """The type may end in a digit, so the longest known one that leaves a connection is meant."""
    assert kind(key) == said


def test_the_types_of_a_status_of_either_age() -> None:
    fresh: Json = {
        "Meters": [{"Device": "SDM2301.1", "Type": "SDM230", "Online": False}, {"Device": 3}, None]
    }
    assert kinds(fresh) == {"SDM2301.1": "SDM230"}
    assert kinds({"Modbus": {}, "ConfiguredMeters": []}) == {}
    assert kinds([]) == {}


def test_what_is_no_number_is_left_out() -> None:
    told = parsed(
        '{"Unix":1,"Power":NaN,"Current":Infinity,"Voltage":null,"Import":"7","Export":true,"Sum":2}'
    )
    assert sample(told).values == {"Sum": 2.0}


NAMES = st.sampled_from(["Unix", "Meters", "Power", "x"])
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner), max_leaves=12
)


@given(JSON)
def test_any_json_is_measurements_or_a_bad_frame(content: object) -> None:
    told = parsed(json.dumps(content))
    assert all(isinstance(word, str) for pair in kinds(told).items() for word in pair)
    found: list[Sample] = []
    with contextlib.suppress(BadFrame):
        found.append(sample(told))
    with contextlib.suppress(BadFrame):
        found += samples(told).values()
    for one in found:
        assert math.isfinite(one.unix)
        assert all(type(value) is float and math.isfinite(value) for value in one.values.values())


@pytest.mark.parametrize(
    "text", ["", "all meters are inactive", "{", "[" * 100_000, "9" * 5000, "{'Unix': 1}"]
)
def test_text_that_is_no_json(text: str) -> None:
    with pytest.raises(BadFrame, match="no JSON"):
        parsed(text)


def test_a_number_beyond_all_measure() -> None:
    assert sample(parsed('{"Unix":1,"Power":' + "9" * 400 + "}")).values == {}


def test_every_measurement_has_a_key_of_its_own() -> None:
    assert len({row.key for row in ROWS.values()}) == len(ROWS)
    assert ROWS["VoltageL1_L2"].key == "voltage_l1_l2"
    assert ROWS["ReactiveImportT1"].key == "import_reactive_energy_t1"
    assert ROWS["PowerS4"].key == "power_s4"


@pytest.mark.parametrize(
    ("key", "value", "judged"),
    [
        ("host", "192.0.2.4", "192.0.2.4"),
        ("host", "http://x", None),
        ("host", "", None),
        ("meter", "SDM2301.1", "SDM2301.1"),
        ("meter", "SDM2301.1.2", "SDM2301.1.2"),
        ("meter", "../status", None),
        ("meter", "SDM230", None),
        ("port", 8080, 8080),
        ("port", 0, None),
        ("port", True, None),
        ("every", "5s", 5.0),
        ("every", 0.5, None),
        ("every", "soon", None),
    ],
)
def test_the_site_files_keys(key: str, value: Fact, judged: Fact | None) -> None:
    check = next(check for marker, check in OPTIONS.items() if str(marker.schema) == key)
    if judged is None:
        with pytest.raises(vol.Invalid):
            check(value)
    else:
        assert check(value) == judged
