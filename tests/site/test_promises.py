"""The table of promises tells the truth: its tests and mutations exist, and nothing is green without them."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from mutations import MUTATIONS, standing
from tools import promise as runner
from tools.promise_page import page
from tools.promises import PROMISES, Promise

TREE = Path(__file__).parents[2]
WITH_MUTATION = [one for one in PROMISES if one.mutation is not None]


def named_in(path: Path) -> Iterator[str]:
    """The test functions of a file, those too that it takes over whole from another module."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.name
        elif isinstance(node, ast.ImportFrom) and node.module and node.names[0].name == "*":
            spec = find_spec(node.module)
            assert spec is not None
            assert spec.origin is not None
            yield from named_in(Path(spec.origin))


def numbered(promise: Promise) -> str:
    return str(promise.number)


def test_there_are_forty_in_order() -> None:
    assert [one.number for one in PROMISES] == list(range(1, 41))


@pytest.mark.parametrize("promise", PROMISES, ids=numbered)
def test_every_named_test_exists(promise: Promise) -> None:
    for node in (*promise.tests, *(node for seen in promise.mutations.values() for node in seen)):
        path, _, name = node.partition("::")
        names = set(named_in(TREE / path))
        assert names, f"{path} has no test"
        assert not name or name in names, f"{node} does not exist"


@pytest.mark.parametrize("promise", PROMISES, ids=numbered)
def test_what_has_no_test_or_no_mutation_says_so(promise: Promise) -> None:
    if not promise.tests or promise.mutation is None:
        assert promise.unshown
        assert runner.open_ends(promise)
    assert (promise.mutation is None) == (promise.seen_by == ())


@pytest.mark.parametrize("promise", WITH_MUTATION, ids=numbered)
def test_every_mutation_has_something_to_break(promise: Promise) -> None:
    for name, seen_by in promise.mutations.items():
        assert name in MUTATIONS
        assert seen_by
        place, attribute = standing(MUTATIONS[name][0])
        assert hasattr(place, attribute)


def test_a_promise_without_tests_is_77_and_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    bare = Promise(1, "All is well.", elsewhere=(("the plug", "pull it"),), unshown=("all of it",))
    assert runner.one(bare, mutate=False, keeping=False) == runner.NOT_RUN
    said = capsys.readouterr().out
    assert "not run: the plug. How: pull it" in said
    assert "not shown: all of it" in said
    assert runner.one(bare, mutate=True, keeping=False) == runner.NOT_RUN


def asked(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TREE / "tools" / "promise.py"), *words]
    return subprocess.run(command, cwd=TREE, capture_output=True, text=True, check=False)


def test_one_is_run_alone_and_turned_red() -> None:
    green = asked("40")
    assert green.returncode == runner.GREEN, green.stdout
    assert "green: 1 tests passed" in green.stdout
    red = asked("40", "--mutate")
    assert red.returncode == runner.GREEN, red.stdout
    assert "red, as it must be, with nobody_answers" in red.stdout


def test_a_mutation_that_no_test_sees_is_a_failure(capfd: pytest.CaptureFixture[str]) -> None:
    code = (
        "import sys; from tools import promise; from dataclasses import replace\n"
        "blind = replace(promise.PROMISES[39], mutation='button_floods')\n"
        "raise SystemExit(promise.one(blind, mutate=True, keeping=False))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=TREE, check=False).returncode == runner.RED
    assert "button_floods is not seen: 1 passed" in capfd.readouterr().out


def test_which_one_must_be_said() -> None:
    assert asked().returncode == 2
    assert asked("41").returncode == 2


def test_the_page_is_current() -> None:
    assert (TREE / "PROMISES.md").read_text() == page(PROMISES, runner.kept()), "make promises writes it"


def test_the_page_says_what_is_missing() -> None:
    unrun = page([replace(PROMISES[16])], {})
    assert "none kept" in unrun
    assert "`a_reading_slips`, `all_are_floats`, not run yet" in unrun
    unseen: dict[str, object] = {"on": "2026-11-21", "name": "a_reading_slips, all_are_floats", "seen": False}
    assert "NOT SEEN" in page([PROMISES[16]], {"17": {"mutated": unseen}})
    red: dict[str, object] = {
        "on": "2026-11-21",
        "status": "red",
        "passed": 0,
        "seconds": 1,
        "failed": ["a::b"],
    }
    told = page([PROMISES[16]], {"17": {"run": red}})
    assert "- **Red**: `a::b`" in told
    assert "| red | 1 | [17](#17) |" in told


@pytest.mark.soak
@pytest.mark.parametrize("promise", WITH_MUTATION, ids=numbered)
def test_its_mutation_turns_it_red(promise: Promise) -> None:
    done = asked(str(promise.number), "--mutate")
    assert done.returncode == runner.GREEN, done.stdout
