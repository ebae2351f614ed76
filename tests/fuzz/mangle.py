"""Bytes, texts and trees that are nearly right: what comes in was good once."""

from hypothesis import strategies as st

Tree = None | bool | int | float | str | list["Tree"] | dict[str, "Tree"]

_ODD: list[Tree] = [
    *(None, True, False, 0, -1, 1, 2**31, -(2**63), 2**64, 10**30, 0.0, -0.0, 1e-300, 1e300, -1e300),
    *(float("nan"), float("inf"), float("-inf"), "", " ", "0", "-1", "1e999", "nan", "on", "PRESS", "\0"),
    *("\ud7ff", "\U0001f50b", "a" * 300, "../../x", "%s%n", "{0}", "${x}", "'; --", "<script>", "/dev/null"),
    [],
    [[]],
    [None],
    {},
    {"": {}},
    {"v": 2},
    {"value": {}},
]
odd: st.SearchStrategy[Tree] = st.sampled_from(_ODD)


@st.composite
def mangled_bytes(draw: st.DrawFn, whole: bytes) -> bytes:
    """These bytes with a few taken out, changed, doubled, put in or moved."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 6))
        match draw(st.integers(0, 4)):
            case 0:
                del data[at : at + length]
            case 1:
                data[at : at + length] = draw(st.binary(min_size=length, max_size=length))
            case 2:
                data[at:at] = data[at : at + length]
            case 3:
                data[at:at] = draw(st.binary(max_size=6))
            case _:
                data = data[at:] + data[:at]
    return bytes(data)


@st.composite
def mangled_tree(draw: st.DrawFn, whole: Tree, most: int = 3) -> Tree:
    """This tree with up to `most` of its parts replaced, left out, renamed or doubled."""
    tree = whole
    for _ in range(draw(st.integers(1, most))):
        tree = _once(draw, tree)
    return tree


def _once(draw: st.DrawFn, tree: Tree) -> Tree:
    """The tree changed at one place, deeper as often as not."""
    if isinstance(tree, dict) and tree:
        key = draw(st.sampled_from(sorted(tree)))
        rest = {name: part for name, part in tree.items() if name != key}
        match draw(st.integers(0, 7)):
            case 0:
                return rest
            case 1:
                return {
                    **rest,
                    draw(st.sampled_from(["", "id", "v", "x", "all", "on", key + "_"])): tree[key],
                }
            case 2:
                return {**tree, key: draw(odd)}
            case _:
                return {**tree, key: _once(draw, tree[key])}
    if isinstance(tree, list) and tree:
        at = draw(st.integers(0, len(tree) - 1))
        match draw(st.integers(0, 5)):
            case 0:
                return tree[:at] + tree[at + 1 :]
            case 1:
                return [*tree, tree[at]]
            case _:
                return [*tree[:at], _once(draw, tree[at]), *tree[at + 1 :]]
    return draw(odd)
