"""The section `emergency:` of the site file."""

from gridward import values
from gridward.document import Plain
from gridward.emergency.spec import Breaker, EmergencySpec, Phone
from gridward.section import Section


def telephone(value: Plain) -> str:
    """A telephone number; without quotes YAML takes it for a count, and its zeros are lost."""
    if not isinstance(value, str):
        raise values.Wrong('the number in quotes, as in "112"')
    return values.text(value)


def notes(value: Plain) -> tuple[str, ...]:
    """A list of lines."""
    if not isinstance(value, list):
        raise values.Wrong("a list of sentences")
    return tuple(values.text(one) for one in value)


def emergency_of(section: Section | None) -> EmergencySpec:
    """What the owner says; faults go to the section's list."""
    if section is None:
        return EmergencySpec()
    nothing: tuple[str, ...] = ()
    spec = EmergencySpec(
        tuple(_breaker(part) for part in section.parts("breakers")),
        tuple(_phone(part) for part in section.parts("phones")),
        section.take("notes", notes, nothing),
    )
    section.close()
    return spec


def _breaker(part: Section) -> Breaker:
    made = Breaker(
        part.need("name", values.text, "", "what is written on it"),
        part.need("cuts", values.text, "", "what it cuts off"),
        part.take("where", values.text, ""),
    )
    part.close()
    return made


def _phone(part: Section) -> Phone:
    made = Phone(
        part.need("name", values.text, "", "who answers"),
        part.need("number", telephone, "", "the number, in quotes"),
    )
    part.close()
    return made
