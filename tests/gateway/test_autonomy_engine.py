"""What the autonomy framework asks of the engine and has no other test: envelope, codes, isolation."""

import ast
import importlib.util
import inspect
import json
import math
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from types import ModuleType

import coverage
import pytest
from gateway import rule_house
from gateway.engine_house import ALWAYS, AMPERES, FULL, SOC, SOURCE, USB, house, policy, rule, writes
from gateway.ruled_site import read
from gateway.test_rule_file import RULE

import gridward.rehearsal.trial
import gridward.rules.story
from gridward.rules import envelope, spending
from gridward.rules.condition import Compare, Condition, Truth
from gridward.rules.inputs import Source
from gridward.rules.policy import Output
from gridward.rules.view import Ref, View

NETWORK = ("gridward_kit.mqtt", "gridward.live", "gridward.commands", "socket", "asyncio", "aiomqtt", "http")


@dataclass(frozen=True, slots=True)
class Broken(Condition):
    """An optimisation that has a fault."""

    def truth(self, view: View) -> Truth:
        raise ZeroDivisionError("division by zero")

    def words(self, view: View) -> str:
        return ""

    def asked(self) -> str:
        return "nothing"

    def refs(self) -> Iterator[Ref]:
        return iter(())


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[rule_house.House]:
    made = rule_house.House(tmp_path)
    yield made
    await made.stop()


def test_a_capability_is_one_of_a_closed_list(tmp_path: Path) -> None:
    _, faults = read(RULE + "    capability: steering.everything\n", tmp_path)
    assert [fault for fault in faults if "steering.dispatch" in str(fault)]
    _, faults = read(RULE + "    criticality: informational\n", tmp_path)
    assert [fault for fault in faults if "informational rules set nothing" in str(fault)]


async def test_an_override_takes_effect_within_a_second(site: rule_house.House) -> None:
    site.start("on")
    await site.live(65)
    assert site.said("decision") == "islanded"
    began = site.clock.monotonic()
    assert await site.ask("grid_override", "connected") == "confirmed"
    assert site.said("decision") == "connected"
    await site.ask("inverter_source_override", "SUB")
    await site.clock.turn(1.0)
    assert [command["value"] for command in site.commands] == ["SUB"]
    assert site.clock.monotonic() - began <= 1.0


def test_what_is_denied_has_a_code_and_a_reason() -> None:
    outputs = (Output(SOURCE, needs=Compare(SOC, "above", 60.0)), Output(AMPERES, per_day=1, apart=1.0))
    always = rule("always", ALWAYS, {SOURCE: "USB", AMPERES: 10.0}, "optimisation")
    one = house(policy(always, outputs=outputs))
    one.obeys = False
    one.step()
    found = {decision.output: decision for decision in one.step()}
    assert (found[SOURCE].code, found[AMPERES].code) == ("envelope", "spent")
    assert found[SOURCE].reason.endswith("Outside the envelope: battery.soc 50 % above 60.")
    assert found[AMPERES].reason.endswith("1 writes in 24 h are the most.")
    one.overrides[SOURCE] = "stop"
    assert {decision.code for decision in one.step()} == {"stopped", "spent"}


def test_the_envelope_comes_after_arbitration_on_what_is_fresh_now() -> None:
    low = rule("low", ALWAYS, {AMPERES: 10.0}, "optimisation")
    high = rule("high", ALWAYS, {AMPERES: 90.0}, "safety")
    needs = Compare(SOC, "above", 20.0)
    one = house(policy(low, high, outputs=(Output(AMPERES, most=60.0, needs=needs),)))
    one.has({SOC: None})
    assert not writes(one, 300)
    one.has({SOC: 50.0})
    (write,) = writes(one, 5)
    assert (write.value, write.rule, write.suppressed) == (60.0, "high", ("low",))
    assert "kept inside the envelope at 60" in write.reason


@pytest.mark.parametrize("wish", [float("nan"), float("inf"), float("-inf")])
def test_what_cannot_be_clipped_is_refused(wish: float) -> None:
    one = house(policy(rule("mad", ALWAYS, {AMPERES: wish}), outputs=(Output(AMPERES, 2.0, 40.0),)))
    assert not writes(one, 300)
    assert one.step()[0].code == "envelope"


def _anew(module: ModuleType) -> ModuleType:
    """The module loaded once more, so that all of it is seen to run."""
    assert module.__spec__ is not None
    assert module.__spec__.origin is not None
    spec = importlib.util.spec_from_file_location(f"{module.__name__}_anew", module.__spec__.origin)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made
    spec.loader.exec_module(made)
    return made


def _envelope_cases(tested: ModuleType) -> None:
    """Every kind of value with and without needs that hold, fail or are not known, as wish and as refuge."""
    needs = Compare(SOC, "above", 20.0)
    for soc, wanted, refuge, needed in product(
        (None, 10.0, 50.0), (True, "SUB", 7.0, 99.0, -99.0, float("nan")), (False, True), (None, needs)
    ):
        values = {} if soc is None else {SOC.key: soc}
        view = View({SOC.device: Source("bms", fresh=True, values=values)})
        found = tested.bounded(Output(AMPERES, 2.0, 40.0, needed), wanted, view, refuge=refuge)
        held = refuge or needed is None or soc == 50.0
        finite = not isinstance(wanted, float) or math.isfinite(wanted)
        assert (found.value is not None) == (held and finite)
        if isinstance(found.value, float):
            assert 2.0 <= found.value <= 40.0
        assert bool(found.why) == (found.value is None or found.value != wanted)


