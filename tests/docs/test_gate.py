"""Every code of the gate is in its page, with what it asks and what catches which defect."""

from __future__ import annotations

import pytest

from training.gate import CODES


@pytest.fixture
def page(reference):
    return reference("gate.md")


def test_each_code_is_documented_with_what_it_asks_and_no_other(page):
    rows = page.rows("What is asked")
    assert {code: rows[code][1] for code in CODES} == {
        code: meaning.asks.en for code, meaning in CODES.items()
    }
    assert {row[0].strip("`") for row in rows.values() if row[0].startswith("`")} == set(CODES)


def test_codes_that_may_never_be_accepted_are_named(page):
    never = [code for code, meaning in CODES.items() if not meaning.is_acceptable]
    assert "`" + "` and `".join(never) + "` are not acceptable" in page.section("Accepting")
