"""``[snapshot_table]`` of the project file: where a flat table is, and which columns have a role.

What the other columns hold is in the contract of the table, see
``ebbtide.contracts.snapshot_table``.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, model_validator


class SnapshotTable(BaseModel):
    """``[snapshot_table]``: instead of tables of events, one flat table with a label."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    path: str
    """CSV or Parquet file (a glob may name many), relative to the project file."""
    label: str
    """Column that says who churned."""
    churned: str | int | float | bool
    """Value of the label for those who churned."""
    customer_id: str | None = None
    """Column with the customer's id; without it rows are counted."""
    as_of: str | None = None
    """Column with the instant that a row describes; without it nothing can prove the absence of
    leakage."""
    value: str | None = None
    """Column with the margin at stake, in the project's currency, for the choice of an action;
    models see it too, unless it is ignored."""
    ignore: list[str] = []
    """Columns that models must not see."""
    contract: str | None = None
    """File of the columns' kinds, relative to the project file; ``<name>.contract.toml`` if
    absent. The first training writes it."""

    @model_validator(mode="after")
    def _roles_differ(self) -> SnapshotTable:
        roles = [name for name in (self.label, self.customer_id, self.as_of) if name is not None]
        twice = [name for name in dict.fromkeys(roles) if roles.count(name) > 1]
        if twice:
            raise ValueError(f"label, customer_id and as_of name the same column {twice[0]!r}")
        clash = [name for name in self.ignore if name in roles]
        if clash:
            raise ValueError(f"ignore names {clash[0]!r}, which is label, customer_id or as_of")
        return self
