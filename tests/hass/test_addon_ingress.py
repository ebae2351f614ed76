"""The add-on's page as Home Assistant shows it: below ingress' path, behind nginx, without a second login."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from tools.browser import PATIENCE, Served, chromium, emulate, missing, scene, told

from gridward import addon
from gridward.api.access import Role
from gridward.api.tokens import Tokens
from gridward.broker import free_port
from gridward_kit.kept import Json
from gridward_kit.mqtt import Broker

FOLDER = Path(__file__).parents[2] / "docker" / "addon"
ENTRY = "/api/hassio_ingress/Zx-9_k"
PROGRAM = shutil.which("nginx") or "/usr/sbin/nginx"
SUPERVISOR = """
daemon off; pid /tmp/pid; error_log stderr;
events {{}}
http {{
  access_log off;
  client_body_temp_path /tmp/1; proxy_temp_path /tmp/2; fastcgi_temp_path /tmp/3;
  uwsgi_temp_path /tmp/4; scgi_temp_path /tmp/5;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  server {{
    listen 127.0.0.1:{port};
    location {entry}/ {{
      proxy_pass http://127.0.0.1:{addon}/;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Ingress-Path {entry};
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }}
  }}
}}
"""

pytestmark = pytest.mark.skipif(
    not Path(PROGRAM).exists() and not os.environ.get("CI"), reason="nginx is not installed"
)


@contextlib.contextmanager
def nginx(folder: Path, name: str, settings: str, port: int) -> Iterator[None]:
    """One that serves, until left."""
    file = folder / name
    file.write_text(settings.replace("/tmp/", f"{folder}/{name}-"))
    process = subprocess.Popen([PROGRAM, "-c", str(file)], stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + PATIENCE
        while True:
            assert process.poll() is None, process.stderr and process.stderr.read()
            with contextlib.suppress(httpx.ConnectError):
                httpx.get(f"http://127.0.0.1:{port}/nowhere")
                break
            assert time.monotonic() < end
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def noon() -> Iterator[Served]:
    with scene("sunny_noon", "on", "--prefix", ENTRY) as served:
        yield served


@contextlib.contextmanager
def ingress(noon: Served, folder: Path, allowed: str = "127.0.0.1") -> Iterator[str]:
    """The page's address at a Supervisor's, and behind it the add-on's nginx and the scene's gateway."""
    supervisor, door = free_port(), free_port()
    settings = addon.filled(
        FOLDER / "ingress.conf",
        allowed=allowed,
        listen=door,
        gateway=str(urlsplit(noon.url).port),
        token=noon.token,
    )
    before = SUPERVISOR.format(port=supervisor, entry=ENTRY, addon=door)
    with nginx(folder, "door", settings, door), nginx(folder, "supervisor", before, supervisor):
        yield f"http://127.0.0.1:{supervisor}{ENTRY}/"


@pytest.mark.skipif(
    missing() is not None and not os.environ.get("CI"), reason=f"{missing()} is not installed"
)
def test_the_page_lives_below_ingress_path_and_needs_no_login(noon: Served, tmp_path: Path) -> None:
    with ingress(noon, tmp_path) as url, chromium(tmp_path / "profile") as page:
        emulate(page, 390, 844, phone=True, dark=False)
        page.get(url)
        wait = WebDriverWait(page, PATIENCE)
        wait.until(lambda seen: seen.find_elements(By.CSS_SELECTOR, "nav a[aria-current]"))
        page.find_element(By.LINK_TEXT, "Devices").click()
        wait.until(lambda seen: "Inverter" in seen.find_element(By.TAG_NAME, "main").text)
        requests, faults = told(page)
        page.save_screenshot(str(tmp_path / "ingress.png"))
    assert faults == []
    assert any(one.startswith("ws://") for one in requests)
    assert all(urlsplit(one).path.startswith(ENTRY) for one in requests if one.startswith(("http", "ws")))


def test_another_sites_page_and_another_address_are_kept_out(noon: Served, tmp_path: Path) -> None:
    with ingress(noon, tmp_path) as url:
        assert httpx.get(f"{url}api/v1/devices").status_code == 200
        assert httpx.get(f"{url}healthz").is_success
        from_elsewhere = {"Sec-Fetch-Site": "cross-site"}
        assert httpx.get(f"{url}api/v1/devices", headers=from_elsewhere).status_code == 403
    (tmp_path / "again").mkdir()
    with ingress(noon, tmp_path / "again", allowed=addon.SUPERVISOR_ADDRESS) as url:
        assert httpx.get(f"{url}api/v1/devices").status_code == 403


def test_the_door_has_an_operators_token_and_keeps_it_over_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addon, "NGINX", FOLDER / "ingress.conf")
    found = addon.Given("UTC", ENTRY, 8099, Broker("mqtt://core-mosquitto:1883"))
    options: dict[str, Json] = {
        "devices": [{"id": "inverter", "integration": "axpert", "port": "hidraw://0665:5161"}]
    }
    site = addon.site_of(options, found, tmp_path, tmp_path)
    settings = addon.door(site, found, tmp_path)
    token = (tmp_path / "ingress_token").read_text()
    assert Tokens(site.folder).role_of(token) is Role.OPERATOR
    assert f'"Bearer {token}"' in settings
    assert f"allow {addon.SUPERVISOR_ADDRESS};" in settings
    assert addon.door(site, found, tmp_path) == settings
    Tokens(site.folder).renew(Role.OPERATOR)
    assert addon.door(site, found, tmp_path) != settings
