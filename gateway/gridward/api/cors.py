"""Another origin's page that may read: that of the Grafana which the site file names, and no other. Pure.

It reads with a token of its own and never with a session: no credentials are let through, and nothing
but GET. Its clicks come through the site's own origin (`api/clicks.py`).
"""

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import Response

BELOW = "/api/v1/"
WANTS = "access-control-request-method"
READS = ("GET", "HEAD")
REMEMBERED = 600  # s for which a browser need not ask again


@dataclass(frozen=True, slots=True)
class Cors:
    """`origin` is whose page may read, "" for nobody's."""

    origin: str = ""

    def lets(self, headers: Headers, path: str) -> bool:
        """Whether this is asked by the named Grafana's page, for something that it may read."""
        return bool(self.origin) and path.startswith(BELOW) and headers.get("origin") == self.origin

    def answer(self, headers: Headers, method: str) -> Response | None:
        """The answer to a browser that asks before it reads; None for what asks for itself."""
        if method != "OPTIONS" or WANTS not in headers:
            return None
        if headers[WANTS] not in READS:
            return Response("only reading is let in from another origin", 403)
        asked = {
            "Access-Control-Allow-Methods": ", ".join(READS),
            "Access-Control-Allow-Headers": "Authorization",
            "Access-Control-Max-Age": str(REMEMBERED),
        }
        return Response(status_code=204, headers=asked)

    @property
    def headers(self) -> dict[str, str]:
        """What an answer to the named Grafana's page carries."""
        return {"Access-Control-Allow-Origin": self.origin, "Vary": "Origin"}
