"""A simulated meter that stays on DL/T 645-2007: bytes in, bytes out. Pure."""

from gridward_chint import dlt645
from gridward_chint.dlt645_items import identifier_of
from gridward_chint.rows_645 import ONE, rows
from gridward_chint.simulator import ONE as STATE_ONE
from gridward_chint.simulator import THREE as STATE_THREE
from gridward_kit.integration import Options, Simulator
from gridward_kit.point import Point, Value

SERIAL = "200322016690"
QUIET = 0.5
NO_SUCH_VALUE, OTHER = b"\x02", b"\x01"


class Meter645(Simulator):
    """One meter by its twelve digits. It answers what its state holds, and says no to the rest."""

    def __init__(self, model: str, serial: str = SERIAL) -> None:
        self.address = dlt645.wire_address(serial)
        usual: dict[str, Value] = dict(STATE_ONE if model == ONE else STATE_THREE)
        usual |= {"combined_energy": usual["total_energy"], "serial_number": serial}
        found = [row for row in rows(model) if isinstance(row.at, Point) and row.at.query]
        self.places = {int(row.at.query, 16): (row.key, row.at) for row in found if row.at is not None}
        self.state = {row.key: usual[row.key] for row in found if row.key in usual}
        self._incoming = b""
        self._heard = 0.0

    def receive(self, data: bytes, now: float) -> list[bytes]:
        if now - self._heard > QUIET:
            self._incoming = b""
        self._heard = now
        self._incoming += data
        answers: list[bytes] = []
        for request, end in list(dlt645.found(self._incoming)):
            self._incoming = self._incoming[end:]
            if not request.control & dlt645.ANSWER and dlt645.meant(request.address, self.address):
                answers += self._answer(request)
        return answers

    def _answer(self, request: dlt645.Frame) -> list[bytes]:
        done = request.control | dlt645.ANSWER
        if request.control == dlt645.READ_ADDRESS:
            return [dlt645.Frame(self.address, done, self.address).sent()]
        if request.control != dlt645.READ:
            return [dlt645.Frame(self.address, done | dlt645.ERROR, OTHER).sent()]
        identifier = identifier_of(request)
        key, at = self.places.get(identifier, ("", None))
        if f"{identifier:08x}" in self.muted:
            return []
        if at is None or key not in self.state or f"{identifier:08x}" in self.refused:
            return [dlt645.Frame(self.address, done | dlt645.ERROR, NO_SUCH_VALUE).sent()]
        cell = at.encode(self.state[key], b"")
        return [dlt645.Frame(self.address, done, request.data[:4] + cell).sent()]


def simulator(options: Options) -> Meter645:
    """A meter by the site file's `model` and `serial`."""
    return Meter645(str(options.get("model", ONE)), str(options.get("serial", SERIAL)))
