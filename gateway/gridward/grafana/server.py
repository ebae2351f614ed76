"""A running Grafana, by grafana-client: each thing that goes wrong is told with the way out."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from grafana_client import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaException

from gridward.grafana.spec import GrafanaSpec
from gridward_kit.kept import Json

PATIENCE = 20.0
MISSING = 404
ACCOUNT = (
    "make a service account of the role Admin (Administration, Users and access, Service accounts), and have "
    "its token in secrets.yaml, for `grafana: {token: !secret grafana_token}`"
)


class Trouble(Exception):
    """What Grafana does not do, and the way out."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason


class Server:
    """Grafana at one place. Every method raises Trouble; what is not there is None."""

    def __init__(self, spec: GrafanaSpec) -> None:
        parts = urlsplit(spec.url)
        path = parts.path.strip("/")
        self.url = spec.url
        self._api = GrafanaApi(
            spec.token,
            host=parts.hostname or "",
            port=parts.port,
            url_path_prefix=f"{path}/" if path else "",
            protocol=parts.scheme,
            timeout=PATIENCE,
        )

    def version(self) -> str:
        """The version that it says to be."""
        return str(_object(self._ask(lambda: self._api.client.GET("/health"))).get("version") or "unknown")

    def source(self, uid: str) -> Mapping[str, Json] | None:
        """A data source."""
        return self._found(lambda: self._api.datasource.get_datasource_by_uid(uid))

    def source_health(self, uid: str) -> str:
        """Why a data source does not work, in its own words; empty where it does."""
        try:
            said = _object(self._ask(lambda: self._api.datasource.health(uid)))
        except Trouble as trouble:
            return trouble.reason
        return "" if said.get("status") == "OK" else str(said.get("message") or said)

    def folder(self, uid: str) -> Mapping[str, Json] | None:
        """A folder."""
        return self._found(lambda: self._api.folder.get_folder(uid))

    def make_folder(self, title: str, uid: str) -> None:
        """Make a folder."""
        self._ask(lambda: self._api.folder.create_folder(title, uid))

    def dashboard(self, uid: str) -> Mapping[str, Json] | None:
        """A dashboard, with its `meta`."""
        return self._found(lambda: self._api.dashboard.get_dashboard(uid))

    def save(self, dashboard: Mapping[str, Json], folder: str, message: str) -> None:
        """Put a dashboard in place of the one that has its uid."""
        wish: dict[str, Json] = {"dashboard": dict(dashboard), "folderUid": folder, "overwrite": True}
        self._ask(lambda: self._api.dashboard.update_dashboard({**wish, "message": message}))

    def query(self, queries: list[Json], begin: int, end: int) -> Mapping[str, Json]:
        """The answers to a panel's queries over a time (ms), by their refId."""
        body = {"queries": queries, "from": str(begin), "to": str(end)}
        try:
            content = self._api.client.POST("/ds/query", json=body)
        except GrafanaException as error:
            content = error.response  # one query that fails turns the whole answer's status
            if not isinstance(content, dict) or "results" not in content:
                raise self._trouble(error) from None
        except (OSError, ValueError) as error:
            raise self._away(error) from None
        return _object(_object(content).get("results"))

    def alerts(self) -> list[Mapping[str, Json]]:
        """The alerts that fire now."""
        path = "/alertmanager/grafana/api/v2/alerts?active=true&silenced=false&inhibited=false"
        found = self._ask(lambda: self._api.client.GET(path))
        return [_object(one) for one in found] if isinstance(found, list) else []

    def _found(self, ask: Callable[[], Json]) -> Mapping[str, Json] | None:
        try:
            return _object(ask())
        except GrafanaException as error:
            if error.status_code == MISSING:
                return None
            raise self._trouble(error) from None
        except (OSError, ValueError) as error:
            raise self._away(error) from None

    def _ask(self, ask: Callable[[], Json]) -> Json:
        try:
            return ask()
        except GrafanaException as error:
            raise self._trouble(error) from None
        except (OSError, ValueError) as error:
            raise self._away(error) from None

    def _away(self, error: Exception) -> Trouble:
        """No answer, or one that is no JSON."""
        if isinstance(error, OSError) and not isinstance(error, ValueError):
            return Trouble(f"{self.url} does not answer", "see that Grafana runs, and to `grafana: url`")
        return Trouble(f"{self.url} does not answer as Grafana does", "see to `grafana: url` and its path")

    def _trouble(self, error: GrafanaException) -> Trouble:
        said = error.response.get("message") if isinstance(error.response, dict) else None
        words = str(said or error.message)
        match error.status_code:
            case 401:
                return Trouble("Grafana does not know the token", ACCOUNT)
            case 403:
                return Trouble(f"the token may not do this ({words})", ACCOUNT)
        if "provisioned" in words.lower():
            way = "this Grafana has the dashboards from files already: change the files, not by push"
            return Trouble(f"Grafana keeps what is provisioned ({words})", way)
        if isinstance(error, GrafanaClientError):
            return Trouble(f"Grafana refuses it ({error.status_code}: {words})", "see Grafana's own log")
        return Trouble(f"Grafana fails ({error.status_code}: {words})", "see Grafana's own log, try again")


def _object(content: Json) -> dict[str, Json]:
    return content if isinstance(content, dict) else {}
