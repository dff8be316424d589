"""Texts in the languages that Ebbtide speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from ebbtide.errors import SettingsError

Language = Literal["en", "zh"]

LANGUAGES: tuple[Language, ...] = get_args(Language)


@dataclass(frozen=True, slots=True)
class Words:
    """One text in every language.

    Examples
    --------
    >>> Words("high", "高")["zh"]
    '高'
    """

    en: str
    zh: str

    def __getitem__(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


def spoken_language(name: str) -> Language:
    """Return a language that was asked for by its name on the command line.

    Raises
    ------
    SettingsError
        If Ebbtide does not speak it.

    Examples
    --------
    >>> spoken_language("zh")
    'zh'
    """
    for language in LANGUAGES:
        if name == language:
            return language
    raise SettingsError(f"Expected --language {' or '.join(LANGUAGES)}, got {name!r}.")
