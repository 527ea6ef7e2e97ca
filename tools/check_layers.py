"""Holds the layers: who may import whom inside venuekit.

    python tools/check_layers.py [PACKAGE_FOLDER]

One line per violation, `file:line: why`, and exit status 1; one summary line and 0 when there is none.
Imports inside functions, under `TYPE_CHECKING` and through `import_module("…")` count like any other.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "venuekit"
ROOT = Path(__file__).resolve().parent.parent / "src" / PACKAGE

LEAVES = frozenset({"errors", "seams", "protocol"})
MAY_IMPORT = {
    "errors": frozenset[str](),
    "seams": LEAVES,
    "protocol": LEAVES,
    "model": LEAVES,
    "state": LEAVES | {"model"},
    "journal": LEAVES | {"model", "state"},
    "web": LEAVES | {"model", "state"},
    "connector": LEAVES | {"model", "state", "journal", "web"},
    "venues": LEAVES | {"model", "state", "journal", "web", "connector"},
    "emulator": LEAVES | {"model"},
}
"""What a layer may import besides itself; a layer that is not named here may import anything."""

IMPORTERS = frozenset({"import_module", "__import__"})


def main(arguments: list[str]) -> int:
    """Check one package folder and print what was found."""
    root = Path(arguments[0]) if arguments else ROOT
    modules = sorted(root.rglob("*.py"))
    found = [line for module in modules for line in violations(root, module)]
    print("\n".join(found) if found else f"layers: {len(modules)} modules clean")
    return 1 if found else 0


def violations(root: Path, module: Path) -> Iterator[str]:
    """The lines to print about one module."""
    parts = module.relative_to(root).with_suffix("").parts
    tree = ast.parse(module.read_text(encoding="utf-8"), str(module))
    for line, target in imports(tree, parts):
        why = objection(parts, target)
        if why:
            yield f"{module}:{line}: {why}"


def imports(tree: ast.Module, parts: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each import of our own as (line, path below the package)."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom | ast.Call):
            continue
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{origin(node, parts)}.{alias.name}" for alias in node.names]
        elif called(node) in IMPORTERS and node.args:
            first = node.args[0]
            names = [first.value] if isinstance(first, ast.Constant) and isinstance(first.value, str) else []
        for name in names:
            if name == PACKAGE or name.startswith(f"{PACKAGE}."):
                yield node.lineno, tuple(name.split(".")[1:])


def origin(node: ast.ImportFrom, parts: tuple[str, ...]) -> str:
    """The absolute name of the module that a `from … import` reads."""
    if not node.level:
        return node.module or ""
    # A package's own dot is itself and a module's its folder: in both the last part of the path goes.
    above = (PACKAGE, *parts)[: -node.level]
    return ".".join((*above, *([node.module] if node.module else [])))


def called(node: ast.Call) -> str:
    """The last word of what is called."""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def objection(parts: tuple[str, ...], target: tuple[str, ...]) -> str | None:
    """Why the module may not import the target; None where it may."""
    layer = parts[0]
    allowed = MAY_IMPORT.get(layer)
    if allowed is None or target == ("__version__",):
        return None
    if not target or not target[0].islower():
        return f"{layer} must import from a name's own module, not from the public face"
    if layer == "emulator" and target[0] == "venues" and "wire" in target[2:]:
        return None
    if layer == "venues" and target[0] == "venues" and parts[1:2] != target[1:2]:
        return f"one venue must not import another: {'.'.join(target)}"
    if target[0] == layer or target[0] in allowed:
        return None
    return f"{layer} must not import {'.'.join(target)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
