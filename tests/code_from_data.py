"""Every way in which a module could run code that it reads as data, found in its syntax tree.

What is reached from a package by imports is found too, through our own packages only.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
OURS = ("ebbtide", "features", "service", "training")
MODULES = frozenset(
    [
        "pickle",
        "_pickle",
        "cPickle",
        "pickle5",
        "joblib",
        "cloudpickle",
        "dill",
        "marshal",
        "shelve",
        "jsonpickle",
        "runpy",
        "code",
        "codeop",
        "imp",
        "zipimport",
        "torch",
    ]
)
"""Modules that make objects or code of bytes."""

LOADERS = ("mlflow.pyfunc", "mlflow.sklearn", "mlflow.lightgbm", "mlflow.models", "mlflow.spark")
BUILTINS = frozenset({"eval", "exec", "compile", "__import__"})
CALLS = frozenset(
    [
        "os.system",
        "os.popen",
        "tempfile.mktemp",
        "yaml.unsafe_load",
        "yaml.full_load",
        "yaml.load_all",
        "yaml.unsafe_load_all",
        "subprocess.getoutput",
        "subprocess.getstatusoutput",
        "types.CodeType",
        "types.FunctionType",
    ]
)
ATTRIBUTES = frozenset({"read_pickle", "to_pickle", "load_model", "__reduce__", "__globals__"})
_WORDS = frozenset({"code", "imp", "torch", "compile"})  # words of other things, too
SAFE_YAML = frozenset({"SafeLoader", "CSafeLoader", "BaseLoader"})


def found_in(source: str) -> list[str]:
    """Return what a module's source holds of them, each with its line.

    Examples
    --------
    >>> found_in("import json"), found_in("from pickle import loads")
    ([], ['line 1: pickle'])
    """
    tree = ast.parse(source)
    names = _names_of_imports(tree)
    return [
        f"line {node.lineno}: {what}"  # type: ignore[attr-defined]  # what is found has a line
        for node in ast.walk(tree)
        for what in _of_node(node, names)
    ]


def _of_node(node: ast.AST, names: dict[str, str]) -> Iterator[str]:
    for module in _imported(node):
        if module.split(".")[0] in MODULES or f"{module}.".startswith(_DOTTED):
            yield module
    if isinstance(node, ast.ImportFrom):
        yield from (
            f"{node.module}.{each.name}"
            for each in node.names
            if f"{node.module}.{each.name}." in _DOTTED
        )
    if isinstance(node, ast.Constant) and node.value in MODULES - _WORDS:
        yield f"the text {node.value!r}"
    elif isinstance(node, ast.Name) and node.id in BUILTINS - _WORDS:
        yield f"the name {node.id}"
    elif isinstance(node, ast.Attribute) and node.attr in ATTRIBUTES:
        yield node.attr
    elif isinstance(node, ast.Attribute) and f"{_name(node, names)}.".startswith(_DOTTED):
        yield _name(node, names)
    elif isinstance(node, ast.Call):
        yield from _of_call(node, names)


def _of_call(call: ast.Call, names: dict[str, str]) -> Iterator[str]:
    called = _name(call.func, names)
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if called in BUILTINS or called in {f"builtins.{each}" for each in BUILTINS} | CALLS:
        yield called
    if called in {"importlib.import_module", "import_module"} and not _is_literal(call.args):
        yield "importlib.import_module of what is no literal"
    if called == "yaml.load":
        loader = given.get("Loader", call.args[1] if len(call.args) > 1 else None)
        if loader is None or _name(loader, names).rpartition(".")[2] not in SAFE_YAML:
            yield "yaml.load without a safe loader"
    if "allow_pickle" in given and not _is_false(given["allow_pickle"]):
        yield "allow_pickle"
    if called.startswith("subprocess.") and not _is_false(given.get("shell", _FALSE)):
        yield "a shell"
    if called == "getattr" and len(call.args) > 1 and _name(call.args[0], names) == "builtins":
        yield "getattr of builtins"


def _names_of_imports(tree: ast.Module) -> dict[str, str]:
    """Return what imported names stand for: ``run`` for ``subprocess.run``."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {each.asname: each.name for each in node.names if each.asname}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    return names


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return []


def _name(node: ast.AST, names: dict[str, str]) -> str:
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value, names)}.{node.attr}"
    return ""


def _is_literal(given: list[ast.expr]) -> bool:
    return bool(given) and isinstance(given[0], ast.Constant)


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


_FALSE = ast.Constant(value=False)
_DOTTED = tuple(f"{each}." for each in LOADERS)


def reached_from(package: str) -> list[Path]:
    """Return the modules of a package and all of ours that they import, directly or not.

    What is imported only for its types is not reached.
    """
    reached: set[Path] = set()
    waiting = set((ROOT / package).rglob("*.py"))
    while waiting:
        path = waiting.pop()
        if path in reached:
            continue
        reached.add(path)
        waiting |= _ours(ast.parse(path.read_text(encoding="utf-8"))) - reached
    return sorted(reached)


def _ours(tree: ast.Module) -> set[Path]:
    paths = set()
    for node in _at_run_time(tree):
        named = _imported(node)
        if isinstance(node, ast.ImportFrom):
            named += [f"{node.module}.{each.name}" for each in node.names]
        for module in named:
            parts = module.split(".")
            if parts[0] in OURS:
                ends = [parts[:count] for count in range(1, len(parts) + 1)]
                paths |= {ROOT.joinpath(*end).with_suffix(".py") for end in ends}
                paths |= {ROOT.joinpath(*end, "__init__.py") for end in ends}
    return {path for path in paths if path.is_file()}


def _at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from _at_run_time(child)
