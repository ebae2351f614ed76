"""Self-checks of a checkout's files: which way imports go, what is pure, sizes, words, leftovers."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from gridward_kit.readme import BEGIN, END, generate

Faults = Iterator[str]

FILE_LINES, TABLE_LINES, FUNCTION_LINES = 300, 400, 50
OVERSIZE: frozenset[str] = frozenset()
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
PURE = frozenset(
    ("battery", "contactor", "entities", "entity", "keys", "lease", "point", "protocol", "simulator")
)
WAITING = frozenset(
    (
        *("aiomqtt", "asyncio", "concurrent", "http", "io", "multiprocessing", "os", "pathlib", "select"),
        *("selectors", "serial", "shutil", "socket", "ssl", "subprocess", "tempfile", "threading", "time"),
        "urllib",
    )
)
DASHBOARDS = "gridward_dashboards"
TABLES = frozenset(
    ("gridward.api.named", "gridward.energies.counted", "gridward.notify.core", "gridward.notify.table")
)
WORDS = re.compile(
    r"(?:^|_)(?:managers?|helpers?|utils?|utilities)(?:_|$)|(?:Manager|Helper|Utils?)(?:[A-Z]|$)"
)
REGISTRY = re.compile(r"\b(?:[a-z-]+\.)?(?:pypi|pythonhosted|npmjs|crates|piwheels)\.(?:org|com|io)\b")
MACHINE = re.compile(r"(?<![\w./~-])/(?:work|root|farm|Users|home/[a-z_]\w*)/")
IMAGES = frozenset((".png", ".jpg", ".jpeg", ".ico", ".gif", ".webp", ".woff2", ".db", ".gz"))


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file of a package: `package` is its import name, `name` its own."""

    path: str
    package: str
    source: str
    code: ast.Module

    @property
    def name(self) -> str:
        return Path(self.path).stem

    @property
    def dotted(self) -> str:
        parts = Path(self.path).with_suffix("").parts
        return ".".join(parts[parts.index(self.package) :])


def faults(tree: Path) -> list[str]:
    """What is wrong with the files of a checkout, as sentences."""
    files = tracked(tree)
    modules = [module for path in files if (module := _module(tree, path))]
    found = chain(
        chain.from_iterable(one(modules) for one in OF_MODULES), leftovers(tree, files), layout(tree)
    )
    return list(found)


