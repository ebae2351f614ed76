"""What can go wrong between a device and us; a wish out of bounds is a plain `ValueError`."""

from gridward_kit.point import Value


class DeviceError(Exception):
    """Anything a device, its line or its answer did wrong."""


class Unconfirmed(DeviceError):
    """The device took the command, but the value read back is another one."""

    def __init__(self, value: Value | None, reason: str) -> None:
        super().__init__(reason)
        self.value = value


class NoAnswer(DeviceError, TimeoutError):
    """Silence, or a line that is not there: asked again later."""


class NoLine(NoAnswer):
    """The line cannot be opened: `held` by another program, not there, or not permitted."""

    def __init__(self, words: str, *, held: bool = False) -> None:
        super().__init__(words)
        self.held = held


class BadFrame(DeviceError):
    """Bytes that are not the answer to what was asked: checksum, length, another query's reply."""


class Refused(DeviceError):
    """The device understood and said no (NAK, Modbus exception): not asked again."""
