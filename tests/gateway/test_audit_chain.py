"""The chain: whatever is done to one entry is found, and named; what a power cut leaves is no fault."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridward.audit.chain import Copy, Entry, Line, canonical, faults, seal, sound, torn
from gridward.audit.trail import Event, Trail, entries, files, lines
from gridward_kit.kept import Json

SMALL = 4096
WORDS = st.text(max_size=12) | st.integers() | st.floats(allow_nan=False) | st.none() | st.booleans()
EVENTS = st.dictionaries(st.text(max_size=8), WORDS | st.lists(WORDS, max_size=3), max_size=4)


def chained(count: int) -> list[Entry]:
    made: list[Entry] = []
    before = "0" * 64
    for number in range(1, count + 1):
        entry = seal(number, before, number * 1000, number / 2, {"what": "inverter/mode", "id": str(number)})
        made.append(entry)
        before = entry.hash
    return made


def told(texts: Sequence[str], copies: Sequence[Entry] = ()) -> list[int]:
    """The numbers of the entries that are said to be wrong."""
    found = faults(
        [Line("000001.jsonl", place, text) for place, text in enumerate(texts, 1)],
        [Copy(entry.number, entry.hash) for entry in copies],
    )
    return [fault.number for fault in found]


@given(EVENTS, st.integers(1, 10**9), st.integers(0, 1 << 60), st.none() | st.floats(0, 1e9))
def test_a_sealed_entry_reads_back_and_no_other_byte_does(
    event: dict[str, Json], number: int, at: int, mono: float | None
) -> None:
    entry = seal(number, "0" * 64, at, mono, event)
    assert sound(entry.line()) == entry
    assert "\n" not in entry.line()


@settings(max_examples=200)
@given(st.data())
def test_every_change_of_one_character_is_found(data: st.DataObject) -> None:
    made = chained(6)
    texts = [entry.line() for entry in made]
    which = data.draw(st.integers(0, 5))
    place = data.draw(st.integers(0, len(texts[which]) - 1))
    other = data.draw(st.sampled_from('0a"}{,: \t9x').filter(lambda one: one != texts[which][place]))
    texts[which] = texts[which][:place] + other + texts[which][place + 1 :]
    assert which + 1 in told(texts, made)


@given(st.integers(1, 12), st.data())
def test_every_deletion_is_found_and_named(count: int, data: st.DataObject) -> None:
    made = chained(count)
    gone = data.draw(st.integers(1, count))
    texts = [entry.line() for entry in made if entry.number != gone]
    assert told(texts, made) == [gone]
    if gone < count:
        assert told(texts) == [gone], "without the store's copies, too"


@given(st.integers(2, 12), st.data())
def test_every_move_is_found(count: int, data: st.DataObject) -> None:
    made = chained(count)
    start = data.draw(st.integers(0, count - 1))
    end = data.draw(st.integers(0, count - 1).filter(lambda one: one != start))
    texts = [entry.line() for entry in made]
    moved = texts.pop(start)
    texts.insert(end, moved)
    assert told(texts), "the order is part of the chain"


@given(st.integers(1, 12), st.data())
def test_an_inserted_entry_is_found_even_when_sealed_rightly(count: int, data: st.DataObject) -> None:
    made = chained(count)
    place = data.draw(st.integers(0, count - 1))
    before = made[place].before
    forged = seal(place + 1, before, 5, None, {"what": "inverter/mode", "by": "nobody"})
    texts = [entry.line() for entry in made]
    texts.insert(place, forged.line())
    assert place + 1 in told(texts)


def test_an_entry_that_was_sealed_anew_is_found_by_the_next_or_by_the_copy() -> None:
    made = chained(4)
    texts = [entry.line() for entry in made]
    forged = seal(3, made[1].hash, 3000, 1.5, {"what": "forged"})
    texts[2] = forged.line()
    assert told(texts) == [4]
    assert told(texts, made) == [3, 4]
    last = [*texts[:2], forged.line()]
    assert told(last) == []
    assert told(last, made[:3]) == [3]


def test_a_whole_chain_has_no_fault_and_a_missing_begin_has() -> None:
    made = chained(5)
    texts = [entry.line() for entry in made]
    assert told(texts, made) == []
    assert told([], made) == [1]
    assert told(texts[2:]) == [1]


def test_words_of_a_fault_name_entry_and_place() -> None:
    made = chained(3)
    texts = [made[0].line(), made[1].line().replace("inverter", "relay"), made[2].line()]
    found = list(faults([Line("000001.jsonl", place, text) for place, text in enumerate(texts, 1)]))
    assert [fault.words for fault in found] == ["entry 2 was edited (000001.jsonl, line 2)"]


@given(st.integers(1, 5), st.data())
def test_a_line_cut_short_is_taken_away_and_told_and_the_chain_goes_on(
    count: int, data: st.DataObject
) -> None:
    made = chained(count + 1)
    last = made[-1].line()
    kept = data.draw(st.integers(1, len(last) - 1))
    texts = [entry.line() for entry in made[:-1]] + [last[:kept]]
    found = [Line("000001.jsonl", place, text) for place, text in enumerate(texts, 1)]
    assert told(texts, made[:-1]) == []
    assert torn(found) == kept


def event(number: int) -> Event:
    return Event(number * 1000, float(number), {"id": str(number), "reason": "x" * 200})


def test_files_follow_each_other_and_the_chain_goes_through_all(tmp_path: Path) -> None:
    trail = Trail(tmp_path / "a", SMALL)
    for number in range(1, 41):
        trail.append([event(number)])
    trail.close()
    used = [path for path in files(tmp_path / "a") if path.read_bytes().strip()]
    assert len(used) > 3
    assert [path.stat().st_size for path in files(tmp_path / "a")] == [SMALL] * (len(used) + 1)
    assert [entry.number for entry in entries(tmp_path / "a")] == list(range(1, 41))
    assert list(faults(lines(tmp_path / "a"))) == []
    used[1].unlink()
    gone = [fault.number for fault in faults(lines(tmp_path / "a"))]
    assert len(gone) == 1, "a whole file that is gone is one gap"


def test_a_repeat_changes_nothing_also_after_a_restart(tmp_path: Path) -> None:
    for _ in range(3):
        trail = Trail(tmp_path / "a", SMALL)
        trail.append([event(1), event(2), event(1)])
        trail.close()
    assert [entry.number for entry in entries(tmp_path / "a")] == [1, 2]


def test_one_program_writes(tmp_path: Path) -> None:
    trail = Trail(tmp_path / "a", SMALL)
    trail.append([event(1)])
    with pytest.raises(OSError, match="another program writes"):
        Trail(tmp_path / "a", SMALL).append([event(2)])
    trail.close()
    Trail(tmp_path / "a", SMALL).append([event(2)])
    assert [entry.number for entry in entries(tmp_path / "a")] == [1, 2]


@settings(max_examples=60)
@example(cut=-2, blanks=False)  # all of the last line but its end
@given(cut=st.integers(1, 10_000), blanks=st.booleans())
def test_the_file_of_a_power_cut_is_taken_up(
    tmp_path_factory: pytest.TempPathFactory, cut: int, blanks: bool
) -> None:
    folder = tmp_path_factory.mktemp("cut") / "a"
    trail = Trail(folder, SMALL)
    for number in range(1, 6):
        trail.append([event(number)])
    trail.close()
    path = files(folder)[0]
    whole = path.read_bytes().rstrip(b"\n") + b"\n"
    kept = whole[: 1 + cut % len(whole)]
    path.write_bytes(kept.ljust(SMALL, b"\n") if blanks else kept)
    ended = kept.count(b"\n")
    before = [entry.number for entry in entries(folder)]
    trail = Trail(folder, SMALL)
    trail.append([event(99)])
    trail.close()
    after = list(entries(folder))
    assert len(before) >= ended
    assert [entry.number for entry in after] == [*before, len(before) + 1]
    assert after[-1].event == event(99).content
    assert list(faults(lines(folder))) == []


def test_a_page_that_missed_the_disk_in_the_middle_of_the_last_line_is_no_edit(tmp_path: Path) -> None:
    trail = Trail(tmp_path / "a", SMALL)
    trail.append([event(1)])
    end = trail._end
    trail.append([event(2)])
    trail.close()
    path = files(tmp_path / "a")[0]
    content = bytearray(path.read_bytes())
    content[end : end + 60] = b"\n" * 60
    path.write_bytes(bytes(content))
    trail = Trail(tmp_path / "a", SMALL)
    trail.append([event(3)])
    trail.close()
    assert [entry.event["id"] for entry in entries(tmp_path / "a")] == ["1", "3"]
    assert list(faults(lines(tmp_path / "a"))) == []


def test_an_edited_last_line_stays_and_is_told(tmp_path: Path) -> None:
    trail = Trail(tmp_path / "a", SMALL)
    trail.append([event(1), event(2)])
    trail.close()
    path = files(tmp_path / "a")[0]
    path.write_bytes(path.read_bytes().replace(b'"id":"2"', b'"id":"7"'))
    trail = Trail(tmp_path / "a", SMALL)
    trail.append([event(3)])
    trail.close()
    assert trail.cut == 0
    assert next(fault.number for fault in faults(lines(tmp_path / "a"))) == 2
    assert canonical({"b": 1, "a": "ü"}) == '{"a":"ü","b":1}'
    assert json.loads(path.read_bytes().split(b"\n")[0])["number"] == 1
