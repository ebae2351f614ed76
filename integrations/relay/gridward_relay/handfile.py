"""The file by which a hand asks: whoever has the button (the role `panel`) writes it, the relay reads it."""

import json
import logging
from pathlib import Path

from gridward_kit.kept import Json

log = logging.getLogger(__name__)


class HandFile:
    """`hand/<device>.json` in the state's folder; read only where it changed."""

    def __init__(self, folder: Path, device: str) -> None:
        self._path = folder / "hand" / f"{device}.json"
        self._seen: tuple[int, int, int] | None = None

    def news(self) -> Json:
        """What the file says, None where it says nothing new."""
        try:
            about = self._path.stat()
            seen = (about.st_mtime_ns, about.st_ino, about.st_size)
            if seen == self._seen:
                return None
            self._seen = seen
            content: Json = json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            log.error("%s: cannot be read: %s; it asks for nothing", self._path, error)
            return None
        return content
