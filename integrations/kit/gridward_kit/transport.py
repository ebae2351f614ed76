"""The ways bytes leave this machine: serial lines and TCP in pyserial's URLs, and HID raw devices."""

import fcntl
import os
import termios
from pathlib import Path
from typing import Protocol

import serial

from gridward_kit.integration import Line

REPORT = 8


class Transport(Protocol):
    """An open line; reading never waits. `partial`: what arrived is not yet enough to be given out."""

    @property
    def partial(self) -> bool:
        """Whether nothing to read now does not mean that the other side hung up."""

    def fileno(self) -> int:
        """The descriptor to wait on."""

    def write(self, data: bytes) -> None:
        """Hand over bytes; raises OSError when the line is gone."""

    def read(self) -> bytes:
        """What has arrived, b"" if nothing; raises OSError when the line is gone."""

    def close(self) -> None:
        """Let the line go."""


def open_transport(url: str, line: Line) -> Transport:
    """Open a line exclusively. Blocking, up to some seconds for TCP.

    Raises OSError when it is not there or taken, ValueError for a URL that is none of ours.
    """
    if url.startswith("hidraw://"):
        return HidRaw(url.removeprefix("hidraw://"))
    if url.startswith("tcp://"):
        from gridward_kit.modbus.mbap import ModbusTcp  # noqa: PLC0415 - others need not load it

        return ModbusTcp(url)
    if "://" in url and not url.startswith(("socket://", "hwgrep://")):
        raise ValueError(
            f"{url!r} is none of: a device path, hwgrep://, socket://host:port, tcp://host:port, hidraw://"
        )
    return SerialLine(url, line)


class SerialLine:
    """A serial port or a TCP connection that carries one."""

    partial = False

    def __init__(self, url: str, line: Line) -> None:
        try:
            self._serial = serial.serial_for_url(
                url,
                baudrate=line.baud,
                bytesize=line.bits,
                parity="N" if _is_pseudo_terminal(url) else line.parity,
                stopbits=line.stop,
                timeout=0,
                write_timeout=2,
                exclusive=True,
            )
        except termios.error as error:  # what the driver does not take; no OSError of itself
            raise OSError(*error.args) from error
        self._fd = self._serial.fileno()
        os.set_blocking(self._fd, False)

    def fileno(self) -> int:
        return self._fd

    def write(self, data: bytes) -> None:
        try:
            taken = os.write(self._fd, data)
        except BlockingIOError:
            taken = 0
        if taken < len(data):  # pyserial waits for room, up to two seconds
            self._serial.write(data[taken:])

    def read(self) -> bytes:
        try:
            return os.read(self._fd, 4096)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        self._serial.close()


def _is_pseudo_terminal(url: str) -> bool:
    """Whether it is a simulated device's: such a line has no parity, and asking for one may fail."""
    return os.path.realpath(url).startswith("/dev/pts/")


class HidRaw:
    """A USB HID device of 8-byte reports without report ids, as Voltronic's USB port is one.

    Named by `vendor:product` in hex (the first such device that is free) or by its path. A written
    report has 0x00 for "no report id" in front, as Linux' hidraw asks for.
    """

    partial = False

    def __init__(self, name: str) -> None:
        self._fd = self._open(name)

    @staticmethod
    def _open(name: str) -> int:
        paths = [Path(name)] if name.startswith("/") else found(name)
        if not paths:
            raise FileNotFoundError(f"no HID device {name} is plugged in")
        trouble: OSError | None = None
        for path in paths:
            descriptor = -1
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                trouble = error
                if descriptor >= 0:
                    os.close(descriptor)
            else:
                return descriptor
        raise trouble or FileNotFoundError(name)

    def fileno(self) -> int:
        return self._fd

    def write(self, data: bytes) -> None:
        for start in range(0, len(data), REPORT):
            os.write(self._fd, b"\0" + data[start : start + REPORT].ljust(REPORT, b"\0"))

    def read(self) -> bytes:
        got = b""
        while True:
            try:
                report = os.read(self._fd, 64)
            except BlockingIOError:
                return got
            if not report:
                return got
            got += report

    def close(self) -> None:
        os.close(self._fd)


def found(name: str) -> list[Path]:
    """Paths of the HID raw devices with this `vendor:product` in hex, in the kernel's order."""
    vendor, _, product = name.lower().partition(":")
    wanted = f":{vendor:0>8}:{product:0>8}".upper()
    paths = []
    for node in sorted(Path("/sys/class/hidraw").glob("hidraw*")):
        try:
            described = (node / "device" / "uevent").read_text()
        except OSError:
            continue
        if any(row.startswith("HID_ID=") and row.upper().endswith(wanted) for row in described.splitlines()):
            paths.append(Path("/dev") / node.name)
    return paths
