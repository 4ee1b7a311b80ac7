"""What there is to run and to build with, found by reading files, not importing. No JAX.

There is no registry. Built-ins are the modules of this package's folders; other
distributions name their modules in the entry-point group `goalscope.plugins`; and an
experiment of one's own is run by the path of its file.
"""

import ast
import importlib.metadata
import importlib.util
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from goalscope.errors import UserError
from goalscope.suggestions import suggest

PLUGINS = "goalscope.plugins"
KINDS = {
    "worlds": "World",
    "agents": "Agent",
    "trainers": "Trainer",
    "instruments": "Instrument",
    "claims": "Claim",
    "zoo": "PlantedKind",
    "experiments": "Experiment",
}
_FOLDERS = {kind: kind for kind in KINDS} | {"trainers": "training"}


@dataclass(frozen=True)
class Entry:
    """One thing that was found.

    Fields:
        name: of the class, or of the module for an experiment.
        module: what to import to get it.
        summary: first line of its docstring; for an experiment, the question.
        path: the file it is written in.
    """

    name: str
    module: str
    summary: str
    path: Path


@dataclass(frozen=True)
class ExperimentReference:
    """Which experiment is meant.

    Fields:
        name: of the experiment, an identifier; its function has the same name.
        module: what to import, or None for a file that is loaded by its path.
        path: the file, absolute.
    """

    name: str
    module: str | None
    path: Path


def find(kind: str) -> list[Entry]:
    """Return everything of one kind, built-ins and plug-ins, in the order of their names.

    Worlds, agents, trainers, instruments and claims are the public classes that inherit
    from an abstract one (`AbstractWorld`, `AbstractGridWorld[...]`, ...). Experiments are
    the modules with a function of their own name that returns an `Experiment`.

    >>> "Corner" in [entry.name for entry in find("worlds")]
    True
    """
    if kind not in KINDS:
        raise UserError(
            f"there is no kind of thing called {kind!r}. {suggest(kind, KINDS)}"
        )
    folder = Path(__file__).parent / _FOLDERS[kind]
    modules = [*_modules(folder, f"goalscope.{_FOLDERS[kind]}"), *_plugin_modules()]
    entries = [entry for name, path in modules for entry in _entries(kind, name, path)]
    return sorted(entries, key=lambda entry: (entry.name, entry.module))


def find_instrument(reference: str, among: Collection[str] | None = None) -> Entry:
    """Return the instrument that a user means, by the name of its class or its module.

    `GoalKind`, `goal_kind` and `goalscope.instruments.goal_kind` are one; what is printed
    is the name of the class. `among` are the modules to choose from, if not all.

    Raises:
        UserError: there is no such instrument, or there are several.

    >>> find_instrument("goal_kind").name
    'GoalKind'
    """
    entries = [e for e in find("instruments") if among is None or _stem(e) in among]
    names = [(entry, (entry.name, entry.module, _stem(entry))) for entry in entries]
    meant = [entry for entry, known in names if reference in known]
    if len(meant) != 1:
        found = "there are several instruments" if meant else "there is no instrument"
        allowed = suggest(reference, [entry.name for entry in entries])
        raise UserError(f"{found} {reference!r}. {allowed}")
    return meant[0]


def _stem(entry: Entry) -> str:
    """Return the last word of an entry's module: what it is called in results."""
    return entry.module.rpartition(".")[2]


def find_in(kind: str, path: Path) -> list[Entry]:
    """Return everything of one kind that a Python file defines, in the file's order."""
    return list(_entries(kind, path.stem, path))