def tracked(tree: Path) -> list[str]:
    """The files that belong to the checkout: known to git or not ignored by it, else all but hidden ones."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607
        cwd=tree,
        capture_output=True,
        check=False,
        text=True,
    )
    if listing.returncode == 0:
        names: Iterable[str] = listing.stdout.rstrip("\0").split("\0")
    else:
        inside = (path.relative_to(tree) for path in tree.rglob("*"))
        names = [
            str(path) for path in inside if not any(part.startswith((".", "__py")) for part in path.parts)
        ]
    return sorted(name for name in names if (tree / name).is_file())


def _module(tree: Path, path: str) -> Module | None:
    """The file as a module of one of the packages; None where it is none."""
    parts = Path(path).parts
    if not path.endswith(".py") or parts[0] not in ("integrations", "gateway", "dashboards"):
        return None
    depth = 2 if parts[0] == "integrations" else 1
    if len(parts) <= depth + 1:
        return None
    source = (tree / path).read_text("utf-8")
    return Module(path, parts[depth], source, ast.parse(source))


def one_way(modules: Iterable[Module]) -> Faults:
    """Integration -> kit, gateway -> kit, dashboards -> kit and tables of the gateway; never sideways, never
    back."""
    for module in modules:
        for line, target in _imports(module):
            package = target.partition(".")[0]
            if module.package == DASHBOARDS and target in TABLES:
                continue
            if package.startswith("gridward") and package not in (module.package, "gridward_kit"):
                yield f"{module.path}:{line}: {module.package} imports {target}; imports go to the kit only"


def pure(modules: Iterable[Module]) -> Faults:
    """Protocols, simulators, tables, rules and the plant import nothing that waits, opens or sleeps.

    Neither does one that says so of itself, nor one of the same integration that one of them imports.
    """
    for module in _pure(list(modules)):
        for line, target in _imports(module):
            if target.partition(".")[0] in WAITING:
                yield f"{module.path}:{line}: imports {target}, but {module.name} must be pure"
        for node in ast.walk(module.code):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
                yield f"{module.path}:{node.lineno}: opens a file, but {module.name} must be pure"


def _pure(modules: list[Module]) -> list[Module]:
    found = [module for module in modules if _is_pure(module)]
    for module in found:
        wanted = {target for _, target in _imports(module, deep=True)}
        if module.package not in ("gridward_kit", "gridward"):
            beside = (other for other in modules if other.package == module.package)
            found += [other for other in beside if other.dotted in wanted and other not in found]
    return found


def _is_pure(module: Module) -> bool:
    folders = Path(module.path).parts
    if "rules" in folders or "plant" in folders:
        return module.name != "role"
    return module.name in PURE or "Pure." in (ast.get_docstring(module.code) or "")


def _imports(module: Module, *, deep: bool = False) -> Iterator[tuple[int, str]]:
    """The modules imported, with their lines; `deep`: also the names out of them, which may be modules."""
    for node in ast.walk(module.code):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module
            if deep:
                yield from ((node.lineno, f"{node.module}.{name.name}") for name in node.names)


def words(modules: Iterable[Module]) -> Faults:
    """No module, class or function is called manager, helper or utils: say what it does."""
    for module in modules:
        if WORDS.search(module.name):
            yield f"{module.path}: the name says nothing; say what the module does"
        for node in ast.walk(module.code):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and WORDS.search(
                node.name
            ):
                yield f"{module.path}:{node.lineno}: the name {node.name} says nothing; say what it does"


def sizes(modules: Iterable[Module]) -> Faults:
    """A file under 300 lines, a table under 400, a function on one screen."""
    for module in modules:
        lines = module.source.count("\n")
        limit = TABLE_LINES if module.name == "entities" or _is_table(module.code, lines) else FILE_LINES
        if lines > limit and module.path not in OVERSIZE:
            yield f"{module.path}: {lines} lines are over {limit}; what can go?"
        functions = (node for node in ast.walk(module.code) if isinstance(node, FUNCTIONS))
        for node in functions:
            if (length := _lines(node) - _returned_table(node)) > FUNCTION_LINES:
                yield f"{module.path}:{node.lineno}: {node.name}: {length} lines are over {FUNCTION_LINES}"


def _is_table(code: ast.Module, lines: int) -> bool:
    """Whether most of a module's lines are values given a name."""
    data = [node for node in code.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    return 2 * sum(_lines(node) for node in data) > lines


def _returned_table(function: ast.AST) -> int:
    """The lines of a table that a function gives back: they are rows, not steps."""
    returns = (node for node in ast.walk(function) if isinstance(node, ast.Return))
    return sum(_lines(node) for node in returns if isinstance(node.value, ast.Tuple | ast.List | ast.Dict))


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def leftovers(tree: Path, files: Iterable[str]) -> Faults:
    """No tracked file holds a package registry's host name or a path of the machine it was written on."""
    for path in files:
        if Path(path).suffix in IMAGES:
            continue
        for number, line in enumerate((tree / path).read_text("utf-8", "replace").splitlines(), 1):
            if found := REGISTRY.search(line):
                yield f"{path}:{number}: names a package registry ({found[0]})"
            if found := MACHINE.search(line):
                yield f"{path}:{number}: holds a path of one machine ({found[0]})"


def layout(tree: Path) -> Faults:
    """Every package has its parts, one version and one licence; generated tables are current."""
    for project in sorted(
        [*tree.glob("integrations/*/pyproject.toml"), *tree.glob("gateway/pyproject.toml")]
    ):
        yield from _project(tree, project)
    for path in generate(tree, write=False):
        way = f"make fmt writes it between {BEGIN} and {END}"
        yield f"{path.relative_to(tree)}: its value table is not current; {way}"


def _project(tree: Path, project: Path) -> Faults:
    folder, place = project.parent, project.relative_to(tree)
    content = tomllib.loads(project.read_text("utf-8"))
    if "version" in content["project"] or content["project"].get("dynamic") != ["version"]:
        yield f"{place}: the version stands in VERSION, not here"
    for name in ("VERSION", "LICENSE"):
        ours, whole = folder / name, tree / name
        if whole.is_file() and (not ours.is_file() or ours.read_text() != whole.read_text()):
            yield f"{place.parent}/{name}: differs from the top-level {name}"
    if not (folder / "README.md").is_file():
        yield f"{place.parent}: has no README.md"
    entries = content["project"].get("entry-points", {}).get("gridward.integrations", {})
    others = [name for name in entries if not f"{name}_".startswith(f"{folder.name}_")]
    if entries and (others or folder.name not in entries):
        yield f"{place}: its one entry point is not {folder.name!r}, as its folder is, or begins so"


OF_MODULES: tuple[Callable[[Iterable[Module]], Faults], ...] = (one_way, pure, words, sizes)
