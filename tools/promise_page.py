"""PROMISES.md from the table of promises and the outcomes of their last runs."""

from collections.abc import Iterator, Mapping, Sequence

from tools.promises import Promise

Kept = Mapping[str, Mapping[str, object]]

HEAD = """# Promises

What Gridward promises to those who trust a house to it, and what shows it. Gridward is no safety system: it
replaces no breaker, no interlock, no protection relay and no protection of the battery's own.

`make promise N=17` runs what shows one of them; `make promise N=17 MUTATE=1` breaks one named thing in
the code and fails unless the tests see it; `make promises` runs all mutations, then all promises, and
writes this page. The status is 0 where all is green, 1 where something is red, and 77 where something
needs a Pi, a bench or a day, or no test shows it yet (`make` itself ends with 2 and says 77). 77 is not
green.

The last runs were on the machine where this page was written, beside other work.
"""


def page(promises: Sequence[Promise], kept: Kept) -> str:
    """The page: what came of the last runs, then each promise."""
    return "\n".join([HEAD, _summary(promises, kept), *(_promise(one, kept) for one in promises)])


def _summary(promises: Sequence[Promise], kept: Kept) -> str:
    by_state: dict[str, list[str]] = {}
    for one in promises:
        run = kept.get(str(one.number), {}).get("run")
        state = str(run["status"]) if isinstance(run, Mapping) else "no run kept"
        by_state.setdefault(state, []).append(f"[{one.number}](#{one.number})")
    lines = [f"| {state} | {len(found)} | {', '.join(found)} |" for state, found in sorted(by_state.items())]
    return "\n".join(["| last run | | promises |", "|---|---:|---|", *lines, ""])


def _promise(promise: Promise, kept: Kept) -> str:
    found = kept.get(str(promise.number), {})
    lines = [f"## {promise.number}", "", promise.says, ""]
    lines += [f"- Last run: {_run(found.get('run'))}"]
    lines += [f"- **Red**: `{node}`" for node in _said(found.get("run"), "failed", "broken")]
    lines += [f"- Not run: {node}" for node in _said(found.get("run"), "skipped")]
    lines += [f"- Figure: `{line}`" for line in _said(found.get("run"), "figures")]
    lines += [f"- Mutation: {_mutation(promise, found.get('mutated'))}"]
    lines += [f"- **Not run**: {what}. How: {how}" for what, how in promise.elsewhere]
    lines += [f"- **Not shown**: {what}" for what in promise.unshown]
    lines += [f"- Shown by {named}" for named in _tests(promise.tests)]
    return "\n".join([*lines, ""])


def _tests(nodes: Sequence[str]) -> Iterator[str]:
    """The tests of each file in one line."""
    files: dict[str, list[str]] = {}
    for node in nodes:
        path, _, name = node.partition("::")
        files.setdefault(path, []).extend([name.removeprefix("test_").replace("_", " ")] if name else [])
    for path, names in files.items():
        yield f"[`{path}`]({path}): {'; '.join(names) or 'all of it'}"


def _run(run: object) -> str:
    if not isinstance(run, Mapping):
        return "none kept"
    return f"{run['status']}, {run['on']}, {run['passed']} tests in {run['seconds']} s"


def _said(run: object, *names: str) -> list[str]:
    """What a run said under these names."""
    found = [run.get(name) for name in names] if isinstance(run, Mapping) else []
    return [str(line) for lines in found if isinstance(lines, list) for line in lines]


def _mutation(promise: Promise, mutated: object) -> str:
    if not promise.mutations:
        return "none"
    names = ", ".join(f"`{name}`" for name in promise.mutations)
    if not isinstance(mutated, Mapping) or mutated.get("name") != ", ".join(promise.mutations):
        return f"{names}, not run yet"
    return f"{names}: {'turned red' if mutated['seen'] else 'NOT SEEN'}, {mutated['on']}"