def resolve_experiment(reference: str) -> ExperimentReference:
    """Return the experiment that a user means by a name, a module or the path of a file.

    Nothing is imported. Raises `UserError` if there is no such experiment, if two have
    the name, or if the path is not a Python file.

    >>> resolve_experiment("corner_mixture").module
    'goalscope.experiments.corner_mixture'
    """
    if reference.endswith(".py") or "/" in reference:
        return _by_path(reference)
    entries = find("experiments")
    meant = [entry for entry in entries if reference in (entry.name, entry.module)]
    if not meant:
        names = [entry.name for entry in entries]
        raise UserError(
            f"there is no experiment {reference!r}. {suggest(reference, names)} "
            "An experiment of your own is run by its path, like ./mine.py."
        )
    if len(meant) > 1:
        modules = " or ".join(entry.module for entry in meant)
        raise UserError(f"{reference!r} may be {modules}: give one of these names.")
    return ExperimentReference(meant[0].name, meant[0].module, meant[0].path)


def _by_path(reference: str) -> ExperimentReference:
    path = Path(reference).absolute()
    try:
        is_folder, is_file = path.is_dir(), path.is_file()
    except OSError as error:
        raise UserError(f"{reference!r} cannot be opened: {error.strerror}.") from error
    if is_folder:
        raise UserError(f"{reference!r} is a folder; give the path of a Python file in it.")
    if path.suffix != ".py":
        raise UserError(f"{reference!r} is not a Python file: its name must end in .py.")
    if not is_file:
        there = [other.name for other in path.parent.glob("*.py")]
        raise UserError(f"there is no file {reference!r}. {suggest(path.name, there)}")
    if not path.stem.isidentifier():
        raise UserError(
            f"{path.name!r} must be called like the function in it: "
            "letters, digits and underscores, then .py."
        )
    return ExperimentReference(path.stem, None, path)


def _modules(folder: Path, package: str) -> Iterator[tuple[str, Path]]:
    """Yield the name and the file of every public module of a folder."""
    for path in sorted(folder.glob("*.py")):
        if not path.stem.startswith("_"):
            yield f"{package}.{path.stem}", path


def _plugin_modules() -> Iterator[tuple[str, Path]]:
    for point in importlib.metadata.entry_points(group=PLUGINS):
        path = _locate(point.module)
        if path is None:
            raise UserError(
                f"the plug-in {point.name!r} names the module {point.module!r}, "
                "which is not there: install it again, or uninstall what names it."
            )
        if path.is_dir():
            yield from _modules(path, point.module)
        else:
            yield point.module, path


def _locate(module: str) -> Path | None:
    """Return the file or the folder of a module; its parents are not imported either."""
    first, *rest = module.split(".")
    spec = importlib.util.find_spec(first)
    if spec is None:
        return None
    if not rest and not spec.submodule_search_locations:
        return Path(spec.origin) if spec.origin else None
    for folder in spec.submodule_search_locations or ():
        inside = Path(folder, *rest)
        for candidate in (inside, inside.with_suffix(".py")):
            if candidate.exists():
                return candidate
    return None


def _entries(kind: str, module: str, path: Path) -> Iterator[Entry]:
    try:
        tree = ast.parse(path.read_text("utf-8"))
    except (SyntaxError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as Python: {error}.") from error
    if kind == "experiments":
        if any(_returns_experiment(node, path.stem) for node in tree.body):
            yield Entry(path.stem, module, _summary(tree), path)
        return
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and _is_final(node, KINDS[kind]):
            yield Entry(node.name, module, _summary(node), path)


def _returns_experiment(node: ast.stmt, name: str) -> bool:
    """Return whether a statement defines the function `name(...) -> Experiment`."""
    if not isinstance(node, ast.FunctionDef) or node.name != name:
        return False
    return node.returns is not None and _name(node.returns) == "Experiment"


def _is_final(node: ast.ClassDef, suffix: str) -> bool:
    """Return whether a class is a public one that inherits from `Abstract...suffix`."""
    names = [_name(base) for base in node.bases]
    inherits = any(n.startswith("Abstract") and n.endswith(suffix) for n in names)
    return inherits and not node.name.startswith(("_", "Abstract"))


def _name(expression: ast.expr) -> str:
    """Return the last word of a type: `World` for `base.World[Level]`."""
    if isinstance(expression, ast.Subscript):
        return _name(expression.value)
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else ""


def _summary(node: ast.Module | ast.ClassDef) -> str:
    return (ast.get_docstring(node) or "").partition("\n")[0]
