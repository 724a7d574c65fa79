"""The project's own Python files, read once."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = ("services", "gateway", "deploy")


@cache
def trees() -> dict[Path, ast.Module]:
    """Every production module, parsed, by its path below the root."""
    paths = (path for folder in PRODUCTION for path in (ROOT / folder).rglob("*.py"))
    return {path.relative_to(ROOT): ast.parse(path.read_text()) for path in paths}


def attribute_uses(dotted: str) -> Iterator[tuple[Path, int]]:
    """Where `datetime.now` or `os.environ` is written, by path and line."""
    owner, _, attribute = dotted.rpartition(".")
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and node.attr == attribute
                and isinstance(node.value, ast.Name)
                and node.value.id == owner
            ):
                yield path, node.lineno
