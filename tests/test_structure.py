"""The budgets of CONTRIBUTING.md: how long, how deep, how wide, and what is not done.

Each test lists every offender at once, as `file:line name: what`.
"""

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "goalscope"
SOURCES = sorted(PACKAGE.rglob("*.py"))
SHOWN = [*SOURCES, *sorted((ROOT / "docs").rglob("*.py"))]
EVERYTHING = [*SHOWN, *sorted((ROOT / "tests").rglob("*.py"))]
EVERYTHING += sorted((ROOT / "benchmarks").rglob("*.py"))

FILE_SOFT, FILE_HARD, SHARE_OVER_SOFT = 200, 350, 0.1
FUNCTION_HARD, NESTING_HARD, PARAMETERS_HARD = 50, 3, 7
DUPLICATE_WINDOW, SHARE_DUPLICATED = 8, 0.05

UNSAFE_MODULES = {"pickle", "cloudpickle", "dill", "shelve", "marshal", "joblib"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__"}
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "misc"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
BLOCKS = (*LOOPS, ast.If, ast.With, ast.AsyncWith, ast.Try, ast.Match)

Offences = Iterator[tuple[int, str]]


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def refuse(paths: list[Path], find: Callable[[ast.Module], Offences]) -> None:
    offences = [
        f"{path.relative_to(ROOT)}:{line} {what}"
        for path in paths
        for line, what in find(parsed(path))
    ]
    assert not offences, "\n".join(["", *offences])


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def outermost_functions(tree: ast.AST) -> Iterator[Function]:
    """Yield functions and methods, without the closures inside them."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, Function):
            yield child
        else:
            yield from outermost_functions(child)


def test_files_keep_to_their_budget():
    lengths = {path: path.read_text("utf-8").count("\n") for path in EVERYTHING}
    too_long = {path.name: n for path, n in lengths.items() if n > FILE_HARD}
    assert not too_long, too_long
    long = {path.name: lengths[path] for path in SOURCES if lengths[path] > FILE_SOFT}
    assert len(long) <= SHARE_OVER_SOFT * len(SOURCES), long


def lines_without_docstring(function: Function) -> int:
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def test_functions_keep_to_their_budget():
    def too_long(tree: ast.Module) -> Offences:
        for function in functions(tree):
            if (lines := lines_without_docstring(function)) > FUNCTION_HARD:
                yield function.lineno, f"{function.name}: {lines} lines"

    refuse(SHOWN, too_long)


def nesting(node: ast.AST) -> int:
    """Return how deep blocks lie in blocks; functions and classes within count anew."""
    inner = [child for child in ast.iter_child_nodes(node) if not isinstance(child, SCOPES)]
    return max((nesting(child) + deepens(child, node) for child in inner), default=0)


def deepens(child: ast.AST, parent: ast.AST) -> bool:
    is_elif = isinstance(parent, ast.If) and parent.orelse == [child]
    return isinstance(child, BLOCKS) and not (is_elif and isinstance(child, ast.If))


@pytest.mark.parametrize(
    ("code", "depth"),
    [
        ("x = 1", 0),
        ("if a:\n  b\nelif c:\n  d\nelif e:\n  f", 1),
        ("if a:\n  b\nelse:\n  for c in d:\n    e", 2),
        ("try:\n  a\nexcept B:\n  with c:\n    d\nfinally:\n  e", 2),
        ("match a:\n  case b:\n    while c:\n      if d: e", 3),
        ("for a in b:\n  def c():\n    if d: e", 1),
    ],
)
def test_nesting_counts_blocks_within_blocks(code: str, depth: int):
    assert nesting(ast.parse(code)) == depth


def test_blocks_nest_at_most_three_deep():
    def too_deep(tree: ast.Module) -> Offences:
        for function in functions(tree):
            if (depth := nesting(function)) > NESTING_HARD:
                yield function.lineno, f"{function.name}: {depth} deep"

    refuse(SHOWN, too_deep)


def parameters(function: Function) -> list[ast.arg]:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    starred = [arg for arg in (arguments.vararg, arguments.kwarg) if arg is not None]
    return [arg for arg in named if arg.arg not in ("self", "cls")] + starred


def test_functions_take_at_most_seven_parameters():
    def too_wide(tree: ast.Module) -> Offences:
        for function in functions(tree):
            if (count := len(parameters(function))) > PARAMETERS_HARD:
                yield function.lineno, f"{function.name}: {count} parameters"

    refuse(SHOWN, too_wide)


def test_every_parameter_says_its_type():
    def untyped(tree: ast.Module) -> Offences:
        for function in outermost_functions(tree):
            for arg in parameters(function):
                if arg.annotation is None:
                    yield function.lineno, f"{function.name}({arg.arg})"

    refuse(SOURCES, untyped)


def test_every_public_function_and_class_is_documented():
    def undocumented(tree: ast.Module) -> Offences:
        if tree.body and ast.get_docstring(tree) is None:
            yield 1, "the module"
        for node in tree.body:
            named = isinstance(node, Function | ast.ClassDef)
            if not named or node.name.startswith("_") or is_overload(node):
                continue
            if not ast.get_docstring(node):
                yield node.lineno, node.name

    refuse(SOURCES, undocumented)


def is_overload(node: Function | ast.ClassDef) -> bool:
    """Return whether this says a type only; what it does is said where it is done."""
    return any(ast.unparse(decorator) == "overload" for decorator in node.decorator_list)


def abstract_methods() -> set[str]:
    return {
        method.name
        for path in SOURCES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef) and node.name.startswith("Abstract")
        for method in node.body
        if isinstance(method, Function)
    }


def is_property(method: Function) -> bool:
    names = [ast.unparse(decorator) for decorator in method.decorator_list]
    return any(name == "property" or name.endswith(".setter") for name in names)


def test_every_public_method_is_documented_where_it_is_declared():
    declared = abstract_methods()

    def undocumented(tree: ast.Module) -> Offences:
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        for node in [node for node in classes if not node.name.startswith("_")]:
            for method in filter(needs_docstring, node.body):
                yield method.lineno, f"{node.name}: {ast.unparse(method).splitlines()[0]}"

    def needs_docstring(node: ast.stmt) -> bool:
        if not isinstance(node, Function) or node.name.startswith("_"):
            return False
        known = node.name in declared or is_property(node)
        return not known and ast.get_docstring(node) is None

    refuse(SOURCES, undocumented)


def calls(tree: ast.AST) -> Offences:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.lineno, node.func.id


def test_nobody_calls_super():
    def supers(tree: ast.Module) -> Offences:
        return (call for call in calls(tree) if call[1] == "super")

    refuse(SOURCES, supers)


def test_only_the_command_line_prints():
    def prints(tree: ast.Module) -> Offences:
        return (call for call in calls(tree) if call[1] == "print")

    quiet = [path for path in SOURCES if "cli" not in path.relative_to(PACKAGE).parts]
    refuse(quiet, prints)


def imported(tree: ast.AST) -> Offences:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""


def test_nothing_stored_can_run_code():
    def unsafe(tree: ast.Module) -> Offences:
        yield from (i for i in imported(tree) if i[1].split(".")[0] in UNSAFE_MODULES)
        yield from (call for call in calls(tree) if call[1] in UNSAFE_CALLS)
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg in ("allow_pickle", "shell"):
                yield from [(node.lineno, node.arg)] * (ast.unparse(node.value) != "False")

    refuse(SOURCES, unsafe)


def test_folders_are_one_deep_and_named_for_a_thing():
    parts = [path.relative_to(PACKAGE).with_suffix("").parts for path in SOURCES]
    assert [p for p in parts if len(p) > 2] == []
    assert [p for p in parts if VAGUE_NAMES & set(p)] == []
    packages = {path.parent for path in SOURCES}
    assert [str(p) for p in packages if not (p / "__init__.py").exists()] == []


def test_test_files_have_names_of_their_own():
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []


def code_lines(path: Path) -> list[str]:
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    skipped = ("#", "import ", "from ")
    return [line for line in lines if line and not line.startswith(skipped)]


def test_few_lines_are_written_twice():
    files = {path: code_lines(path) for path in SOURCES}
    windows = {
        (path, start): tuple(lines[start : start + DUPLICATE_WINDOW])
        for path, lines in files.items()
        for start in range(len(lines) - DUPLICATE_WINDOW + 1)
    }
    seen = Counter(windows.values())
    twice = {
        (path.name, start + offset)
        for (path, start), window in windows.items()
        if seen[window] > 1
        for offset in range(DUPLICATE_WINDOW)
    }
    share = len(twice) / sum(map(len, files.values()))
    assert share <= SHARE_DUPLICATED, Counter(name for name, _ in twice)
