"""The project's own files, and what the guards look for in a syntax tree."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
WRITING_STATEMENTS = ("insert ", "update ", "delete ", "truncate ")


@cache
def files(*suffixes: str) -> tuple[Path, ...]:
    """Files of the project with one of these suffixes, relative to its root: tracked ones, and new ones not ignored."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    return tuple(Path(name) for name in sorted(set(listing)) if name.endswith(suffixes) and (ROOT / name).exists())


@cache
def source(path: Path) -> str:
    """The text of a file of the project."""
    return (ROOT / path).read_text()


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file of the project."""
    return ast.parse(source(path), str(path))


def package() -> Iterator[Path]:
    """The Python files of the package."""
    return (path for path in files(".py") if path.parts[0] == "backoffice")


def calls_of(module: ast.Module, method: str) -> list[int]:
    """Lines that call a method of this name on anything."""
    return [
        node.lineno
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
    ]


def bulk_writes(module: ast.Module) -> list[int]:
    """Lines that write rows past the session: imported insert, update and delete, and SQL in text()."""
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
            found += [node.lineno for name in node.names if name.name in ("insert", "update", "delete")]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "text" and node.args:
            literal = node.args[0]
            if isinstance(literal, ast.Constant) and str(literal.value).strip().lower().startswith(WRITING_STATEMENTS):
                found.append(node.lineno)
    return found


def long_functions(module: ast.Module, budget: int) -> list[tuple[str, int]]:
    """Name and length in lines of the functions above the budget; a docstring does not count."""
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if ast.get_docstring(node) is not None:
                length -= (node.body[0].end_lineno or 0) - node.body[0].lineno + 1
            if length > budget:
                found.append((node.name, length))
    return found
