"""The tree of errors, and hints at the word that was meant."""

from __future__ import annotations

import pytest

from ebbtide import errors


def test_every_error_has_the_common_base_and_stands_in_the_drawing() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert all(issubclass(kind, errors.EbbtideError) for kind in kinds)
    assert all(kind.__name__ in errors.__doc__ for kind in kinds)
    assert len(kinds) == 5


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("gapdays", "did you mean 'gap_days'?"),
        ("horizon", "did you mean 'horizon_days'?"),
        ("colour", "known are: gap_days, horizon_days"),
        ("", "known are: gap_days, horizon_days"),
    ],
)
def test_a_hint_names_the_nearest_word_or_all(given, hint) -> None:
    assert errors.did_you_mean(given, ["horizon_days", "gap_days"]) == hint
