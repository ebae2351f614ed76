"""What is shipped is known: the bill says what the lock says, and the audit tells three things apart."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

TREE = Path(__file__).parents[2]
LOCK = (TREE / "requirements.lock").read_text()


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, TREE / "tools" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_bill_names_each_locked_package_with_its_hashes() -> None:
    bill = tool("sbom").bill(LOCK, "0.1.0")
    parts = bill["components"]
    locked = [line.split(" ")[0] for line in LOCK.splitlines() if "==" in line and line[0] != " "]
    assert [f"{one['name']}=={one['version']}" for one in parts] == locked
    hashes = [h["content"] for one in parts for h in one["externalReferences"][0]["hashes"]]
    assert len(hashes) == LOCK.count("--hash=sha256:")
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert len({one["bom-ref"] for one in parts}) == len(parts)


def test_the_bill_tells_what_runs_from_what_only_tests() -> None:
    scope = {one["name"]: one["scope"] for one in tool("sbom").bill(LOCK, "0.1.0")["components"]}
    assert {scope[name] for name in ("fastapi", "aiomqtt", "starlette", "pydantic-core")} == {"required"}
    assert {scope[name] for name in ("pytest", "hypothesis", "mypy", "selenium")} == {"excluded"}


def test_the_same_lock_gives_the_same_bill_and_another_lock_another() -> None:
    sbom = tool("sbom")
    assert sbom.bill(LOCK, "0.1.0") == sbom.bill(LOCK, "0.1.0")
    assert sbom.bill(LOCK, "0.1.1")["serialNumber"] != sbom.bill(LOCK, "0.1.0")["serialNumber"]


def test_a_release_gets_the_bill_as_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "build" / "sbom.cdx.json"
    monkeypatch.setattr(sys, "argv", ["sbom", "--to", str(path)])
    sbom = tool("sbom")
    sbom.main()
    assert json.loads(path.read_text()) == sbom.bill(LOCK, (TREE / "VERSION").read_text().strip())


WEAK = {
    "dependencies": [
        {"name": "a", "version": "1", "vulns": []},
        {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]},
    ]
}


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        (json.dumps({"dependencies": [{"name": "a", "version": "1", "vulns": []}]}), 0, "0 known weaknesses"),
        (json.dumps(WEAK), 1, "b 2: PYSEC-1, mended in 3"),
        (json.dumps({"dependencies": [{"name": "a", "skip_reason": "unknown"}]}), 77, "not run: 1 of 1"),
        (json.dumps({"dependencies": [*WEAK["dependencies"], {"name": "a", "skip_reason": "?"}]}), 1, "b 2:"),
        ("", 77, "not run"),
        ("[]", 77, "not run"),
    ],
)
def test_no_answer_is_neither_good_nor_bad(
    said: str, status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    speak = (sys.executable, "-c", f"import sys; sys.stdout.write({said!r}); sys.exit({min(status, 1)})")
    assert tool("audit_lock").main(speak) == status
    assert words in capsys.readouterr().out


def test_a_program_that_is_not_there_is_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert tool("audit_lock").main(("/nowhere/pip-audit",)) == 77
    assert capsys.readouterr().out.startswith("not run: no answer from the advisories")


def test_one_is_asked_for_before_all_are(tmp_path: Path) -> None:
    log = tmp_path / "asked"
    speak = (
        "import sys; lock = open(sys.argv[sys.argv.index('--requirement') + 1]).read();"
        f"open({str(log)!r}, 'a').write(str(lock.count('==')) + ' ');"
    )
    known, unknown = ({"name": "a", "vulns": []}, {"name": "a", "skip_reason": "unknown"})
    for answer, status, counts in ((unknown, 77, "1 "), (known, 0, f"1 {LOCK.count('==')} ")):
        log.unlink(missing_ok=True)
        said = json.dumps({"dependencies": [answer]})
        assert tool("audit_lock").main((sys.executable, "-c", f"{speak} print({said!r})")) == status
        assert log.read_text() == counts
