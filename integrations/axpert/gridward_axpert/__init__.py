"""Axpert, InfiniSolar and other Voltronic inverters on RS232 or USB: PI30, PI41, PI18 and PI17."""

from collections.abc import Coroutine
from itertools import combinations

import voluptuous as vol

from gridward_axpert.interview import identify
from gridward_axpert.models import MODELS, decode, dialect, every, simulated
from gridward_axpert.simulator import LINE
from gridward_kit.errors import NoAnswer
from gridward_kit.integration import Dialect, Example, Identity, Integration, Options

__all__ = ["INTEGRATION", "identify"]


def found(options: Options) -> Identity:
    """What `identify` finds in a simulated unit, which answers without a line to wait for."""
    unit = simulated(options)

    async def ask(request: bytes, dialect: Dialect) -> bytes:
        answer = dialect.cut(request, b"".join(unit.receive(request, 0.0)), quiet=True)
        if answer is None:
            raise NoAnswer("silence")
        return answer[0]

    return _at_once(identify(ask, {}))


def _at_once(waits_for_nothing: Coroutine[None, None, Identity]) -> Identity:
    """The result of a coroutine that never waits."""
    try:
        waits_for_nothing.send(None)
    except StopIteration as done:
        result: Identity = done.value
        return result
    raise TypeError("it waits")


ALIKE = frozenset(
    frozenset(pair)
    for pair in (
        ("QET", "QLT"),
        ("QID", "QT"),
        ("QVFW", "QVFW3"),
        ("QGMN", "QBATCD"),
        *combinations([f"QPGS{number}" for number in range(10)], 2),
        *combinations([f"QP2GS{number}" for number in range(10)], 2),
        *combinations(["ET", "EY", "EM", "ED"], 2),
        *combinations(["ED", "GPMP", "OPMP"], 2),
        *combinations(["ACCT", "ACLT", "MPPTV", "SV"], 2),
        ("GOV", "GOF"),
    )
)
EXAMPLES = {"pi41": "lv6048", "pi18": "infini-v", "pi17": "infini-10k"}

INTEGRATION = Integration(
    domain="axpert",
    name="Axpert, InfiniSolar and other Voltronic inverters",
    kind="inverter",
    poll=0.5,
    models=MODELS,
    line=LINE,
    alike=ALIKE,
    options={vol.Optional("model"): vol.In(list(MODELS))},
    entities=lambda options: every(),  # noqa: ARG005
    identify=identify,
    dialect=dialect,
    decode=decode,
    simulator=simulated,
    example=found({}),
    examples={name: Example(found({"model": model}), {"model": model}) for name, model in EXAMPLES.items()},
)
