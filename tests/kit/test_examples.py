"""An integration with several examples stands for each of them in turn, with that one's options."""

from datetime import datetime

import pytest

from gridward_kit.entity import Entity
from gridward_kit.integration import (
    Ask,
    Dialect,
    Example,
    Identity,
    Integration,
    Options,
    Simulator,
)
from gridward_kit.point import Value

FIRST, OTHER = Identity("M1", "brook"), Identity("M2", "brook")


class _Echo(Simulator):
    def __init__(self, options: Options) -> None:
        self.state = {"model": str(options.get("model", "m1"))}

    def receive(self, data: bytes, now: float) -> list[bytes]:
        return [data]


class _Spoken(Dialect):
    entities = ()
    queries = ()

    def __init__(self, identity: Identity, options: Options) -> None:
        self.made_for = (identity, dict(options))

    def request(self, query: str) -> bytes:
        return query.encode()

    def cut(self, request: bytes, buffer: bytes, *, quiet: bool) -> tuple[bytes, bytes] | None:
        return buffer, b""

    def payload(self, query: str, answer: bytes) -> bytes:
        return answer

    def write(self, entity: Entity, value: Value, now: datetime) -> tuple[bytes, ...]:
        return ()

    def acknowledge(self, request: bytes, answer: bytes) -> None:
        return


async def _identify(_ask: Ask, options: Options) -> Identity:
    return OTHER if options.get("model") == "m2" else FIRST


async def _silence(request: bytes, dialect: Dialect) -> bytes:  # noqa: ARG001
    return b""


BROOK = Integration(
    domain="brook",
    name="Brook",
    kind="meter",
    entities=lambda _options: (),
    identify=_identify,
    dialect=_Spoken,
    simulator=_Echo,
    example=FIRST,
    examples={"m2": Example(OTHER, {"model": "m2"})},
)


def test_each_example_has_its_own_name_identity_and_device() -> None:
    named = dict(BROOK.each())
    assert list(named) == ["brook", "brook-m2"]
    assert [item.example for item in named.values()] == [FIRST, OTHER]
    assert [item.simulator({}).state["model"] for item in named.values() if item.simulator] == ["m1", "m2"]
    assert [list(item.each())[1:] for item in (named["brook-m2"],)] == [[]]


async def test_an_examples_options_reach_identification_and_dialect() -> None:
    for item in dict(BROOK.each()).values():
        assert item.identify
        assert item.dialect
        assert await item.identify(_silence, {}) == item.example
    dialect = dict(BROOK.each())["brook-m2"].dialect
    assert dialect
    spoken = dialect(OTHER, {"address": 3})
    assert isinstance(spoken, _Spoken)
    assert spoken.made_for == (OTHER, {"model": "m2", "address": 3})


def test_examples_of_an_integration_without_a_line_are_a_mistake() -> None:
    alone = Integration(
        domain="brook", name="Brook", kind="meter", entities=lambda _: (), examples={"m2": Example(OTHER)}
    )
    with pytest.raises(TypeError, match="brook"):
        list(alone.each())
