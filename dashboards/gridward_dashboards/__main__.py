"""`python -m gridward_dashboards` writes the dashboards; with `--check` it says which are not current."""

import sys

from gridward_dashboards import written


def main(arguments: list[str]) -> int:
    """Write or check; 1 where a file is not current."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("python -m gridward_dashboards [--check]\n")
        return 2
    if not arguments:
        written.write()
        return 0
    stale = written.stale()
    for path in stale:
        sys.stderr.write(
            f"{path.relative_to(written.FOLDER.parent)}: not current; make dashboards writes it\n"
        )
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
