"""Where this site's Grafana is, as the site file's part `grafana` says."""

from dataclasses import dataclass, field

ROLES = ("Viewer", "Editor", "Admin")


@dataclass(frozen=True, slots=True)
class GrafanaSpec:
    """`url` as the gateway reaches it. `buttons` is the least role whose clicks are taken, "" for none.

    `origin` is the address in a viewer's browser, "" for the one that a request names as its host;
    `cookie` the name of Grafana's session cookie; `token` that of a service account, to push and check.
    """

    url: str
    buttons: str = ""
    origin: str = ""
    cookie: str = "grafana_session"
    token: str | None = field(default=None, repr=False)
