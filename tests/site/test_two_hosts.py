"""Two processes as two hosts of one site: what one measures the other acts on, over the broker alone."""

import signal
from pathlib import Path

from faults.broker_house import Running
from faults.line_house import until
from faults.site_house import listening, plugged_in, process, site_file

from gridward_kit.clock import SystemClock

HOSTS = "hosts: {a: ['bus:one', 'bus:two', recorder], b: [contactor, rules], c: [http]}"
# Reaches this machine's broker, and is no loopback address, which a site of several hosts may not have.
ANYWHERE = "0.0.0.0"  # noqa: S104


async def test_commands_rules_and_lease_work_across(mosquitto: Running, tmp_path: Path) -> None:
    url = mosquitto.url.replace("127.0.0.1", ANYWHERE)
    first, second = (
        site_file(tmp_path / name, tmp_path / "ports", url, HOSTS) for name in ("first", "second")
    )
    clock = SystemClock()
    with plugged_in(tmp_path / "ports") as devices:
        async with listening(mosquitto.url, clock) as heard:
            with process(first, "--host", "a") as one, process(second, "--host", "b"):
                await until(lambda: len(heard.state("inverter")) > 20 and len(heard.state("bms")) > 20)
                heard.command("inverter", "output_source_priority", "SUB", "one")
                await until(lambda: heard.result("one") is not None)
                result = heard.result("one")
                assert result
                assert result["status"] == "confirmed"
                assert devices.inverter.state["output_source_priority"] == "SUB"
                await until(lambda: heard.state("rules").get("decision") == "islanded")
                await until(lambda: float(str(heard.state("contactor").get("lease_remaining", 0))) > 0)
                await until(lambda: "rules ask for islanding: 10 min" in _reason(heard.state("contactor")))
                await until(lambda: "gridward/home/recorder/contactor/stored" in heard.last)
                assert not devices.islanded()
                one.send_signal(signal.SIGKILL)
                await until(lambda: heard.last["gridward/home/bus_two/availability"] == b"offline")
                await until(lambda: heard.state("rules").get("decision") == "connected")
                assert heard.last["gridward/home/device_contactor/availability"] == b"online"


def _reason(state: object) -> str:
    assert isinstance(state, dict)
    return str(state.get("reason"))
