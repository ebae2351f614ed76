"""Viewers read, operators command, admins also change expert settings and tokens."""

import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from gateway.api_house import House
from gateway.test_api_access import NAME, Door
from typer.testing import CliRunner

from gridward.api.access import Role, needed
from gridward.api.gateway import Caller
from gridward.api.tokens import Tokens
from gridward.cli import app as command_line
from gridward.page.asking import answers

WISH = "/api/v1/devices/inverter/entities/output_source_priority"
EXPERT = "/api/v1/devices/inverter/entities/battery_under_voltage"


class Staff(House):
    """The house, with a token of each role."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.tokens = Tokens(folder)
        self.token = {role: self.tokens.renew(role) for role in Role}

    async def asked(self, role: Role, method: str, path: str, body: object = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token[role]}"}
        return await self.client.request(method, path, json=body, headers=headers)


@pytest.fixture
async def staff(tmp_path: Path) -> AsyncIterator[Staff]:
    made = Staff(tmp_path)
    async with made.client:
        yield made


@pytest.mark.parametrize("role", Role)
async def test_everybody_reads_and_is_told_who_they_are(staff: Staff, role: Role) -> None:
    assert (await staff.asked(role, "GET", "/api/v1/devices")).status_code == 200
    assert (await staff.asked(role, "GET", "/api/v1/session")).json()["role"] == role.word


@pytest.mark.parametrize(
    ("path", "body", "allowed"),
    [
        (WISH, {"value": "SUB"}, {Role.OPERATOR: 200, Role.ADMIN: 200}),
        (EXPERT, {"value": 44, "confirm": True}, {Role.ADMIN: 200}),
        ("/api/v1/rules/overrides/a.b", {"value": "stop"}, {Role.OPERATOR: 404, Role.ADMIN: 404}),
    ],
)
@pytest.mark.parametrize("role", Role)
async def test_what_a_role_may_not_it_is_refused_and_nothing_is_written(
    staff: Staff, path: str, body: object, allowed: dict[Role, int], role: Role
) -> None:
    answer = await staff.asked(role, "POST", path, body)
    assert answer.status_code == allowed.get(role, 403)
    if role not in allowed:
        assert f"role {role.word} " in answer.json()["error"]
        assert staff.written == []


async def test_every_way_of_the_api_that_changes_something_is_closed_to_viewers(staff: Staff) -> None:
    document = (await staff.asked(Role.VIEWER, "GET", "/api/v1/openapi.json")).json()
    ways = [(method.upper(), path) for path, methods in document["paths"].items() for method in methods]
    grafanas = "/api/v1/commands"  # there Grafana says who clicks and what they may
    changing = [(method, path) for method, path in ways if method != "GET" and path != grafanas]
    assert len(changing) >= 6
    for method, path in changing:
        assert (await staff.asked(Role.VIEWER, method, path, {})).status_code == 403, (method, path)
    assert staff.written == []


async def test_only_an_admin_makes_and_drops_tokens(staff: Staff) -> None:
    for role in (Role.VIEWER, Role.OPERATOR):
        for method, path in (("GET", ""), ("POST", "/viewer"), ("DELETE", "/operator")):
            answer = await staff.asked(role, method, f"/api/v1/tokens{path}")
            assert answer.status_code == 403
    old = staff.token[Role.VIEWER]
    made = (await staff.asked(Role.ADMIN, "POST", "/api/v1/tokens/viewer")).json()["token"]
    assert (staff.tokens.role_of(old), staff.tokens.role_of(made)) == (None, Role.VIEWER)
    assert (await staff.asked(Role.ADMIN, "DELETE", "/api/v1/tokens/viewer")).status_code == 204
    assert staff.tokens.role_of(made) is None
    assert (await staff.asked(Role.ADMIN, "DELETE", "/api/v1/tokens/admin")).status_code == 409
    held = (await staff.asked(Role.ADMIN, "GET", "/api/v1/tokens")).json()
    assert held == {"viewer": False, "operator": True, "admin": True}


async def test_a_login_has_its_tokens_role_until_that_token_is_renewed(tmp_path: Path) -> None:
    door = Door(tmp_path)
    viewer = door.tokens.renew(Role.VIEWER)
    async with door.client() as watching, door.client() as owner:
        await door.log_in(watching, viewer)
        await door.log_in(owner)
        told = (await watching.get("/api/v1/session")).json()
        assert told["role"] == "viewer"
        headers = {"X-CSRF-Token": told["csrf"]}
        assert (await watching.post(WISH, json={"value": "SBU"}, headers=headers)).status_code == 403
        door.tokens.renew(Role.VIEWER)
        assert (await watching.get("/api/v1/session")).status_code == 401
        assert (await owner.get("/api/v1/session")).json()["role"] == "admin"
        csrf = (await owner.get("/api/v1/session")).json()["csrf"]
        assert (await owner.post("/logout", data={"csrf": csrf})).status_code == 303
        assert NAME not in owner.cookies


def caller(staff: Staff, role: Role) -> Caller:
    """Who opened the page with a token of this role, without a session."""
    return Caller("192.0.2.9", None, role, staff.tokens.mark(role))


async def test_the_page_sends_nothing_for_a_viewer(staff: Staff) -> None:
    gateway = staff.gateway
    viewer = caller(staff, Role.VIEWER)
    said = [one async for one in answers(gateway, viewer, "inverter", "output_source_priority", "SUB")]
    assert [one.tone for one in said] == ["fault"]
    assert "viewer" in said[0].text
    operator = caller(staff, Role.OPERATOR)
    said = [one async for one in answers(gateway, operator, "inverter", "battery_under_voltage", 44)]
    assert "needs admin" in said[-1].text
    assert staff.written == []
    said = [one async for one in answers(gateway, operator, "inverter", "output_source_priority", "SUB")]
    assert said[0].text == "Asked"
    assert staff.written == ["SUB"]


async def test_an_open_page_sends_nothing_for_a_token_that_was_renewed_or_dropped(staff: Staff) -> None:
    operator, admin = caller(staff, Role.OPERATOR), caller(staff, Role.ADMIN)
    staff.tokens.drop(Role.OPERATOR)
    staff.tokens.renew(Role.ADMIN)
    for one in (operator, admin):
        said = [
            said async for said in answers(staff.gateway, one, "inverter", "output_source_priority", "SUB")
        ]
        assert [each.text for each in said] == ["Not sent: you are logged out. Load the page again."]
        assert not staff.gateway.acts(one)
    assert staff.written == []


def test_a_token_that_the_disk_does_not_take_changes_nothing(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    admin, viewer = tokens.made or "", tokens.renew(Role.VIEWER)
    blocked = tokens.path.with_name(f"{tokens.path.name}.new")
    (blocked / "in the way").mkdir(parents=True)
    with pytest.raises(OSError, match="Is a directory"):
        tokens.renew(Role.ADMIN)
    with pytest.raises(OSError, match="Is a directory"):
        tokens.drop(Role.VIEWER)
    for held in (tokens, Tokens(tmp_path)):
        assert (held.role_of(admin), held.role_of(viewer)) == (Role.ADMIN, Role.VIEWER)


async def test_a_program_that_runs_wild_is_held_back(staff: Staff) -> None:
    codes = [
        (await staff.asked(Role.OPERATOR, "POST", WISH, {"value": "SUB"})).status_code for _ in range(30)
    ]
    assert codes[:20] == [200] * 20
    assert set(codes[20:]) == {429}
    assert (await staff.asked(Role.OPERATOR, "GET", "/api/v1/devices")).status_code == 200
    staff.clock.pass_by(2)
    assert (await staff.asked(Role.OPERATOR, "POST", WISH, {"value": "SUB"})).status_code == 200


async def test_no_other_sites_page_is_let_in(staff: Staff) -> None:
    for method in ("GET", "OPTIONS"):
        headers = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
        answer = await staff.client.request(method, "/api/v1/devices", headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_a_token_file_of_a_time_before_roles_is_the_admins(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    admin = tokens.made or ""
    held = json.loads(tokens.path.read_text())
    held["sha256"] = held["sha256"]["admin"]
    tokens.path.write_text(json.dumps(held))
    assert Tokens(tmp_path).role_of(admin) is Role.ADMIN


def test_no_token_is_written_down(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    made = [tokens.renew(role) for role in Role]
    kept = tokens.path.read_text()
    assert not [token for token in made if token in kept]
    assert len(set(made)) == len(Role)


def test_the_token_is_kept_as_a_hash_for_its_owner_only(tmp_path: Path) -> None:
    made = Tokens(tmp_path).made
    assert made is not None
    path = tmp_path / "state" / "token.json"
    assert made not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    again = Tokens(tmp_path)
    assert (again.made, again.role_of(made)) == (None, Role.ADMIN)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"sha256": 1, "key": "00", "ended": {}}'])
def test_a_damaged_token_file_lets_nobody_in(tmp_path: Path, content: str) -> None:
    path = tmp_path / "state" / "token.json"
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(ValueError, match="remove it and start again"):
        Tokens(tmp_path)


def test_what_is_not_named_needs_an_operator() -> None:
    assert needed("POST", "/anything/new") is Role.OPERATOR
    assert needed("GET", "/api/v1/tokens") is Role.ADMIN
    assert needed("GET", "/api/v1/tokensmith") is Role.VIEWER


SITE = """version: 1
site: {id: home, name: Home, time_zone: Europe/Bratislava, fail_safe: grid_connected}
mqtt: {url: embedded}
"""


def test_the_command_line_makes_and_voids_tokens(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(SITE)
    run = CliRunner()

    def token(*said: str) -> tuple[int, str]:
        result = run.invoke(command_line, ["token", *said, "--site", str(site)])
        return result.exit_code, result.output.strip()

    made = token("--new", "--role", "viewer")[1]
    assert Tokens(tmp_path).role_of(made) is Role.VIEWER
    assert token("--role", "viewer")[0] == 3
    assert token("--drop", "--role", "viewer") == (0, "the viewer's token is void")
    assert Tokens(tmp_path).role_of(made) is None
    assert token("--drop")[0] == 3
    assert token("--new", "--role", "king")[0] == 2
