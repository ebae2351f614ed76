"""A first site file, from what answers on this computer's ports."""

from collections.abc import Callable, Sequence
from pathlib import Path

from gridward.service import templates
from gridward_kit.clock import Clock
from gridward_kit.scan import Finding, Step, found_ports, scan_port, site_lines

ROLES = {"inverter": ("pv", "load"), "battery": ("battery",)}
ZONE = Path("/etc/timezone")


async def found(clock: Clock, tell: Callable[[str], None]) -> tuple[list[Finding], list[str]]:
    """What answers on the ports that are there, by harmless reads; and what went wrong, in words.

    `tell` hears what is tried, not each address of it: a port where nothing answers takes minutes.
    """
    findings: list[Finding] = []
    troubles: list[str] = []
    told = ""
    for url in found_ports():
        async for step in scan_port(url, clock):
            if isinstance(step, Step):
                tried = step.words.partition(", address ")[0]
                if tried != told:
                    tell(tried)
                told = tried
            elif isinstance(step, Finding):
                findings.append(step)
            else:
                troubles.append(step.words)
    return findings, troubles


def site_text(findings: Sequence[Finding], zone: str) -> str:
    """A whole site file for these devices, read-only and with rules that only watch."""
    buses = f"buses:\n{site_lines(findings)}" if findings else "buses: []"
    return templates.filled("systemd/site.yaml", buses=buses, roles=", ".join(_roles(findings)), zone=zone)


def time_zone() -> str:
    """This computer's time zone; UTC where it does not say."""
    return ZONE.read_text("utf-8").strip() if ZONE.is_file() else "UTC"


def _roles(findings: Sequence[Finding]) -> list[str]:
    """The first device of each kind has the kind's roles."""
    told: dict[str, str] = {}
    for one in findings:
        name = one.integration.domain if one.address is None else f"{one.integration.domain}_{one.address}"
        for role in ROLES.get(one.integration.kind, ()):
            told.setdefault(role, name)
    return [f"{role}: {name}" for role, name in told.items()]
