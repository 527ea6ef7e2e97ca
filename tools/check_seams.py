"""Holds the seams: time, chance, files, threads and set order stay out of what a simulation replays.

    python tools/check_seams.py [PACKAGE_FOLDER]

Four rules besides: pure code awaits nothing, no venue is named outside its folder and its dialect, only the
supervisor catches everything, no module holds changing state. One line per violation, `file:line: why`,
and exit status 1; one summary line and 0 when there is none. A line that ends in `# sim-ok: reason` is
excused and counted; an excuse that excuses nothing is a violation.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent / "src" / "venuekit"

SEALED = frozenset({"model", "protocol", "state", "journal", "web", "connector", "venues", "emulator"})
"""Layers that get time, chance, files and threads from `seams`."""
PURE = frozenset({"model", "protocol", "state", "emulator/dialects"})
"""Folders without `await`."""
NAMELESS = frozenset({"journal", "web", "connector", "emulator", "errors", "seams"})
"""Layers in which no venue is named, not even in a comment."""
NAMELESS_IN_CODE = frozenset({"model", "protocol", "state"})
"""Layers in which prose may cite a venue as an example and code may not."""
SUPERVISION = "connector/supervision.py"
PROCESS = "seams/process.py"

# "gate" alone is a plain word, and ours: the venue is known by its ending.
VENUE = re.compile(r"binance|bybit|okx|kraken|hyperliquid|coinbase|kucoin|gate[._]?io", re.IGNORECASE)
EXCUSE = re.compile(r"# sim-ok: \S")

SEALED_MODULES = frozenset(
    {
        "time",
        "random",
        "secrets",
        "uuid",
        "threading",
        "_thread",
        "multiprocessing",
        "concurrent",
        "subprocess",
    }
    | {
        "tempfile",
        "shutil",
        "fileinput",
        "mmap",
        "glob",
        "gzip",
        "bz2",
        "lzma",
        "zipfile",
        "tarfile",
        "sqlite3",
    }
)
SEALED_NAMES = re.compile(
    r"(^|\.)(date|datetime)\.(now|utcnow|today)$"
    r"|^os\.(urandom|getrandom|open|fdopen|environ|getenv|listdir|scandir|walk|stat|remove|rename|replace)$"
    r"|(^|\.)(to_thread|run_in_executor|set_default_executor|uuid1|uuid4|urandom)$"
    r"|(^|\.)(read_text|write_text|read_bytes|write_bytes)$"
)
OPEN = re.compile(r"^(io\.)?open$|(^|_|\.)path\.open$")
FILE_MODE = re.compile(r"[rwxa]b?\+?t?$")
SETS = frozenset({"set", "frozenset"})
SET_ALGEBRA = frozenset({"union", "intersection", "difference", "symmetric_difference"})
KEEPS_ORDER_OF = frozenset({"list", "tuple", "iter", "enumerate", "next", "deque", "join"})
CONTAINERS = frozenset({"list", "dict", "set", "bytearray"})
STATEFUL = frozenset(
    {"deque", "defaultdict", "OrderedDict", "Counter", "ChainMap", "WeakKeyDictionary", "WeakValueDictionary"}
    | {"WeakSet", "Lock", "Event", "Semaphore", "Condition", "Queue", "ContextVar", "count"}
)
CONSTANT = re.compile(r"_|[A-Z0-9_]+$")


class Violation(NamedTuple):
    """One rule broken on one line."""

    line: int
    why: str


def main(arguments: list[str]) -> int:
    """Check one package folder and print what was found."""
    root = Path(arguments[0]) if arguments else ROOT
    modules = sorted(root.rglob("*.py"))
    found: list[str] = []
    excuses = 0
    for module in modules:
        text = module.read_text(encoding="utf-8")
        excused = {line for line, comment in comments(text) if EXCUSE.match(comment)}
        broken = sorted(set(violations(module.relative_to(root).as_posix(), text)))
        used = excused & {violation.line for violation in broken}
        idle = [Violation(line, "this excuse excuses nothing") for line in excused - used]
        excuses += len(used)
        found += [
            f"{module}:{line}: {why}"
            for line, why in sorted([v for v in broken if v.line not in used] + idle)
        ]
    print("\n".join(found) if found else f"seams: {len(modules)} modules clean, {excuses} excused")
    return 1 if found else 0


def violations(name: str, text: str) -> Iterator[Violation]:
    """What one module breaks; `name` is its path below the package."""
    tree = ast.parse(text, name)
    layer = name.split("/", maxsplit=1)[0].removesuffix(".py")
    if layer in SEALED:
        yield from sealed(tree)
        yield from set_order(tree)
    if any(name.startswith(f"{folder}/") for folder in PURE):
        yield from awaits(tree)
    if layer in NAMELESS_IN_CODE or (layer in NAMELESS and not name.startswith("emulator/dialects/")):
        yield from venue_names(tree)
    if layer in NAMELESS and not name.startswith("emulator/dialects/"):
        yield from venue_prose(tree, text)
    if name != SUPERVISION:
        yield from blanket_handlers(tree)
    if name != PROCESS:
        yield from module_state(tree)


def comments(text: str) -> Iterator[tuple[int, str]]:
    """Each comment as (line, text)."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def dotted(node: ast.expr) -> str:
    """What an expression reads as: `a.b.c`, with anything that is no name left out."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def imported(tree: ast.Module) -> dict[str, str]:
    """Local name → what it was imported as, so that an alias hides nothing."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def sealed(tree: ast.Module) -> Iterator[Violation]:
    """Time, chance, files and threads, taken from elsewhere than the seams."""
    aliases = imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from sealed_modules(node.lineno, [alias.name for alias in node.names])
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from sealed_modules(node.lineno, [node.module or ""])
        elif isinstance(node, ast.Name | ast.Attribute):
            head, _, rest = dotted(node).partition(".")
            name = f"{aliases.get(head, head)}.{rest}" if rest else aliases.get(head, head)
            if SEALED_NAMES.search(name):
                yield Violation(node.lineno, f"{name} belongs behind a seam")
        elif isinstance(node, ast.Call) and opens_a_file(node):
            yield Violation(node.lineno, "opening a file belongs behind a seam")


