"""Takes out of texts what is nobody else's business: secrets, credentials, the exact place."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

SHORT = 4  # a shorter secret is taken out only where it stands as a word of its own
GONE = "<redacted>"
USERINFO = re.compile(r"(?<=://)[^/\s@'\"]+@")
NAMED = re.compile(
    r"(?i)(?P<key>\b[\w-]*(?:password|passwd|passphrase|secret|token|api_?key|credential)s?[\"']?\s*[:=]\s*)"
    r"(?P<value>(?!!secret\b|<redacted|null\b|[{\[|>])(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s,}\]#]+))"
)
BEARER = re.compile(r"(?i)\b(bearer|basic|token)\s+[A-Za-z0-9._~+/=-]{12,}")
PLACE = re.compile(
    r"(?m)^(\s*(?:latitude|longitude)\s*:\s*-?\d+)\.\d+|((?:latitude|longitude)\s*:\s*-?\d+)\.\d+"
)


@dataclass(frozen=True, slots=True)
class Redactor:
    """`secrets` are those of the site, by their names."""

    secrets: Mapping[str, str]

    def text(self, text: str) -> str:
        """A text for others' eyes. Where a secret stood, its name stands."""
        for name, spelt in self._spelt():
            mark = f"<{name}>"
            if len(spelt) >= SHORT:
                text = text.replace(spelt, mark)
            else:
                text = re.sub(rf"(?<!\w){re.escape(spelt)}(?!\w)", mark, text)
        text = USERINFO.sub(f"{GONE}@", text)
        text = NAMED.sub(rf"\g<key>{GONE}", text)
        text = BEARER.sub(rf"\1 {GONE}", text)
        return PLACE.sub(lambda found: found[1] or found[2], text)

    def capture(self, text: str) -> str:
        """A raw capture: a secret's bytes become as many stars, so that lengths stay."""
        for value in self._longest():
            stars = "*" * len(value.encode())
            for shown in (bytes.hex, _spaced):
                text = text.replace(shown(value.encode()), shown(stars.encode()))
        return text

    def _longest(self) -> list[str]:
        return sorted({one for one in self.secrets.values() if len(one) >= SHORT}, key=len, reverse=True)

    def _spelt(self) -> list[tuple[str, str]]:
        """Every way in which a secret may be written, the longest first."""
        ways: tuple[Callable[[str], str], ...] = (str, quote, quote_plus, _as_json, _base64)
        found = {(name, way(value)) for name, value in self.secrets.items() if value for way in ways}
        return sorted(found, key=lambda pair: (-len(pair[1]), pair))


def _spaced(data: bytes) -> str:
    return data.hex(" ")


def _as_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
