"""What a started house listens on: the ports that its files name, and outside loopback nothing else."""

from ipaddress import ip_address
from pathlib import Path
from socket import SOCK_DGRAM

import psutil
import pytest
from deploy.broker_site import free_port, guarded, with_users
from faults.line_house import until
from faults.site_house import plugged_in, process, site_file

from gridward.broker import port_is_free


def _open(pids: list[int]) -> tuple[set[int], set[int]]:
    """Where these processes and their children listen: the ports on the network, and those on loopback."""
    outside: set[int] = set()
    inside: set[int] = set()
    for pid in pids:
        above = psutil.Process(pid)
        for one in (above, *above.children(recursive=True)):
            for socket in one.net_connections(kind="inet"):
                if socket.laddr and (socket.status == psutil.CONN_LISTEN or socket.type == SOCK_DGRAM):
                    where = inside if ip_address(socket.laddr.ip).is_loopback else outside
                    where.add(socket.laddr.port)
    return outside, inside


def _mosquitto(port: int) -> int:
    for one in psutil.process_iter(["name"]):
        if one.info["name"] == "mosquitto" and any(
            socket.status == psutil.CONN_LISTEN and socket.laddr.port == port
            for socket in one.net_connections(kind="inet")
        ):
            return one.pid
    raise AssertionError("no mosquitto listens there")


@pytest.mark.parametrize("lan", [False, True])
async def test_nothing_but_the_named_ports_listens(tmp_path: Path, lan: bool) -> None:
    port, page = free_port(), free_port()
    path = site_file(tmp_path, tmp_path / "ports", f'mqtt://127.0.0.1:{port}", users: "generated')
    path.write_text(path.read_text() + f"http: {{listen: {'lan' if lan else 'loopback'}, port: {page}}}\n")
    site = with_users(path)
    broker, devices = guarded(site, tmp_path / "broker", port, tls=lan), plugged_in(tmp_path / "ports")
    with broker, devices, process(path) as house:
        await until(lambda: not port_is_free(page), 90)
        outside, inside = _open([house.pid, _mosquitto(port)])
    assert outside == ({page, port + 1} if lan else set())
    assert inside == ({port} if lan else {page, port})
