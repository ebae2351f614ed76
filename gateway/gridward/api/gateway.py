"""What the API and the page stand on, handed to both as one."""

from dataclasses import dataclass

from gridward.api.access import Role, lacking
from gridward.api.attempts import Attempts
from gridward.api.desk import Desk
from gridward.api.past import Past
from gridward.api.tokens import Session, Tokens
from gridward.commands import Commands
from gridward.live import Live, LiveDevice
from gridward.site import Site
from gridward_kit.clock import Clock
from gridward_kit.point import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The site, what it says now and said before, and the way to ask it for something."""

    site: Site
    live: Live
    commands: Commands
    past: Past
    clock: Clock
    tokens: Tokens
    attempts: Attempts
    pace: Attempts
    desk: Desk

    def fresh(self, device: str | None, key: str) -> Value | None:
        """What is so now; None where the device or the value is absent or old."""
        return None if device is None else self.live.fresh(device, key, self.clock.monotonic())

    def number(self, device: str | None, key: str) -> float | None:
        """As `fresh`, where the value is a number."""
        value = self.fresh(device, key)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def text(self, device: str | None, key: str) -> str | None:
        """As `fresh`, where the value is a text."""
        value = self.fresh(device, key)
        return value if isinstance(value, str) else None

    def device(self, role: str) -> LiveDevice | None:
        """The device that has a role, or has this id; None while the broker does not know it.

        `inverter` is the first device of that kind that has a role.
        """
        if role == "inverter":
            named = (self.live.devices.get(name) for name in self.site.roles.values())
            return next((item for item in named if item is not None and item.kind == role), None)
        return self.live.devices.get(self.site.roles.get(role, role))

    def welcome(self, caller: "Caller") -> bool:
        """Whether a caller who came in before may still act: session and token may have ended since."""
        if caller.session is None:
            return caller.mark == self.tokens.mark(caller.role)
        return self.tokens.session(caller.session.cookie, self.clock.time()) is not None

    def acts(self, caller: "Caller") -> bool:
        """Whether a caller who came in before may still change something."""
        return caller.role >= Role.OPERATOR and self.welcome(caller)

    def refusal(self, caller: "Caller", device: str, key: str) -> str | None:
        """Why this caller may not set this entity, in words; None for one who may."""
        known = self.live.devices.get(device)
        expert = known is not None and bool(known.entities.get(key, {}).get("expert"))
        wanted = Role.ADMIN if expert else Role.OPERATOR
        return lacking(caller.role, wanted) if caller.role < wanted else None

    def too_fast(self, caller: "Caller") -> float:
        """Count a command; seconds to wait if it was one too many, else 0."""
        now = self.clock.monotonic()
        wait = self.pace.wait(caller.address, now)
        if wait <= 0:
            self.pace.count(caller.address, now)
        return wait

    def cookie(self) -> str:
        """The name of this site's session cookie: browsers keep one jar for all ports of a host."""
        return f"gridward_{self.site.id}"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is behind a request: from where, the session if it came by cookie, else its token's mark, and what
    it may do."""

    address: str
    session: Session | None
    role: Role
    mark: str = ""

    @property
    def by(self) -> str:
        """How commands and the audit name this caller."""
        return f"{'http' if self.session is None else 'page'}:{self.address}"
