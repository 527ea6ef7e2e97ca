"""Counts the code lines of each venue folder: no blank lines, no comments, no docstrings."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from pathlib import Path

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- lines:begin -->", "<!-- lines:end -->"


def code_lines(path: Path) -> int:
    """The lines of a module that hold code."""
    source = path.read_text(encoding="utf-8")
    quiet = {
        tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING,
        tokenize.ENDMARKER,
    }  # fmt: skip
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in quiet:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                lines.difference_update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return len(lines)


def folders() -> dict[str, int]:
    """Venue folder to code lines, families and products apart."""
    venues = ROOT / "src" / "venuekit" / "venues"
    homes = sorted(folder for folder in venues.glob("**/") if folder != venues and any(folder.glob("*.py")))
    return {
        str(folder.relative_to(venues)): sum(code_lines(module) for module in sorted(folder.glob("*.py")))
        for folder in homes
    }


def table() -> str:
    """The counts as a Markdown table."""
    rows = "\n".join(f"| `{folder}` | {lines} |" for folder, lines in folders().items())
    return f"{BEGIN}\n| folder | code lines |\n|---|---|\n{rows}\n{END}"


def main() -> int:
    """Print the table; with `--write` put it into the page, with `--check` fail where the page is behind."""
    page = ROOT / "docs" / "ADD_A_VENUE.md"
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN, 1)
    wanted = before + table() + rest.split(END, 1)[1]
    if "--write" in sys.argv:
        page.write_text(wanted, encoding="utf-8")
    elif "--check" not in sys.argv:
        print(table())
    elif wanted != text:
        print("docs/ADD_A_VENUE.md: the counts are behind; run `python tools/count_lines.py --write`")
        return 1
    else:
        print(f"lines: {len(folders())} venue folders as the docs say")
    return 0


if __name__ == "__main__":
    sys.exit(main())
