"""Rules of the house that a machine can see: size, docstrings, names, what must not be there."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("ebbtide", "features", "training", "service")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
PROGRAMS = sorted(
    path for folder in ("examples", "benchmarks") for path in (ROOT / folder).rglob("*.py")
)
MOST_LINES = 400
NAMELESS = {"utils", "helpers", "common", "misc", "manager", "processor"}
RUNS_CODE = {"pickle", "joblib", "cloudpickle", "dill", "marshal", "shelve"}

every_module = pytest.mark.parametrize(
    "path", MODULES, ids=[str(path.relative_to(ROOT)) for path in MODULES]
)


def reexports_only(tree: ast.Module) -> bool:
    """Whether a module is a docstring and re-exports."""

    def is_quiet(node: ast.stmt) -> bool:
        if isinstance(node, ast.ImportFrom):
            return True
        if isinstance(node, ast.Assign):
            return [ast.unparse(target) for target in node.targets] == ["__all__"]
        return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)

    return all(is_quiet(node) for node in tree.body)


def code_from_data(tree: ast.Module) -> list[str]:
    """Name every way in which a module could run code that it reads as data."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names if name.name.split(".")[0] in RUNS_CODE]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in RUNS_CODE:
            found.append(str(node.module))
        elif isinstance(node, ast.Constant) and node.value in RUNS_CODE:
            found.append(f"the text {node.value!r}")
        elif isinstance(node, ast.Attribute) and node.attr in {"read_pickle", "load_model"}:
            found.append(node.attr)
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            found.append("allow_pickle")
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"eval", "exec"}:
            found.append(ast.unparse(node.func))
    return found


HOMES = ("work", "farm", "root", "home")
REGISTRIES = (("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs", "org"))
INDEX_OPTION = "-".join(("index", "url"))
# Put together from pieces, so that this file does not find itself.
ADDRESS = re.compile(
    "|".join(
        (
            rf"(?<![A-Za-z0-9_.$}}])/(?:{'|'.join(HOMES)})/[\w.]",
            *(re.escape(".".join(host)) for host in REGISTRIES),
            rf"--(?:extra-)?{INDEX_OPTION}",
            r"https?://[^/\s\"]+/(?:simple|packages)/",
        )
    )
)


def test_the_packages_are_there() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in MODULES} == set(PACKAGES)


@pytest.mark.parametrize(
    "path", MODULES + PROGRAMS, ids=[str(path.relative_to(ROOT)) for path in MODULES + PROGRAMS]
)
def test_no_module_is_longer_than_the_house_allows(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES, f"{lines} lines; split it by idea"


@every_module
def test_every_module_says_what_it_holds(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert said, "the first line of a module says what it holds"
    assert said.splitlines()[0].rstrip().endswith((".", ":", "?")), said.splitlines()[0]


@every_module
def test_modules_have_names_that_say_something(path: Path) -> None:
    assert path.stem not in NAMELESS


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path.name == "__init__.py"],
    ids=lambda path: str(path.parent.relative_to(ROOT)),
)
def test_importing_a_package_does_nothing(path: Path) -> None:
    assert reexports_only(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "code", ["import os", "x = 1", "def f(): ...", "print('hello')", "if True: pass"]
)
def test_code_in_an_init_file_would_be_found(code: str) -> None:
    assert not reexports_only(ast.parse(f'"""Holds."""\n{code}\n'))


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {path.parent for path in MODULES}
    assert [str(at) for at in sorted(folders) if not (at / "__init__.py").exists()] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_owns_our_top_level_names(package: str) -> None:
    owners = set(importlib.metadata.packages_distributions().get(package, []))
    assert owners <= {"ebbtide"}
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).is_relative_to(ROOT)


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path.relative_to(ROOT).parts[0] in {"service", "ebbtide"}],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_what_serves_never_runs_code_from_data(path: Path) -> None:
    assert code_from_data(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "import joblib.numpy_pickle",
        "from cloudpickle import loads",
        "importlib.import_module('pickle')",
        "pd.read_pickle('x')",
        "mlflow.pyfunc.load_model('x')",
        "np.load('x', allow_pickle=True)",
        "eval('1')",
    ],
)
def test_running_code_from_data_would_be_found(code: str) -> None:
    assert code_from_data(ast.parse(code))


def test_no_file_names_a_machine_or_a_package_registry(kept_files: list[Path]) -> None:
    found = {}
    for path in kept_files:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if seen := ADDRESS.findall(text):
            found[str(path.relative_to(ROOT))] = seen
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        *(f"cd /{home}/somewhere" for home in HOMES),
        *(f"https://{'.'.join(host)}/project" for host in REGISTRIES),
        f"--{INDEX_OPTION} x",
        f"--extra-{INDEX_OPTION} x",
        f"http://mirror.local/{'simple'}/x",
    ],
)
def test_an_address_would_be_found(text: str) -> None:
    assert ADDRESS.findall(text)


def test_no_file_is_a_link(kept_files):
    assert [path for path in kept_files if path.is_symlink()] == []
