"""What is put on trial: a site file, or the same site with another rule file. Raises SiteFault."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from gridward.config import load
from gridward.document import Fault, Reader, SiteFault
from gridward.planning.request import request
from gridward.planning.slots import Impossible
from gridward.policies.rulefile import path_of, read_policy, shipped
from gridward.policies.siterules import catalogue_of
from gridward.rehearsal.trial import Trial
from gridward.rules.policy import Policy
from gridward.site import Site
from gridward_kit.integration import integrations


def trial_of(path: Path) -> Trial:
    """The site file's own trial."""
    return Trial(path.stem, load(path))


def beside(given: str, home: Trial) -> Trial:
    """What it is compared with: a shipped policy by its name, a rule file, or another site file."""
    if given in shipped():
        return Trial(given, with_policy(home.site, policy_of(home.site, path_of(given, Path()))))
    file = Path(given)
    root = Reader(file.parent).read(file)
    if root is not None and isinstance(root.content, dict) and "policy" in root.content:
        policy = policy_of(home.site, file)
        return Trial(policy.name, with_policy(home.site, policy))
    return Trial(file.stem if file.stem != home.title else str(file), load(file))


def policy_of(site: Site, file: Path) -> Policy:
    """The rules of a file, for the devices of a site."""
    faults: list[Fault] = []
    catalogue = catalogue_of(site.all_devices(), site.roles, integrations(), site.loads)
    policy = read_policy(file, catalogue, faults)
    if faults:
        raise SiteFault(tuple(faults))
    return policy


def scheduled(trial: Trial, file: Path, begin: float) -> Trial:
    """The same with the slots of a file, written as a request to the schedule is; one without a start starts
    where the rehearsal does."""
    try:
        slots = sorted(request(file.read_text("utf-8"), trial.site.time_zone, begin).slots)
        if any(after.start < before.end for before, after in pairwise(slots)):
            raise Impossible("two slots overlap")
    except (Impossible, OSError, UnicodeDecodeError) as error:
        raise SiteFault(
            (Fault(file, 1, str(error), 'a schedule as {"slots": [{start, end, power}]}'),)
        ) from None
    return replace(trial, slots=tuple(slots))


def with_policy(site: Site, policy: Policy) -> Site:
    """The same site with other rules."""
    return replace(site, rules=replace(site.rules, policy=policy))
