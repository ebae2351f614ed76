"""What a device turned out to take when it was asked, from the file that keeps it."""

from collections.abc import Mapping
from pathlib import Path

from gridward.rules.catalogue import Learned
from gridward.site import DeviceSpec
from gridward_kit.entity import Entity
from gridward_kit.integration import Integration
from gridward_kit.kept import Kept
from gridward_kit.wired import identity_from


def learned(folder: Path, known: Mapping[str, Integration]) -> Learned:
    """The rows by key of a device whose identity is kept below this folder; of another one none."""

    def rows(spec: DeviceSpec) -> Mapping[str, Entity]:
        integration = known.get(spec.integration)
        if integration is None or integration.dialect is None:
            return {}
        try:
            identity = identity_from(Kept(folder / "state" / f"{spec.id}.json").section("identity"))
            found = () if identity is None else integration.dialect(identity, spec.options).entities
        except (OSError, ValueError, LookupError):
            return {}  # what is kept cannot be read: the device is asked anew, and refuses by itself
        return {row.key: row for row in found}

    return rows
