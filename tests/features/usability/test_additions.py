"""What absent tables would add agrees with the catalogue."""

from __future__ import annotations

from ebbtide.contracts.tables import TABLES
from features.catalogue.catalogue import CATALOGUE, features_present
from features.usability.additions import additions


def test_present_and_absent_features_are_the_whole_catalogue() -> None:
    columns = {"transactions": frozenset({"customer_id", "occurred_at", "amount"})}
    found = additions(columns)
    absent = sum(addition.n_features for addition in found)
    assert absent + len(features_present(columns)) == len(CATALOGUE)
    assert found[0].n_features == max(addition.n_features for addition in found)


def test_a_column_that_is_absent_is_named() -> None:
    columns = {name: frozenset(table.names) for name, table in TABLES.items()}
    assert additions(columns) == []
    columns["transactions"] -= {"discount"}
    [lacking] = additions(columns)
    assert (lacking.table, lacking.columns) == ("transactions", ("discount",))
    assert lacking.families == ("monetary",)
