"""What a stranger writes into a click: refused before Grafana is asked, and no line of the log is his."""

import json
from pathlib import Path

import pytest
from gateway.button_house import PROXY, ButtonHouse, site_in

from gridward.grafana.spec import GrafanaSpec

HEADERS = {"X-Grafana-Action": "1", "Origin": PROXY, "Content-Type": "application/json"}


@pytest.mark.parametrize(
    "keys", [["a\nforged: all is well", "\x1b[2J"], [str(number) for number in range(400)]]
)
async def test_no_line_of_the_log_is_a_strangers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, keys: list[str]
) -> None:
    grafana = GrafanaSpec("http://127.0.0.1:1", "Editor", PROXY)
    house = ButtonHouse(tmp_path, site_in(tmp_path, "/gateway", grafana=grafana))
    async with house.client() as stranger:
        body = json.dumps({"command": "grid_islanded", **dict.fromkeys(keys, 1)})
        answer = await stranger.post("/gateway/api/v1/commands", content=body, headers=HEADERS)
    assert (answer.status_code, keys[0][:1] in answer.json()["error"]) == (422, True)
    (line,) = [record.getMessage() for record in caplog.records if "click" in record.getMessage()]
    assert line.isprintable()
    assert len(line) < 500
