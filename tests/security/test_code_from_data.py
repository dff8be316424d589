"""Nothing that serves can run code of what it reads: not an artefact, not a body, not a file."""

from __future__ import annotations

import pytest

from code_from_data import ROOT, found_in, reached_from

REACHED = reached_from("service")
PLANTED = {
    "import pickle": "pickle",
    "import cPickle as p": "cPickle",
    "def f():\n    import joblib.numpy_pickle": "joblib.numpy_pickle",
    "from cloudpickle import loads": "cloudpickle",
    "import dill": "dill",
    "import marshal": "marshal",
    "import shelve": "shelve",
    "import runpy": "runpy",
    "import mlflow.pyfunc": "mlflow.pyfunc",
    "from mlflow.pyfunc import load_model": "mlflow.pyfunc",
    "import mlflow\nmlflow.pyfunc.x()": "mlflow.pyfunc",
    "from mlflow import sklearn": "mlflow.sklearn",
    "import mlflow.lightgbm as m": "mlflow.lightgbm",
    "model = registry.load_model(uri)": "load_model",
    "eval('1')": "eval",
    "exec(text)": "exec",
    "run = eval": "the name eval",
    "import builtins\nbuiltins.exec(text)": "builtins.exec",
    "import builtins\ngetattr(builtins, name)(text)": "getattr of builtins",
    "compile(text, '', 'exec')": "compile",
    "__import__(name)": "__import__",
    "import importlib\nimportlib.import_module(name)": "importlib.import_module of what",
    "from importlib import import_module as load\nload(f'x.{y}')": "importlib.import_module of",
    "import importlib\nimportlib.import_module('pickle')": "the text 'pickle'",
    "import numpy as np\nnp.load(path, allow_pickle=True)": "allow_pickle",
    "import numpy as np\nnp.load(path, allow_pickle=is_ours)": "allow_pickle",
    "import pandas as pd\npd.read_pickle(path)": "read_pickle",
    "import yaml\nyaml.load(text)": "yaml.load without",
    "import yaml\nyaml.load(text, Loader=yaml.FullLoader)": "yaml.load without",
    "from yaml import load\nload(text)": "yaml.load without",
    "import yaml\nyaml.unsafe_load(text)": "yaml.unsafe_load",
    "import subprocess\nsubprocess.run(text, shell=True)": "a shell",
    "from subprocess import run\nrun(text, shell=is_asked)": "a shell",
    "import os\nos.system(text)": "os.system",
    "import tempfile\ntempfile.mktemp()": "tempfile.mktemp",
    "x = f.__globals__": "__globals__",
}
HARMLESS = (
    "import re\nre.compile('x')",
    "import json\njson.loads(text)",
    "import yaml\nyaml.load(text, Loader=yaml.SafeLoader)",
    "import subprocess\nsubprocess.run(['a'], shell=False)",
    "import importlib\nimportlib.import_module('features.verbs')",
    "import numpy as np\nnp.load(path, allow_pickle=False)",
    "connection.execute(query)",
    "import mlflow\nmlflow.MlflowClient()",
)


def test_what_serves_is_reached_through_all_our_packages():
    folders = {path.relative_to(ROOT).parts[0] for path in REACHED}
    assert folders == {"ebbtide", "features", "service"}
    names = {str(path.relative_to(ROOT)) for path in REACHED}
    assert {"service/app.py", "ebbtide/bundle/read.py", "features/live.py"} <= names


@pytest.mark.parametrize("path", REACHED, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_serves_runs_no_code_of_what_it_reads(path):
    assert found_in(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(("source", "found"), PLANTED.items(), ids=PLANTED)
def test_what_is_planted_is_found(source, found):
    assert any(each.partition(": ")[2].startswith(found) for each in found_in(source))


@pytest.mark.parametrize("source", HARMLESS)
def test_what_is_harmless_is_not(source):
    assert found_in(source) == []
