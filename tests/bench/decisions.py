"""What a decision costs, and how it grows with the rules; what a rehearsal's step costs."""

import importlib.resources
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import Row, load

from gridward.rehearsal.sites import trial_of
from gridward.rehearsal.trial import Span, rehearse
from gridward.rules.condition import All, AnyOf, Compare, OneOf
from gridward.rules.engine import Inputs, Memory, decide
from gridward.rules.inputs import Source
from gridward.rules.policy import Policy, Rule, Wish
from gridward.rules.view import Ref, View
from gridward_kit.point import Value

INPUTS, DEVICES, OUTPUTS = 500, 10, 40
COUNTS = (12, 50, 100, 200)
DECISIONS = 300
YEAR = 365 * 1440


def ref(number: int) -> Ref:
    """One of the inputs: numbers, and each tenth a word."""
    device, key = f"device_{number % DEVICES}", f"value_{number // DEVICES}"
    return Ref(device, key, f"{device}.{key}")


def rule(number: int) -> Rule:
    """Three questions to six inputs, held for four minutes."""
    at = [ref((7 * number + 61 * part) % INPUTS) for part in range(4)]
    return Rule(
        id=f"rule_{number}",
        says="The house needs it.",
        when=All(
            (
                Compare(at[0], "above", 10.0),
                AnyOf((Compare(at[1], "at_most", 90.0), Compare(at[2], "above", at[3]))),
                OneOf(Ref("device_0", "mode", "device_0.mode"), ("line", "battery")),
            )
        ),
        then=(Wish(Ref("device_1", f"setting_{number % OUTPUTS}", "setting"), float(number)),),
        hold=240.0,
        share=0.75,
    )


def house(second: int) -> View:
    """Inputs of which some change with each second."""
    values: list[dict[str, Value]] = [{} for _ in range(DEVICES)]
    for number in range(INPUTS):
        values[number % DEVICES][f"value_{number // DEVICES}"] = float((number * 37 + second) % 100)
    values[0]["mode"] = "line"
    values[1] |= {f"setting_{number}": -1.0 for number in range(OUTPUTS)}
    sources = {
        f"device_{number}": Source(f"device_{number}", fresh=True, age=0.5, values=found)
        for number, found in enumerate(values)
    }
    return View(sources, datetime(2026, 6, 1, 12, tzinfo=UTC))


def cost(count: int) -> float:
    """Processor seconds of one decision over so many rules."""
    policy = Policy("bench", rules=tuple(rule(number) for number in range(count)))
    views = [house(second) for second in range(DECISIONS)]
    memory = Memory()
    for second, view in enumerate(views):  # until the rules have held for their time
        _, memory = decide(Inputs(view), policy, float(second), memory)
    best = float("inf")
    for turn in range(1, 4):
        began = time.process_time()
        for second, view in enumerate(views):
            _, memory = decide(Inputs(view), policy, float(turn * DECISIONS + second), memory)
        best = min(best, time.process_time() - began)
    return best / DECISIONS


def decisions(effort: float) -> list[Row]:
    """One decision, and how it grows; always the usual counts, of whatever `effort`."""
    assert effort > 0
    costs = {count: cost(count) for count in COUNTS}
    grows = ", ".join(f"{count} rules {1e6 * each:.0f} µs" for count, each in costs.items())
    return [
        Row(
            f"one decision over 100 rules and {INPUTS} inputs, once a second",
            f"{costs[100]:.2%} of a core",
            f"{grows}; {load()}",
            "under 1 %",
            costs[100] < 0.01,
        )
    ]


def rehearsals(effort: float) -> list[Row]:
    """A site-year in steps of a minute, from four weeks spread over it."""
    days = 4 * max(1, round(7 * effort))
    demo = importlib.resources.files("gridward.demo").joinpath("site.yaml").read_text("utf-8")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "site.yaml"
        file.write_text(demo.replace("rules:\n", "rules:\n  policy: axpert-lifepo4-16s\n", 1), "utf-8")
        trial = trial_of(file)
    spans = [
        Span(days=days // 4, start=datetime(2026, month, 10, tzinfo=UTC).date()) for month in (1, 4, 7, 10)
    ]
    ruled = sum(rehearse(trial, span).seconds for span in spans)
    rules = replace(trial.site.rules, policy=None, grid_switch=None)
    bare = sum(
        rehearse(replace(trial, site=replace(trial.site, rules=rules)), span).seconds for span in spans
    )
    step, plant = (seconds / (days // 4 * 4 * 1440) for seconds in (ruled, bare))
    return [
        Row(
            "rehearsal of a site-year in steps of a minute",
            f"{step * YEAR:.0f} s",
            f"processor time; a step {1e6 * step:.0f} µs, of which plant and its readings "
            f"{1e6 * plant:.0f} µs; from {days} days; {load()}",
            "under 60 s",
            step * YEAR < 60,
        )
    ]
