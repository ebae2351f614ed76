"""Calin's codes: the operator's table row by row, and nothing guessed where it has a hole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridward.meters import calin

TABLE = """
1000 ok closed no | 1001 credit open no | 1003 load open maybe | 1004 test unknown no | 1005 tamper open yes
1006 tamper open yes | 1007 backend open no | 1008 commissioning open yes | 1009 load open maybe
1011 power_quality open no | 1012 power_quality open no | 1013 power_quality open yes | 1014 tamper open yes
1015 tamper open yes | 1016 power_quality open maybe | 1017 power_quality open yes | 1018 tamper open yes
1021 power_quality open no | 1022 load open maybe | 1023 power_quality open maybe | 1024 backend open no
1025 backend open maybe
"""
ROWS = [row.split() for line in TABLE.strip().splitlines() for row in line.split("|")]


@pytest.mark.parametrize(("code", "category", "relay", "visit"), ROWS)
def test_the_table(code: str, category: str, relay: str, visit: str) -> None:
    found = calin.status(int(code))
    assert (found.category, found.relay, found.visit) == (category, relay, visit)
    assert found.ignored == (code == "1001")


@given(st.integers(1000, 1999))
def test_what_is_in_no_table_is_unknown(code: int) -> None:
    found = calin.status(code)
    assert found.code == code
    if str(code) not in {row[0] for row in ROWS}:
        assert (found.meaning, found.category, found.relay) == (
            f"unknown reason {code - 1000}",
            "unknown",
            "unknown",
        )


@pytest.mark.parametrize("code", [-1, 0, 999, 2000, 100800])
def test_what_is_no_status(code: int) -> None:
    with pytest.raises(ValueError, match="no operating status"):
        calin.status(code)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("1008", "1008: not active"),
        ("Not-active", "1008: not active"),
        (" Open Upper Cover ", "1005: upper cover open"),
        ("08", "1008: not active"),
        ("00", "1000: relay closed"),
        ("43", "display code 43: time of the last 3rd cover opening"),
        ("87", "display code 87: reason for relay disconnection"),
        ("1019", "unknown reason 19"),
        ("bypass", "1018: bypass, illegal connection"),
    ],
)
def test_what_a_person_types(typed: str, expected: str) -> None:
    assert expected in calin.lookup(typed)


def test_a_number_that_is_both_says_both() -> None:
    said = calin.lookup("14")
    assert "load threshold" in said
    assert "1014: enclosure cover open" in said


@pytest.mark.parametrize("typed", ["", "999", "60", "nothing", "1e3", "-5", "2000"])
def test_what_nobody_knows(typed: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        calin.lookup(typed)