def sealed_modules(line: int, modules: list[str]) -> Iterator[Violation]:
    """Those of the imported modules that only a seam may import."""
    for module in modules:
        if module.split(".")[0] in SEALED_MODULES:
            yield Violation(line, f"{module} belongs behind a seam")


def opens_a_file(call: ast.Call) -> bool:
    """Whether a call is `open(…)`, `path.open(…)` or `anything.open("rb")`; a price may be called `open`."""
    name = dotted(call.func)
    first = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
    has_mode = isinstance(first, str) and bool(FILE_MODE.match(first))
    return bool(OPEN.search(name)) or (name.endswith(".open") and has_mode)


def set_order(tree: ast.Module) -> Iterator[Violation]:
    """Places where the order of a set becomes the order of something that happens."""
    known = set_names(tree)
    for node in ast.walk(tree):
        sources: list[ast.expr] = []
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            sources = [node.iter]
        elif isinstance(node, ast.Starred):
            sources = [node.value]
        elif isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] in KEEPS_ORDER_OF:
            sources = node.args[:1]
        for source in sources:
            if is_set(source, known):
                yield Violation(source.lineno, "a set has no order: sort it, or keep a dict")


def set_names(tree: ast.Module) -> dict[str, None]:
    """Names and attributes that the module itself declares or makes as sets."""
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and is_set_type(node.annotation):
            found[dotted(node.target)] = None
        elif isinstance(node, ast.arg) and node.annotation is not None and is_set_type(node.annotation):
            found[node.arg] = None
        elif isinstance(node, ast.Assign) and is_set(node.value, {}):
            found |= dict.fromkeys(dotted(target) for target in node.targets)
    found.pop("", None)
    return found


def is_set_type(annotation: ast.expr) -> bool:
    """Whether an annotation says `set[…]` or `frozenset[…]`, alone or among alternatives."""
    if isinstance(annotation, ast.BinOp):
        return is_set_type(annotation.left) or is_set_type(annotation.right)
    base = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return dotted(base).split(".")[-1] in SETS | {"AbstractSet", "MutableSet"}


