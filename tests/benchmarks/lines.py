"""`python -m tests.benchmarks.lines`: lines of Python code by package.

Counts the lines of the files that git tracks, outside tests and migrations, without blank lines, comments and
docstrings.
"""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import tokenize
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEEP = ("accounts", "clients", "ml", "recognizer")  # counted by the packages inside
NO_CODE = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def main() -> None:
    """Print the lines of each package, the largest first, and of all."""
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines: Counter[str] = Counter()
    for path in map(Path, listed.split()):
        if path.parts[0] != "tests" and "migrations" not in path.parts and (ROOT / path).exists():
            name = "/".join(path.parts[:2]) if path.parts[0] in DEEP and len(path.parts) > 2 else path.parts[0]
            lines[name] += code_lines((ROOT / path).read_text())
    for name, count in [*lines.most_common(), ("total", lines.total())]:
        sys.stdout.write(f"{count:7,} {name}\n")


def code_lines(source: str) -> int:
    """The number of lines that hold code."""
    tokens = [each for each in tokenize.generate_tokens(io.StringIO(source).readline) if each.type not in NO_CODE]
    code = {line for token in tokens for line in range(token.start[0], token.end[0] + 1)}
    return len(code - docstring_lines(source))


def docstring_lines(source: str) -> set[int]:
    """The numbers of the lines of docstrings."""
    found: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            found.update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return found


if __name__ == "__main__":
    main()
