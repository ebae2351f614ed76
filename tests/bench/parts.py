"""The parts of the bench: what each measures, for how long, and where it stands."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """`seconds` on two quiet cores; `steps` as `module:function`, each handed a share of the usual counts."""

    what: str
    seconds: float
    steps: tuple[str, ...]


PARTS = {
    "peers": Part("others' programs, installed beside ours", 25, ("peers:installed",)),
    "wire": Part("each integration against its line", 200, ("wire:wires",)),
    "pairs": Part("1 to 90 meters on one pair", 340, ("modbus_lines:crowds",)),
    "mqtt": Part("publishing, beside others' clients", 40, ("publishing:publishing",)),
    "decisions": Part("what a decision costs", 15, ("decisions:decisions",)),
    "rehearsal": Part("a site's days in turned time", 25, ("decisions:rehearsals",)),
    "answers": Part("from a state to the rules' command", 75, ("answers:answers",)),
    "house": Part(
        "a whole house: memory, start, the way of a reading, a button",
        290,
        ("gateway:headless", "gateway:memories", "journey:readings", "journey:presses"),
    ),
    "demo": Part("the demo's memory", 35, ("gateway:demo",)),
    "store": Part("the recorder", 60, ("recording:recording",)),
    "databases": Part("databases that catch up", 20, ("databases:databases",)),
    "growth": Part("how cost grows", 150, ("growth:entities", "growth:devices", "growth:histories")),
}
