"""What a captured answer of a DL/T 645 meter says. Pure."""

from gridward_chint import dlt645
from gridward_chint.rows_645 import ONE, THREE, rows
from gridward_kit.entity import readings
from gridward_kit.errors import BadFrame
from gridward_kit.point import Value


def decode(model: str | None, request: str, reply: bytes) -> dict[str, Value]:
    """The values of one answer by key, as those of a single-phase meter where no model is said."""
    if model not in (None, ONE, THREE):
        raise ValueError(f"no model {model!r}; there are {ONE}, {THREE}")
    try:
        asked = dlt645.parse(bytes.fromhex(request))
    except ValueError:
        raise BadFrame(f"the request is not hex: {request[:40]!r}") from None
    found = dlt645.cut(asked.sent(), reply, quiet=True)
    if found is None:
        raise BadFrame("an empty answer")
    answer = dlt645.accepted(found[0])
    if asked.control == dlt645.READ_ADDRESS:
        return {"serial_number": dlt645.serial_of(answer.data or answer.address)}
    old = asked.width == 2
    for one in (ONE, THREE) if model is None else (model,):
        query = f"{int.from_bytes(asked.data[: asked.width], 'little'):08x}"
        got = readings(rows(one, old=old), query, dlt645.joined([answer])).values
        if got:
            return got
    return {}
