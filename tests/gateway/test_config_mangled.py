"""Whatever stands in a site file: it is loaded or its faults are told, never a traceback."""

from collections.abc import Callable
from pathlib import Path

from gateway.site_files import GOOD, KNOWN, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridward import config
from gridward.config import Fault, SiteFault


def mangled(draw: Callable[[st.SearchStrategy[int]], int], pieces: list[str]) -> str:
    """The good file with a few pieces put in, left out or doubled."""
    text = GOOD
    for piece in pieces:
        at = draw(st.integers(0, len(text)))
        length = draw(st.integers(0, 12))
        text = text[:at] + piece + text[at + length :]
    return text


ODD = (
    *("\t", "{", "}", "[", "]", "- ", ": ", "&a ", "*a", "!x ", "!!int ", "%", "@", "`", "'", '"', "|", ">"),
    *("? ", "~", "<<: ", "---\n", "...\n", "%YAML 9.9\n", "\0", "\x85", "\ud7ff", ".inf", "0x", "\n", "- - "),
)


@st.composite
def site_texts(draw: st.DrawFn) -> str:
    odd = st.sampled_from([*ODD, "9" * 5000])
    pieces = draw(st.lists(odd | st.text(max_size=6), min_size=1, max_size=5))
    return mangled(draw, pieces)


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=site_texts() | st.text(max_size=60) | st.integers(1, 1000).map(lambda depth: "[" * depth))
def test_mangled_text_is_loaded_or_told_never_a_traceback(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, "")
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    told: tuple[Fault, ...] = ()
    try:
        config.load(path, KNOWN)
    except SiteFault as fault:
        told = fault.faults
        assert told, "a fault that says nothing"
    assert all(fault.line >= 1 and fault.found and fault.expected for fault in told)
