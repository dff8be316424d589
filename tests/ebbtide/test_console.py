"""What verbs print stands there as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.console import progress_shown, screen

if TYPE_CHECKING:
    import pytest

WRITTEN = "[training] as [/agreed] with [red]marketing"


def test_brackets_in_a_text_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    screen().print(WRITTEN)
    with progress_shown("Tuning") as progress:
        progress(WRITTEN)
    shown = capsys.readouterr()
    assert shown.out == f"{WRITTEN}\n"
    assert shown.err == f"Tuning: {WRITTEN}\n"


def test_brackets_are_no_markup_in_the_line_that_moves(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress_shown("Tuning") as progress:
        progress(WRITTEN)
    assert f"Tuning: {WRITTEN}" in capsys.readouterr().err
