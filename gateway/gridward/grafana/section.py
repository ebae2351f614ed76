"""The part `grafana` of a site file."""

import re

from gridward import values
from gridward.document import Plain
from gridward.grafana.spec import ROLES, GrafanaSpec
from gridward.section import Section

COOKIE = re.compile(r"[A-Za-z0-9_-]{1,64}")


def grafana_of(section: Section | None) -> GrafanaSpec | None:
    """The part, or None where there is none; faults go to the section's list."""
    if section is None:
        return None
    spec = GrafanaSpec(
        url=section.need("url", values.http_url, "", "where Grafana is, as http://127.0.0.1:3000").rstrip(
            "/"
        ),
        buttons=section.take("buttons", values.one_of(*ROLES[1:]), ""),
        origin=section.take("origin", values.origin, ""),
        cookie=section.take("cookie", _cookie, "grafana_session"),
        token=section.secret("token"),
    )
    section.close()
    return spec


def _cookie(value: Plain) -> str:
    if not isinstance(value, str) or not COOKIE.fullmatch(value):
        raise values.Wrong("the name of a cookie")
    return value
