"""Captured answers of real units mean what their makers' documents say."""

import pytest

from gridward_axpert import INTEGRATION
from gridward_axpert.entities import MODELS as TEXT_MODELS
from gridward_axpert.entities import decode, rows
from gridward_axpert.models import MODELS, every
from gridward_axpert.models import decode as decode_any
from gridward_axpert.protocol import bumped, crc, frame
from gridward_axpert.unit import Unit
from gridward_kit.entity import BinarySensor, readings
from gridward_kit.errors import BadFrame, DeviceError, Refused
from gridward_kit.frames import Frame, frames_of

FRAMES = frames_of("axpert")
LIVE = (
    "227.2 50.0 230.3 50.0 0829 0751 010 447 54.50 020 083 0054 02.7 323.6 00.00 00000 00010110"
    " 00 00 00879 010"
)


def answer(text: str) -> bytes:
    """A unit's answer with this text."""
    body = b"(" + text.encode("ascii")
    return body + bumped(crc(body)) + b"\r"


@pytest.mark.parametrize("item", FRAMES, ids=lambda item: f"{item.place} {item.request}")
def test_every_documented_field_by_key_value_and_unit(item: Frame) -> None:
    units = {row.key: None if isinstance(row, BinarySensor) else row.quantity.unit for row in every()}
    if item.error:
        with pytest.raises(DeviceError) as caught:
            decode_any(item.model, item.request, item.reply)
        assert type(caught.value).__name__ == item.error
    else:
        found = decode_any(item.model, item.request, item.reply)
        assert {key: (value, units[key]) for key, value in found.items()} == dict(item.values)


@pytest.mark.parametrize(
    "request_", ["QMOD", "qmod", "514d4f4449c10d", "51 4d 4f 44 49 c1 0d", "514d4f4449c1", "514d4f44"]
)
def test_a_request_is_named_or_given_in_bytes(request_: str) -> None:
    assert decode(None, request_, answer("L")) == {"mode": "line"}


@pytest.mark.parametrize("command", ["POP02", "PEa", "MCHGC010", frame("PCVV57.0").hex()])
def test_an_accepted_setter_has_no_values_and_a_refused_one_is_refused(command: str) -> None:
    assert decode(None, command, frame("(ACK")) == {}
    with pytest.raises(Refused):
        decode(None, command, frame("(NAK"))


def test_what_is_no_request_or_no_model_is_said() -> None:
    with pytest.raises(ValueError, match="neither"):
        decode(None, "00ff", answer("L"))
    with pytest.raises(ValueError, match="none of"):
        decode("toaster", "QMOD", answer("L"))


def test_more_than_one_answer_is_none() -> None:
    with pytest.raises(BadFrame):
        decode(None, "QMOD", answer("L") + answer("B"))


@pytest.mark.parametrize("letter", ["Z", "Q"])
def test_an_unknown_mode_is_unknown(letter: str) -> None:
    assert decode(None, "QMOD", answer(letter)) == {"mode": "unknown"}


def test_a_field_that_cannot_be_read_is_absent_and_the_others_stay() -> None:
    text = LIVE.replace("50.0", "--.-", 1)
    found = decode(None, "QPIGS", answer(text))
    assert "grid_frequency" not in found
    assert found["output_power"] == 751


@pytest.mark.parametrize(
    ("index", "cell", "key"),
    [
        (1, "99.9", "grid_frequency"),
        (8, "71.20", "battery_voltage"),
        (10, "120", "battery_soc"),
        (13, "900.0", "pv_voltage"),
    ],
)
def test_what_cannot_be_true_is_absent(index: int, cell: str, key: str) -> None:
    cells = LIVE
    spoilt = cells.split(" ")
    spoilt[index] = cell
    missing = set(decode("max", "QPIGS", answer(LIVE))) - set(
        decode("max", "QPIGS", answer(" ".join(spoilt)))
    )
    assert missing == {key, *({"battery_power"} if key == "battery_voltage" else set())}


