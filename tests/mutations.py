"""Named mutations: each breaks one thing in the code, and the property test that guards it must turn red.

`MUTATIONS`: name -> (dotted target, what makes the replacement of the thing that stands there).
"""

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase, settings
from promise_mutations import OF_PROMISES

from gridward.rules.inputs import Inputs, Source
from gridward.site import GridSwitchSettings

RED = settings(
    max_examples=200,
    phases=[Phase.explicit, Phase.generate],
    database=None,
    deadline=None,
    report_multiple_bugs=False,
)
OWN = "_hypothesis_internal_use_settings"  # where hypothesis keeps a test's settings

Factory = Callable[[Any], object]


def _any_side(measured: Callable[..., object]) -> Callable[..., object]:
    def mutated(inputs: Inputs, *, behind: bool) -> object:
        meter = replace(inputs.source("grid"), side="grid")
        return measured(Inputs({**inputs.sources, "grid": meter}, inputs.override), behind=behind)

    return mutated


def _no_window(look: Callable[..., object]) -> Callable[..., object]:
    def mutated(inputs: Inputs, settings: GridSwitchSettings, now: float, seen: object) -> object:
        return look(inputs, replace(settings, grid_window=0.0), now, seen)

    return mutated


def _nothing_broken(_: object) -> Callable[..., tuple[str, ...]]:
    return lambda *_: ()


def _never_rests(_: object) -> Callable[..., None]:
    return lambda *_: None


def _keeps_the_last_change(_: object) -> Callable[..., tuple[float, ...]]:
    return lambda _changes, now: (now,)


def _rests_where_it_stands(judge: Callable[..., Any]) -> Callable[..., object]:
    """Who switched often stays islanded, too."""

    def mutated(inputs: Inputs, settings: GridSwitchSettings, now: float, kept: Any, *rest: Any) -> object:  # noqa: ANN401 - a Memory
        decision = judge(inputs, settings, now, kept, *rest)
        tired = kept.position == "islanded" and len(kept.changes) >= 8
        return replace(decision, position="islanded") if tired else decision

    return mutated


def _silence_is_fine(_: object) -> Callable[[Source], float | None]:
    return lambda *_: 53.0


def _no_clip(_: object) -> Callable[..., object]:
    return lambda _, value: value


def _needs_nothing(bounded: Callable[..., object]) -> Callable[..., object]:
    return lambda output, wanted, view, *, refuge: bounded(
        replace(output, needs=None), wanted, view, refuge=refuge
    )


def _first_of_the_file(candidates: Callable[..., list[object]]) -> Callable[..., list[object]]:
    """Of those that stand strongest first, the last wins."""
    return lambda *arguments: candidates(*arguments)[::-1]


def _no_fallback(_: object) -> Callable[..., object]:
    return lambda _output, _policy, _now, kept, _before: (None, kept)


def _hasty(_: object) -> Callable[..., bool]:
    return lambda self, _now, _hold, _share: self.now is True


def _gapless(seen: Callable[..., object]) -> Callable[..., object]:
    """What was between two decisions counts as agreement, however long ago the last was."""
    return lambda before, truth, now, last, wait: seen(
        before, truth, now, before.spans[-1][1] if before.spans else last, wait
    )


def _unlimited(spend: Callable[..., object]) -> Callable[..., object]:
    return lambda output, written, value, importance, now: spend(
        replace(output, per_day=10**6, apart=0.0), written, value, importance, now
    )


def _forgetful(_: object) -> Callable[..., object]:
    return lambda _content, _now: {}


def _asks_nobody(_: object) -> Callable[..., object]:
    return lambda _rule, _sure, decision: decision("write")


def _again_and_again(close: Callable[..., object]) -> Callable[..., object]:
    """What was answered is forgotten at once."""

    def mutated(self: Any, one: Any, *rest: str) -> object:  # noqa: ANN401 - Proposals and a proposal
        step = close(self, one, *rest)
        self._closed.pop((one.rule, one.output), None)
        return step

    return mutated


def _stale_is_fresh(_: object) -> Callable[..., object]:
    """A value counts however old its device's last answer is."""

    def value(self: Any, ref: Any) -> object:  # noqa: ANN401 - View and Ref
        source = self.sources.get(ref.device)
        return None if source is None else source.values.get(ref.key)

    return value


MUTATIONS: Mapping[str, tuple[str, Factory]] = {
    "grid_without_window": ("gridward.rules.grid_presence.look", _no_window),
    "meter_behind_the_contactor_counts": ("gridward.rules.grid_presence.measured", _any_side),
    "no_lease_condition": ("gridward.rules.grid_switch.conditions", _nothing_broken),
    "rules_switch_without_end": ("gridward.rules.grid_switch.rest", _never_rests),
    "changes_are_forgotten": ("gridward.rules.pace.counted", _keeps_the_last_change),
    "often_switched_stays_islanded": ("gridward.rules.grid_switch._judge", _rests_where_it_stands),
    "lost_voltage_is_the_last": ("gridward.rules.grid_switch._volts", _silence_is_fine),
    "envelope_does_not_clip": ("gridward.rules.policy.Output.clip", _no_clip),
    "envelope_needs_nothing": ("gridward.rules.engine.bounded", _needs_nothing),
    "weakest_rule_wins": ("gridward.rules.engine._candidates", _first_of_the_file),
    "no_fallback": ("gridward.rules.engine._fallback", _no_fallback),
    "wait_is_not_waited": ("gridward.rules.held.Held.long_enough", _hasty),
    "pause_counts_as_agreement": ("gridward.rules.engine.seen", _gapless),
    "writes_without_end": ("gridward.rules.engine.spend", _unlimited),
    "writes_are_forgotten": ("gridward.rules.spending.from_json", _forgetful),
    "level_3_acts": ("gridward.rules.engine._ask", _asks_nobody),
    "answered_comes_again": ("gridward.rules.proposals.Proposals._close", _again_and_again),
    "stale_is_fresh": ("gridward.rules.view.View.value", _stale_is_fresh),
    **OF_PROMISES,
}


def standing(target: str) -> tuple[object, str]:
    """Where a mutation's target stands: its module or class, and its name there."""
    owner, _, attribute = target.rpartition(".")
    try:
        return importlib.import_module(owner), attribute
    except ModuleNotFoundError:
        module, _, inside = owner.rpartition(".")
        return getattr(importlib.import_module(module), inside), attribute


@contextmanager
def broken(name: str) -> Iterator[None]:
    """The code with this one thing broken."""
    target, factory = MUTATIONS[name]
    place, attribute = standing(target)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, attribute, factory(getattr(place, attribute)))
        yield


def red(test: Callable[[], None]) -> None:
    """A property test has to fail; it neither shrinks nor is kept for later."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(test, OWN, RED)
        with pytest.raises(AssertionError):
            test()
