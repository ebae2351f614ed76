"""A promise as a row, and the folders of the tests that show promises."""

from dataclasses import dataclass

RELAY, FAULTS, GATEWAY, KIT = "tests/integrations/relay", "tests/faults", "tests/gateway", "tests/kit"
SITE, DEPLOY = "tests/site", "tests/deploy"
CONTRACT = "tests/integrations/test_contract.py"


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise in one sentence, and how it is shown."""

    number: int
    says: str
    tests: tuple[str, ...] = ()
    mutation: str | None = None
    seen_by: tuple[str, ...] = ()
    elsewhere: tuple[tuple[str, str], ...] = ()
    unshown: tuple[str, ...] = ()
    more: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def mutations(self) -> dict[str, tuple[str, ...]]:
        """Every named mutation, with the tests that must turn red under it."""
        first = {} if self.mutation is None else {self.mutation: self.seen_by}
        return first | dict(self.more)