def test_battery_current_is_positive_while_charging() -> None:
    text = "219.4 49.7 230.0 49.7 0368 0258 009 436 27.60 {} 085 0049 01.2 184.1 00.00 {} 00010000"
    text += " 00 00 00151 011"
    charging = decode(None, "QPIGS", answer(text.format("012", "00000")))
    discharging = decode(None, "QPIGS", answer(text.format("000", "00006")))
    assert (charging["battery_current"], charging["battery_power"]) == (12, 331.2)
    assert (discharging["battery_current"], discharging["battery_power"]) == (-6, -165.6)


@pytest.mark.parametrize(
    ("failed", "warnings", "faults"), [("0", "Overload", "none"), ("1", "none", "Inverter fault, Overload")]
)
def test_a_conditional_flag_is_a_fault_only_beside_an_inverter_fault(
    failed: str, warnings: str, faults: str
) -> None:
    flags = "0" + failed + "0" * 14 + "1" + "0" * 15
    found = decode(None, "QPIWS", answer(flags))
    assert (found["warnings"], found["faults"], found["problem"]) == (warnings, faults, True)


def test_a_missing_grid_is_a_warning_but_no_problem() -> None:
    found = decode(None, "QPIWS", answer("00000100000000000000000000000000"))
    assert found["alarm_line_fail"] is True
    assert found["warnings"] == "Line fail"
    assert found["problem"] is False


def test_output_short_is_a_warning_on_old_units_and_a_fault_on_new_ones() -> None:
    assert decode("ks", "QPIWS", answer("0" * 6 + "1" + "0" * 25))["faults"] == "none"
    assert decode("vm-iii", "QPIWS", answer("0" * 6 + "1" + "0" * 29))["faults"] == "Output short circuit"


def test_an_odd_length_of_flags_shows_only_what_all_tables_share() -> None:
    found = decode(None, "QPIWS", answer("0" * 5 + "1" + "0" * 28))
    assert found["warnings"] == "Line fail"
    assert "alarm_mppt_overload_fault" not in found


def test_a_max_names_its_fault_code_by_its_own_list() -> None:
    flags = "01" + "0" * 34
    text = flags[:31] + "11" + flags[33:]
    assert decode("vm-iii", "QPIWS", answer(text))["fault"] == "main_relay_failed"
    unit = Unit(variant="max", nominal=48.0, counts={"QPIWS": 36})
    text = flags[:32] + "11" + flags[34:]
    found = readings(rows("QPIWS", unit), "QPIWS", text.encode()).values
    assert (found["fault_code"], found["fault"]) == ("11", "pv_over_voltage")


def test_what_is_told_in_words_fits_into_a_state_of_home_assistant() -> None:
    found = decode("vm-iii", "QPIWS", answer("1" * 36))
    for key in ("warnings", "faults"):
        assert len(str(found[key])) <= 255
    assert str(found["faults"]).startswith("Inverter fault, Bus over voltage, ")


def test_a_bms_that_is_not_linked_has_no_values() -> None:
    assert decode(None, "QBMS", answer("1 000 0 0 0 000 000 000 0000 0000")) == {"bms_connected": False}
    linked = decode(None, "QBMS", answer("0 000 0 1 0 532 532 450 0000 0030"))
    assert (linked["bms_soc"], linked["bms_stop_discharging"]) == (0, True)


def test_every_model_of_the_list_is_known() -> None:
    assert set(INTEGRATION.models) == set(MODELS)
    for model in TEXT_MODELS:
        assert decode(model, "QMOD", answer("B")) == {"mode": "battery"}
    assert decode("PI30MAX", "QPIGS", answer(LIVE)) == decode("max", "QPIGS", answer(LIVE))
    assert decode("PI30", "QPIGS", answer(LIVE)) == decode(None, "QPIGS", answer(LIVE))
