"""Variables in the paths and queries of a project file: ``${NAME}`` becomes its value.

``${PROJECT_DIR}`` is the folder of the project file, whatever the environment says; every other
name is looked up in the environment.
"""

from __future__ import annotations

import glob
import os
import re
from typing import TYPE_CHECKING

from ebbtide.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

PROJECT_DIR = "PROJECT_DIR"

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PIECES = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|[^'"/-]+|.""", re.DOTALL)
"""Texts, names in quotation marks, comments, and what stands between them."""


def expand_variables(text: str, *, where: str, project_dir: Path | None = None) -> str:
    """Replace ``${NAME}`` in a path.

    Parameters
    ----------
    text : a path of the project file; it may be a glob.
    where : its key there, for the message.
    project_dir : folder of the project file; what is special in a glob is escaped in it.

    Raises
    ------
    SettingsError
        If a variable is not set.
    """
    return _VARIABLE.sub(lambda found: _value(found.group(1), where, project_dir), text)


def expand_query(query: str, *, where: str, project_dir: Path | None = None) -> str:
    """Replace ``${NAME}`` in SQL; a quotation mark in a value stays part of the text it stands in.

    Parameters
    ----------
    query : a query of the project file.
    where : its key there, for the message.
    project_dir : folder of the project file.

    Raises
    ------
    SettingsError
        If a variable is not set.

    Examples
    --------
    >>> from pathlib import Path
    >>> folder = Path("/data/Ada's shop")
    >>> expand_query("FROM '${PROJECT_DIR}/a.csv'", where="query", project_dir=folder)
    "FROM '/data/Ada''s shop/a.csv'"
    """

    def expanded(piece: str) -> str:
        mark = piece[0] if piece[0] in ("'", '"') else ""

        def value(found: re.Match[str]) -> str:
            plain = _value(found.group(1), where, project_dir)
            return plain.replace(mark, mark * 2) if mark else plain

        return _VARIABLE.sub(value, piece)

    return "".join(expanded(piece) for piece in _PIECES.findall(query))


def _value(name: str, where: str, project_dir: Path | None) -> str:
    if name == PROJECT_DIR and project_dir is not None:
        return glob.escape(str(project_dir.absolute()))
    if name not in os.environ:
        raise SettingsError(
            f"{where} needs the environment variable {name}, which is not set; "
            f"for example: export {name}=/path/to/data"
        )
    return os.environ[name]
