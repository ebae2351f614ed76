"""A site in numbers: feeds simulated devices with one story, in real time or as fast as it can."""

from gridward.plant.grid import FaultKind, GridFault, GridSettings
from gridward.plant.ledger import Ledger
from gridward.plant.scenes import Scene, scene
from gridward.plant.settings import ChargerSource, InverterSettings, Output
from gridward.plant.site import Plant, PlantSettings

__all__ = [
    "ChargerSource",
    "FaultKind",
    "GridFault",
    "GridSettings",
    "InverterSettings",
    "Ledger",
    "Output",
    "Plant",
    "PlantSettings",
    "Scene",
    "scene",
]
