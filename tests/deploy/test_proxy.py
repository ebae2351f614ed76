"""Grafana and the gateway on one origin, by a real nginx."""

import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

import pytest
from deploy.broker_site import free_port

from gridward.api.certificate import certificate
from gridward.service import templates

DOCKER = Path(__file__).parents[2] / "docker"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


class Behind(BaseHTTPRequestHandler):
    """Says who it is, and what came through to it."""

    def do_GET(self) -> None:
        told = (
            self.path,
            self.headers["Host"],
            self.headers["X-Forwarded-Proto"],
            self.headers.get("Upgrade"),
        )
        body = f"{self.server.server_port} {' '.join(map(str, told))}".encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return


@contextmanager
def _behind() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Behind)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def _whole(folder: Path, site: str) -> Path:
    """An nginx configuration of nothing but this site, that leaves nothing outside the folder."""
    (folder / "site.conf").write_text(site)
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = folder / "nginx.conf"
    path.write_text(
        f"daemon off;\nuser root;\npid {folder}/pid;\nerror_log {folder}/log;\nevents {{}}\n"
        f"http {{ {temporary} include {folder}/site.conf; }}\n"
    )
    return path


@pytest.fixture(autouse=True)
def _installed() -> None:
    if not Path(NGINX).exists():
        pytest.skip("nginx is not installed")


def test_one_origin_for_grafana_and_the_page(tmp_path: Path) -> None:
    own = certificate(tmp_path, ("localhost", "127.0.0.1"), time.time())
    port = free_port()
    with _behind() as grafana, _behind() as gateway:
        site = templates.filled(
            "nginx/gridward.conf",
            port=str(port),
            certificate=str(own.certificate),
            key=str(own.key),
            gateway=f"http://127.0.0.1:{gateway}",
        ).replace("127.0.0.1:3000", f"127.0.0.1:{grafana}")
        running = subprocess.Popen([NGINX, "-c", str(_whole(tmp_path, site))], stderr=subprocess.DEVNULL)
        try:
            context = ssl.create_default_context(cafile=own.certificate)
            opener = build_opener(ProxyHandler({}), HTTPSHandler(context=context))

            def ask(path: str, **headers: str) -> str:
                for _ in range(250):
                    try:
                        with opener.open(
                            Request(f"https://127.0.0.1:{port}{path}", headers=headers)
                        ) as answer:
                            return str(answer.read().decode())
                    except ConnectionRefusedError:
                        time.sleep(0.02)
                    except OSError as error:
                        if "refused" not in str(error):
                            raise
                        time.sleep(0.02)
                raise AssertionError((tmp_path / "log").read_text())

            where = f"127.0.0.1:{port} https"
            assert ask("/d/site") == f"{grafana} /d/site {where} None"
            assert ask("/gateway/api/v1/x?a=1") == f"{gateway} /gateway/api/v1/x?a=1 {where} None"
            assert ask("/gateway") == f"{gateway} /gateway/ {where} None"
            assert ask("/gateway/ws", Upgrade="websocket", Connection="Upgrade").endswith("websocket")
        finally:
            running.terminate()
            running.wait()


def test_nginx_takes_the_containers_site(tmp_path: Path) -> None:
    certificate(tmp_path, ("localhost",), time.time())
    text = (DOCKER / "proxy.conf").read_text().replace("/proxy/", f"{tmp_path}/")
    older = text.replace("    http2 on;\n", "")  # Debian's nginx is older than that word
    assert older != text
    command = [NGINX, "-t", "-c", str(_whole(tmp_path, older))]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stderr
