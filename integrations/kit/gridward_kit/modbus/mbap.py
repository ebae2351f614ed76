"""Modbus TCP: RTU frames go in and come out, on the wire they travel in MBAP headers.

Header: transaction, protocol 0, length, unit (Modbus Messaging on TCP/IP V1.0b, 3.1.3).
"""

import os
import socket
import struct
from urllib.parse import urlsplit

from gridward_kit.modbus.frame import sealed

PORT = 502
PATIENCE = 3.0
HEADER = 6
LONGEST = 260


class ModbusTcp:
    """A connection to a device or gateway. Answers to other requests than the last are dropped."""

    def __init__(self, url: str) -> None:
        """Connects; raises OSError, ValueError for an address that is none."""
        parts = urlsplit(url)
        if parts.scheme != "tcp" or not parts.hostname:
            raise ValueError(f"{url!r} is not tcp://host:port")
        self._socket = socket.create_connection((parts.hostname, parts.port or PORT), PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self._transaction = 0
        self._buffer = b""
        self._arrived = False

    @property
    def partial(self) -> bool:
        return self._arrived

    def fileno(self) -> int:
        return self._socket.fileno()

    def write(self, data: bytes) -> None:
        self._transaction = (self._transaction + 1) & 0xFFFF
        content = data[:-2]
        self._socket.sendall(struct.pack(">HHH", self._transaction, 0, len(content)) + content)

    def read(self) -> bytes:
        self._arrived = False
        try:
            data = os.read(self._socket.fileno(), 4096)
        except BlockingIOError:
            return b""
        self._arrived = bool(data)
        self._buffer += data
        return b"".join(self._frames())

    def _frames(self) -> list[bytes]:
        """The whole answers to the last request, as RTU frames; raises OSError for what is no MBAP."""
        found = []
        while len(self._buffer) >= HEADER:
            transaction, protocol, length = struct.unpack(">HHH", self._buffer[:HEADER])
            if protocol != 0 or not 2 < length <= LONGEST:
                raise OSError(
                    f"not Modbus TCP: {self._buffer[:HEADER].hex(' ')}; for RTU over TCP: socket://"
                )
            if len(self._buffer) < HEADER + length:
                break
            content = self._buffer[HEADER : HEADER + length]
            self._buffer = self._buffer[HEADER + length :]
            if transaction == self._transaction:
                found.append(sealed(content))
        return found

    def close(self) -> None:
        self._socket.close()
