"""The nine tables that a company may bring, column by column.

This is the one place that says which clock a table runs on, and which columns are filled in later.
It reads no data: ``ebbtide.contracts.check`` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ebbtide.errors import ContractError, did_you_mean

ColumnKind = Literal["id", "instant", "money", "number", "text", "flag"]

SQL_TYPES: dict[ColumnKind, str] = {
    "id": "VARCHAR",
    "instant": "TIMESTAMP",
    "money": "DECIMAL(18, 4)",
    "number": "DOUBLE",
    "text": "VARCHAR",
    "flag": "BOOLEAN",
}
"""How each kind is held in DuckDB. Money is decimal, so that sums do not depend on order."""

SIZE_LIMIT = 1e14
"""Money and numbers must be smaller, without sign: that many fit into the decimals of sums."""

EARLIEST_DAY = "1899-12-29"
"""No instant of a company lies before it. Defaults for no date, 1899-12-30 and 1900-01-01, are not
errors in any time zone: they are warned of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table.

    ``completed_at`` names the column that holds the instant from which this one is true: a value
    that is filled in later stays unseen until then.
    """

    name: str
    kind: ColumnKind
    meaning: str
    is_required: bool = False
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    limits_by: tuple[str, tuple[tuple[str, float, float], ...]] | None = None
    """A column of choices, and the smallest and largest value that go with each of them."""
    completed_at: str | None = None


def typed_sql(column: Column) -> str:
    """Return the SQL that reads a raw column as its kind; null where that cannot be done.

    An instant becomes a UTC timestamp: one that carries an offset by that offset, one that does not
    in the connection's ``TimeZone``.

    Examples
    --------
    >>> typed_sql(TRANSACTIONS.column("amount"))
    'TRY_CAST("amount" AS DECIMAL(18, 4))'
    """
    if column.kind == "instant":
        return f"timezone('UTC', TRY_CAST(\"{column.name}\" AS TIMESTAMPTZ))"
    return f'TRY_CAST("{column.name}" AS {SQL_TYPES[column.kind]})'


@dataclass(frozen=True, slots=True, kw_only=True)
class TableContract:
    """One table: its columns, and the column that says when a row happened.

    ``runs_until`` names the column with the end of what a row is about, where that lasts: such a
    row speaks of the time until then, however long ago it began.
    """

    name: str
    meaning: str
    clock: str
    columns: tuple[Column, ...]
    runs_until: str | None = None

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that must be there and never null."""
        return tuple(column.name for column in self.columns if column.is_required)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return a column by its name.

        Raises
        ------
        ContractError
            If the table has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise ContractError(
            f"Table {self.name!r} has no column {name!r}; {did_you_mean(name, self.names)}"
        )


_CUSTOMER = Column(name="customer_id", kind="id", meaning="who", is_required=True)
_KNOWN_AT = Column(
    name="known_at",
    kind="instant",
    meaning="when the company's systems knew the row; the table's own clock where it is null",
)


def _table(
    name: str, meaning: str, clock: str, *columns: Column, runs_until: str | None = None
) -> TableContract:
    return TableContract(
        name=name,
        meaning=meaning,
        clock=clock,
        columns=(_CUSTOMER, *columns, _KNOWN_AT),
        runs_until=runs_until,
    )


def _instant(name: str, meaning: str, *, completed_at: str | None = None) -> Column:
    return Column(name=name, kind="instant", meaning=meaning, completed_at=completed_at)


def _clock(name: str, meaning: str) -> Column:
    return Column(name=name, kind="instant", meaning=meaning, is_required=True)


def _text(name: str, meaning: str) -> Column:
    return Column(name=name, kind="text", meaning=meaning)


TRANSACTIONS = _table(
    "transactions",
    "purchases and returns, a row for each line or order",
    "occurred_at",
    _clock("occurred_at", "when it happened"),
    Column(
        name="amount",
        kind="money",
        meaning="in the project's currency; negative is a return",
        is_required=True,
    ),
    Column(name="order_id", kind="id", meaning="lines of one order share it"),
    Column(name="product_id", kind="id", meaning="what was bought"),
    _text("category", "kind of product"),
    _text("channel", "where it was bought"),
    Column(name="quantity", kind="number", meaning="units"),
    Column(name="discount", kind="money", meaning="deducted from the price, in currency", low=0.0),
)

