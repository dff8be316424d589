"""The text and the keys of a TOML file that a person writes, or why there are none.

Every file of that kind is read here: in UTF-8, with or without a byte order mark. What its keys
mean is checked by who asks.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ebbtide.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True, kw_only=True)
class TomlFile:
    """A file, and what to say of it.

    Parameters
    ----------
    path : the file, or what was named as such.
    title : how a sentence about it begins, such as ``Policy file``.
    if_absent : the whole message where there is none.
    if_folder : what to do where it is a folder.
    if_refused : what to do where the system does not give it.
    """

    path: Path
    title: str
    if_absent: str
    if_folder: str
    if_refused: str

    @property
    def name(self) -> str:
        """How a sentence about this one begins."""
        return f"{self.title} {str(self.path)!r}"


def toml_text(file: TomlFile) -> str:
    """Return the text of a file.

    Parameters
    ----------
    file : what is read.

    Raises
    ------
    SettingsError
        If the file is absent, is a folder, cannot be read, or is in another encoding than UTF-8.
    """
    try:
        text = file.path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as err:
        raise SettingsError(file.if_absent) from err
    except IsADirectoryError as err:
        raise SettingsError(
            f"{file.name} cannot be read: it is a folder. {file.if_folder}"
        ) from err
    except OSError as err:
        raise SettingsError(
            f"{file.name} cannot be read: {err.strerror}. {file.if_refused}"
        ) from err
    except UnicodeDecodeError as err:
        raise _no_utf_8(file, "UTF-16" if _is_wide(err.object) else "another encoding") from err
    if _is_wide(text[:2].encode()):
        raise _no_utf_8(file, "UTF-16")
    return text


def toml_keys(text: str, *, name: str, advice: str = "Correct it there.") -> dict[str, Any]:
    """Return what the text of a file says.

    Parameters
    ----------
    text : as :func:`toml_text` returned it.
    name : how the message begins where it is no TOML.
    advice : what to do then.

    Raises
    ------
    SettingsError
        If the text is no TOML.

    Examples
    --------
    >>> toml_keys("rows = 3", name="The file")
    {'rows': 3}
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        raise SettingsError(f"{name} cannot be read as TOML: {err}. {advice}") from err
    except (ValueError, RecursionError) as err:
        raise SettingsError(
            f"{name} cannot be read as TOML: a number is too long, or lists lie too deep in each "
            f"other. {advice}"
        ) from err


def _is_wide(data: bytes) -> bool:
    """Whether data begin as UTF-16 does: with its mark, or with a sign of ASCII in two bytes."""
    return data[:2] in _WIDE_MARKS or b"\0" in data[:2]


def _no_utf_8(file: TomlFile, found: str) -> SettingsError:
    return SettingsError(
        f"{file.name} cannot be read as TOML: expected UTF-8, got {found}. Save it as UTF-8."
    )
