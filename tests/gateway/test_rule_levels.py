"""The site file says how far rules go by themselves, for a policy or for a single rule."""

from pathlib import Path

import pytest
from gateway.ruled_site import SITE
from typer.testing import CliRunner

from gridward.cli import app
from gridward.config import load
from gridward.document import SiteFault
from gridward.rules.policy import Policy

OWN = """\
version: 1
policy: my own
rules:
  - id: guard
    says: A.
    when: {battery.voltage: {below: 50}}
    then: {inverter.output_source_priority: USB}
    criticality: safety
  - {id: spare, says: B., when: {battery.voltage: {above: 52}}, then: {inverter.output_source_priority: SBU}}
  - {id: charge, says: C., when: {battery.soc: {below: 20}}, then: {inverter.max_charging_current: 20}}
  - {id: told, says: D., when: {battery.soc: {below: 10}}, criticality: informational}
"""


def policy(folder: Path, *lines: str, named: str = "policy: own.yaml") -> Policy:
    (folder / "own.yaml").write_text(OWN)
    (folder / "site.yaml").write_text(
        "\n".join([SITE.rstrip(), f"  {named}", *(f"  {line}" for line in lines), ""])
    )
    found = load(folder / "site.yaml").rules.policy
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("lines", "levels"),
    [
        ((), (2, 2, 2, 2)),
        (("level: 3",), (2, 3, 3, 2)),
        (("levels: {own.yaml: 3}",), (2, 3, 3, 2)),
        (("levels: {charge: 3}",), (2, 2, 3, 2)),
        (("level: 3", "levels: {charge: 1, guard: 3}"), (3, 3, 1, 2)),
        (("level: 1", "levels: {own.yaml: 3, spare: 2}"), (2, 2, 3, 2)),
    ],
)
def test_the_nearest_word_counts_and_safety_only_by_its_id(
    tmp_path: Path, lines: tuple[str, ...], levels: tuple[int, ...]
) -> None:
    found = policy(tmp_path, *lines)
    assert tuple(rule.level for rule in found.rules) == levels
    assert (found.digest == policy(tmp_path).digest) == (not lines), "what is said anew is taken up anew"


def test_show_says_it(tmp_path: Path) -> None:
    policy(tmp_path, "levels: {charge: 3}")
    shown = CliRunner().invoke(app, ["rules", "show", str(tmp_path / "site.yaml")]).output
    _, _, charge = shown.partition("- id: charge")
    assert "level: '3: proposes, a person approves'" in charge.partition("- id:")[0]
    assert shown.count("2: acts") == 3


@pytest.mark.parametrize(
    ("lines", "line", "words"),
    [
        (("level: 4",), 15, "found `4`; expected a whole number from 1 to 3"),
        (
            ("levels: {chrge: 3}",),
            15,
            "found `chrge`; expected a policy's name or a rule's id (nearest: `charge`)",
        ),
        (("levels:", "  spare: 2", "  charge: yes"), 17, "a whole number from 1 to 3"),
        (("levels: 3",), 15, "a mapping"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, lines: tuple[str, ...], line: int, words: str
) -> None:
    with pytest.raises(SiteFault) as error:
        policy(tmp_path, *lines)
    (fault,) = error.value.faults
    assert str(fault).startswith(f"{tmp_path / 'site.yaml'}:{line}: ")
    assert words in str(fault)


def test_one_policy_of_several(tmp_path: Path) -> None:
    found = policy(tmp_path, "levels: {peak-shaving: 3}", named="policies: [own.yaml, peak-shaving]")
    own = {rule.id: rule.level for rule in found.rules if rule.place.startswith(str(tmp_path))}
    theirs = [rule for rule in found.rules if rule.id not in own and rule.then]
    others = {rule.level for rule in theirs if rule.criticality != "safety"}
    assert set(own.values()) == {2}
    assert others == {3}