def is_set(node: ast.expr, known: dict[str, None]) -> bool:
    """Whether an expression is a set as far as one can see."""
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub | ast.BitXor):
        return is_set(node.left, known) or is_set(node.right, known)
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            return node.func.attr in SET_ALGEBRA
        return dotted(node.func) in SETS
    return isinstance(node, ast.Name | ast.Attribute) and dotted(node) in known


def awaits(tree: ast.Module) -> Iterator[Violation]:
    """Coroutines in code that must be pure."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield Violation(node.lineno, "pure code awaits nothing")


def docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    """Texts that stand alone as a statement, behind a definition or a field."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def venue_names(tree: ast.Module) -> Iterator[Violation]:
    """Venues in identifiers, imports and texts that the program works with."""
    prose = {id(constant) for constant in docstrings(tree)}
    for node in ast.walk(tree):
        line = getattr(
            node, "lineno", 1
        )  # operators and the module itself stand on no line, and name nothing
        for word in words(node):
            match = None if id(node) in prose else VENUE.search(word)
            if match:
                yield Violation(line, f"a venue is named here: {match.group()}")


def words(node: ast.AST) -> Iterator[str]:
    """The names and texts that a node itself carries, imports in full."""
    for _, value in ast.iter_fields(node):
        if isinstance(value, str):
            yield value
        elif isinstance(value, bytes):
            yield value.decode("latin-1")
        elif isinstance(value, list) and isinstance(node, ast.Global | ast.Nonlocal):
            yield from value


def venue_prose(tree: ast.Module, text: str) -> Iterator[Violation]:
    """Venues in docstrings and comments."""
    for constant in docstrings(tree):
        match = VENUE.search(str(constant.value))
        if match:
            yield Violation(constant.lineno, f"a docstring names a venue: {match.group()}")
    for line, comment in comments(text):
        match = VENUE.search(comment)
        if match:
            yield Violation(line, f"a comment names a venue: {match.group()}")


def blanket_handlers(tree: ast.Module) -> Iterator[Violation]:
    """Handlers that would swallow what nobody foresaw."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            if raises_on(node):
                continue
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        elif isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] == "suppress":
            kinds = node.args
        else:
            continue
        for kind in kinds:
            if kind is None or dotted(kind).split(".")[-1] in {"Exception", "BaseException"}:
                yield Violation(node.lineno, "catching everything is the supervisor's, and only its")


def raises_on(handler: ast.ExceptHandler) -> bool:
    """Whether a handler only cleans up: it catches `BaseException` by name and ends in a bare `raise`."""
    last = handler.body[-1]
    named = isinstance(handler.type, ast.Name) and handler.type.id == "BaseException"
    leaves_early = any(isinstance(node, ast.Return | ast.Break | ast.Continue) for node in ast.walk(handler))
    return named and isinstance(last, ast.Raise) and last.exc is None and not leaves_early


def module_state(tree: ast.Module) -> Iterator[Violation]:
    """Objects at module level that are there to be changed, and `global`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield Violation(node.lineno, f"global {', '.join(node.names)}: a module holds no state")
    for node in statements(tree):
        if isinstance(node, ast.Assign):
            names, value = [dotted(target) for target in node.targets], node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            names, value = [dotted(node.target)], node.value
        else:
            continue
        constant = all(CONSTANT.match(name) for name in names)
        if is_changing(value) or (is_container(value) and not constant):
            yield Violation(node.lineno, f"{', '.join(names)}: a module holds no changing state")


def statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """What a module runs when imported, bodies of `if` and `try` included."""
    waiting = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        yield node
        if isinstance(node, ast.If | ast.Try | ast.With):
            waiting += [child for child in ast.walk(node) if isinstance(child, ast.Assign | ast.AnnAssign)]


def is_changing(value: ast.expr) -> bool:
    """Whether a value can only be meant to change: an empty container, a lock, a counter."""
    if isinstance(value, ast.Call):
        called = dotted(value.func).split(".")[-1]
        return called in STATEFUL or (called in CONTAINERS and not value.args and not value.keywords)
    return (isinstance(value, ast.List | ast.Set) and not value.elts) or (
        isinstance(value, ast.Dict) and not value.keys
    )


def is_container(value: ast.expr) -> bool:
    """Whether a value could change, though its name may say that it will not."""
    if isinstance(value, ast.Call):
        return dotted(value.func) in CONTAINERS
    return isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