COMPLAINTS = _table(
    "complaints",
    "complaints and support cases, a row for each case",
    "opened_at",
    _clock("opened_at", "when the customer complained"),
    _instant("resolved_at", "when the case was closed for good", completed_at="resolved_at"),
    Column(name="severity", kind="number", meaning="1 (slight) to 5 (grave)", low=1.0, high=5.0),
    _text("category", "what it was about"),
    _text("channel", "how it reached the company"),
    Column(
        name="reopened",
        kind="flag",
        meaning="opened again after a first answer; believed only once the case is closed",
        completed_at="resolved_at",
    ),
)

ACTIVITY = _table(
    "activity",
    "signs of life other than purchases",
    "occurred_at",
    _clock("occurred_at", "when it happened"),
    _text("kind", "login, visit, email_open, call ..."),
    Column(name="value", kind="number", meaning="size, where there is one (minutes, pages)"),
)

SURVEYS = _table(
    "surveys",
    "answers to satisfaction surveys",
    "answered_at",
    _clock("answered_at", "when it was answered"),
    Column(
        name="metric",
        kind="text",
        meaning="which question",
        is_required=True,
        choices=("csat", "nps", "ces"),
    ),
    Column(
        name="score",
        kind="number",
        meaning="csat 1 to 5, nps 0 to 10, ces 1 (hard) to 7 (easy); high is always good",
        is_required=True,
        low=0.0,
        high=10.0,
        limits_by=("metric", (("csat", 1.0, 5.0), ("nps", 0.0, 10.0), ("ces", 1.0, 7.0))),
    ),
)

SUBSCRIPTIONS = _table(
    "subscriptions",
    "contracts and plans, a row for each period",
    "started_at",
    _clock("started_at", "first day"),
    _instant("ended_at", "when it ended; null while it runs", completed_at="ended_at"),
    Column(
        name="end_reason",
        kind="text",
        meaning="why it ended",
        choices=("voluntary", "payment", "unknown"),
        completed_at="ended_at",
    ),
    _text("plan", "name of the plan"),
    Column(name="price", kind="money", meaning="for one period", low=0.0),
    Column(name="period_days", kind="number", meaning="length of a period", low=1.0),
    runs_until="ended_at",
)

PAYMENTS = _table(
    "payments",
    "sums that fall due, a row for each",
    "due_at",
    _clock("due_at", "when it was to be paid"),
    _instant("paid_at", "when it was paid; null while it is not", completed_at="paid_at"),
    Column(name="amount", kind="money", meaning="in the project's currency"),
    Column(name="status", kind="text", meaning="paid, failed ...", completed_at="paid_at"),
)

BALANCES = _table(
    "balances",
    "levels measured now and then",
    "measured_at",
    _clock("measured_at", "when it was measured"),
    Column(name="name", kind="text", meaning="what was measured", is_required=True),
    Column(name="value", kind="number", meaning="its level", is_required=True),
)

CUSTOMERS = _table(
    "customers",
    "what is known of a customer, a row for each",
    "known_at",
    _instant("signed_up_at", "when they became a customer", completed_at="signed_up_at"),
    _text("segment", "the company's own grouping"),
    _text("region", "where they live"),
)

TREATMENTS = _table(
    "treatments",
    "retention actions that were assigned, a row for each",
    "assigned_at",
    _clock("assigned_at", "when it was decided"),
    Column(name="action", kind="text", meaning="code of the action", is_required=True),
    Column(
        name="arm",
        kind="text",
        meaning="whether it was to be done",
        is_required=True,
        choices=("treated", "holdout"),
    ),
    Column(
        name="propensity",
        kind="number",
        meaning="probability of the arm at assignment",
        is_required=True,
        low=0.0,
        high=1.0,
    ),
    _instant("delivered_at", "when it reached the customer", completed_at="delivered_at"),
    Column(name="cost", kind="money", meaning="what it cost", completed_at="delivered_at"),
)

TABLES: dict[str, TableContract] = {
    table.name: table
    for table in (
        TRANSACTIONS,
        COMPLAINTS,
        ACTIVITY,
        SURVEYS,
        SUBSCRIPTIONS,
        PAYMENTS,
        BALANCES,
        CUSTOMERS,
        TREATMENTS,
    )
}


def table_contract(name: str) -> TableContract:
    """Return the contract of a table.

    Raises
    ------
    ContractError
        If there is no such table.

    Examples
    --------
    >>> table_contract("complaints").clock
    'opened_at'
    """
    if name not in TABLES:
        raise ContractError(f"There is no table {name!r}; {did_you_mean(name, TABLES)}")
    return TABLES[name]
