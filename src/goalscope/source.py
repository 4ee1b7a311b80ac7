"""A checksum of the code behind a module: its own and all that it imports of ours."""

import ast
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

import goalscope

PACKAGE = "goalscope"


def source_digest(*modules: str) -> str:
    """Return the sha256 of modules and of everything of this package that they import.

    Imports are read from the source, those inside functions too; a module that is imported
    by a name made at run time must be given itself.

    Args:
        modules: their names, such as "goalscope.solve".

    Raises:
        ValueError: a name that is no module of this package.

    >>> source_digest("goalscope.errors") == source_digest("goalscope.solve")
    False
    """
    root = Path(goalscope.__file__).parent
    found: dict[str, bytes] = {}
    waiting = list(modules)
    for name in waiting:
        if _file(root, name) is None:
            raise ValueError(f"{name} is no module of {PACKAGE}")
    while waiting:
        name = waiting.pop()
        path = _file(root, name)
        if path is None or name in found:
            continue
        stamp = path.stat()
        found[name], imports = _read(root, path, stamp.st_mtime_ns, stamp.st_size)
        waiting += imports
    digest = hashlib.sha256()
    for name in sorted(found):
        digest.update(name.encode() + b"\0" + found[name])
    return digest.hexdigest()


@functools.cache
def _read(root: Path, path: Path, _changed: int, _size: int) -> tuple[bytes, list[str]]:
    """Return a file's checksum and our modules in it; kept until the file changes."""
    content = path.read_bytes()
    names = dict.fromkeys(_imports(ast.parse(content)))
    ours = [name for name in names if _file(root, name) is not None]
    return hashlib.sha256(content).digest(), ours


def _imports(tree: ast.Module) -> Iterator[str]:
    """Yield every name that may be a module of ours; absolute imports only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _file(root: Path, name: str) -> Path | None:
    """Return the file of a module, or None if it is not ours."""
    first, *rest = name.split(".")
    if first != PACKAGE or not rest:
        return None
    path = root.joinpath(*rest)
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)
