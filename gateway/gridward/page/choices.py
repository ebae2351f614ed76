"""The controls: what each choice is called, what it does, and which ask once before they go out. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gridward.page.figures import span
from gridward.site import GridSwitchSettings, Site
from gridward_kit.point import Value

HOUR, USUAL = "60 minutes", GridSwitchSettings("", "").override
RULES, RELAY = "rules", "relay"
GENERATOR = "feed_house"
FEEDS = (
    "The generator is put on the house now. That the grid is off is only what the contactor's own contact "
    "says, and whether the grid is there may not be known: be sure of both, and of the interlock in hardware."
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One option: the word on it, what it does in a sentence, and the question that it asks first."""

    word: str
    does: str
    asks: str | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """A segmented choice. `role` names the site's role, or is the id of a device of the gateway."""

    role: str
    key: str
    title: str
    about: str
    choices: Mapping[str, Choice] = field(default_factory=dict)

    def choice(self, option: Value) -> Choice:
        """How an option is shown; one that this page does not know is shown as the device names it."""
        name = str(option)
        return self.choices.get(name, Choice(name.replace("_", " "), ""))


def timed(text: str, site: Site) -> str:
    """A sentence of the controls with the time in it that a wish about the grid lasts on this site."""
    settings = site.rules.grid_switch
    return (
        text
        if settings is None or settings.override == USUAL
        else text.replace(HOUR, span(settings.override))
    )


def question(kind: str | None, key: str, option: Value) -> str | None:
    """What switching power asks first, wherever on the page it is pressed; None where nothing is asked."""
    if (kind, key) == (RELAY, GENERATOR):
        return FEEDS if option is True else None
    for control in CONTROLS:
        if (control.role, control.key) == (kind, key):
            return control.choice(option).asks
    return None


CONTROLS: tuple[Control, ...] = (
    Control(
        RULES,
        "grid_override",
        "Grid",
        "Who decides whether the public grid is connected. A wish of yours ends after 60 minutes.",
        {
            "auto": Choice("Auto", "The rules decide."),
            "connected": Choice(
                "Connected",
                "The contactor closes and the inverter has the grid.",
                "The contactor closes and the inverter may draw from the grid, for 60 minutes.",
            ),
            "islanded": Choice(
                "Islanded",
                "The contactor opens while battery, inverter and BMS allow it.",
                "The contactor opens. The house lives from sun and battery for 60 minutes, or until a limit "
                "of the battery connects the grid again.",
            ),
        },
    ),
    Control(
        RULES,
        "mode",
        "Rules",
        "Whether the rules may act.",
        {
            "off": Choice("Off", "The rules do nothing. The grid is connected unless you say otherwise."),
            "observe": Choice("Observe", "The rules say what they would do, and switch nothing."),
            "on": Choice(
                "On",
                "The rules act: on the contactor, where there is one, and on devices.",
                "From now on the rules open and close the grid's contactor by themselves.",
            ),
        },
    ),
    Control(
        "inverter",
        "output_source_priority",
        "Output source",
        "What the house lives from first.",
        {
            "USB": Choice(
                "USB",
                "Utility, then sun, then battery.",
                "The inverter feeds the house from the grid whenever it is there.",
            ),
            "SUB": Choice(
                "SUB",
                "Sun, then utility, then battery.",
                "The inverter feeds the house from the sun, and from the grid for the rest.",
            ),
            "SBU": Choice(
                "SBU",
                "Sun, then battery, then utility.",
                "The inverter feeds the house from sun and battery, from the grid when the battery is low.",
            ),
        },
    ),
    Control(
        "inverter",
        "charger_source_priority",
        "Charger",
        "What charges the battery.",
        {
            "utility_first": Choice("Utility first", "The grid charges first, the sun when it is gone."),
            "solar_first": Choice("Solar first", "The sun charges first, the grid when there is no sun."),
            "solar_and_utility": Choice("Solar and utility", "Sun and grid charge together."),
            "only_solar": Choice("Only solar", "The grid never charges the battery."),
        },
    ),
)