def _spending_cases(tested: ModuleType) -> None:
    """Each importance, at each number of writes and tries, near and far from the last."""
    output = Output(AMPERES, per_day=3, apart=60.0)
    for importance, count, since, same in product(
        ("forced", "safety", "optimisation"), (0, 1, 3, 8), (1.0, 61.0, 4000.0, 90000.0), (False, True)
    ):
        times = tuple(1e6 - since - place for place in range(count))[::-1]
        tries = tested.Tries(10.0 if same else 20.0, 1, 1e6 - since) if count else None
        found = tested.spend(output, tested.Written(times, tries, tries), 10.0, importance, 1e6)
        recent = count if since < tested.DAY else 0
        if found.code == "write":
            assert importance == "forced" or recent < output.per_day + tested.EXTRA
            assert len(found.written.times) == recent + 1
        else:
            assert found.why
            assert importance != "forced" or since < 60.0
    left = tested.confirmed(tested.Written((), tested.Tries(1.0, 1, 0.0), tested.Tries(2.0, 1, 0.0)), 1.0)
    assert (left.safety, left.others.value) == (None, 2.0)
    broken: tuple[object, ...] = (
        None,
        [],
        {"a/b": 3},
        {"a/b": ["x", True, -1.0, 1e9]},
        {"a": [1.0]},
        {"a/b": [1.0, 5]},
    )
    for content in broken:
        found = tested.from_json(json.loads(json.dumps(content)), 1e6)
        assert all(0 <= 1e6 - at < tested.DAY for times in found.values() for at in times)
    again = tested.from_json(tested.to_json({AMPERES: (1e6 - 5.0, 1e6 - 90000.0)}, 1e6), 1e6)
    assert again == {AMPERES: (1e6 - 5.0,)}


def test_nearly_every_branch_of_the_envelope_is_tested(tmp_path: Path) -> None:
    files = [str(inspect.getsourcefile(module)) for module in (envelope, spending)]
    seen = coverage.Coverage(data_file=None, branch=True, include=files, config_file=False)
    seen.start()
    try:
        _envelope_cases(_anew(envelope))
        _spending_cases(_anew(spending))
    finally:
        seen.stop()
    report = tmp_path / "coverage.json"
    seen.json_report(outfile=str(report))
    totals = json.loads(report.read_text())["totals"]
    assert totals["num_branches"] >= 16
    assert totals["covered_branches"] / totals["num_branches"] > 0.95


@pytest.mark.parametrize("module", [envelope, spending])
def test_the_envelope_has_no_network(module: ModuleType) -> None:
    assert [name for name in _imports(module) if name.startswith(NETWORK)] == []


@pytest.mark.parametrize("module", [gridward.rules.story, gridward.rehearsal.trial])
def test_a_rehearsal_reaches_no_real_output(module: ModuleType) -> None:
    found = _imports(module)
    assert [name for name in found if name.startswith(NETWORK)] == []
    assert "gridward.rules.engine" in found, "the same engine as in a house"


def _imports(module: ModuleType) -> list[str]:
    tree = ast.parse(inspect.getsource(module))
    plain = [name.name for one in ast.walk(tree) if isinstance(one, ast.Import) for name in one.names]
    return plain + [str(one.module) for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)]


@pytest.mark.parametrize("left", ["nothing", "broken", "unread"])
def test_safety_and_business_go_on_without_the_optimisation(left: str) -> None:
    business = rule("shed", Compare(SOC, "below", 30.0), {AMPERES: 10.0}, "business")
    unread = Compare(Ref("plan", "charge_now", "plan.charge_now"), "above", 0.0)
    when = {"nothing": FULL, "broken": Broken(), "unread": unread}[left]
    optimisation = rule("price", when, {SOURCE: "SBU", AMPERES: 60.0}, "optimisation")
    rules = (USB, business) if left == "nothing" else (optimisation, USB, business)
    one = house(policy(*rules), voltage=50.4, soc=20.0)
    assert {(write.output, write.value, write.rule) for write in writes(one, 260)} == {
        (SOURCE, "USB", "usb"),
        (AMPERES, 10.0, "shed"),
    }


async def test_a_rule_that_breaks_is_told_once_and_the_others_go_on(site: rule_house.House) -> None:
    bad = replace(rule_house.MORE, id="bad", level=2, when=Broken())
    site.start("on", replace(rule_house.POLICY, rules=(bad, rule_house.USB)))
    site.states["bms"]["voltage"] = 50.4
    await site.live(90)
    assert [command["value"] for command in site.commands][:1] == ["USB"]
    (event,) = site.events("rules/bad")
    assert (event["status"], event["reason"]) == ("broken", "ZeroDivisionError: division by zero")
