"""What panels are made of: values with their looks, sizes, panels without a place, rows of them."""

from dataclasses import dataclass, field

from gridward_dashboards.look import Looks
from gridward_kit.kept import Json

Body = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Value:
    """A value that a panel shows: its field in the database, its name, its looks."""

    key: str
    name: str
    looks: Looks = field(default_factory=Looks)
    right: bool = False
    below: bool = False

    @property
    def column(self) -> tuple[str, str]:
        return self.key, self.name


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel without its place; the title names it and makes its id."""

    title: str
    body: Body
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Row:
    """A heading with its panels below; `collapsed` ones open at a click."""

    title: str
    panels: tuple[Panel, ...]
    collapsed: bool = False


@dataclass(frozen=True, slots=True)
class Size:
    """Of 24 columns, and in rows of 30 pixels."""

    width: int = 12
    height: int = 8


SMALL, HALF, WHOLE = Size(4, 4), Size(12, 8), Size(24, 8)
