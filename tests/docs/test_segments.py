"""The rules of segments are in the page word for word, in the order in which they are asked."""

from __future__ import annotations

import pytest

from features.segments.rules import GROUPINGS

HEADINGS = {
    "rfm_segment": "RFM segments",
    "customer_level": "Customer levels",
    "value_type": "Value types",
}


@pytest.mark.parametrize("column", GROUPINGS)
def test_each_rule_is_documented_word_for_word_and_no_other(reference, column):
    section = reference("segments.md").section(HEADINGS[column])
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert rows[0] == f"| `{column}` | en | zh | rule |"
    assert rows[1:] == [
        f"| `{group.code}` | {group.name.en} | {group.name.zh} | {group.rule} |"
        for group in GROUPINGS[column]
    ]
