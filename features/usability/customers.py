"""To whom the rows of a table belong: one customer with an absurd share, ids in two spellings.

No id is ever quoted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ebbtide.contracts.findings import Finding
from ebbtide.contracts.tables import table_contract

if TYPE_CHECKING:
    from features.tables import Tables

ABSURD_SHARE = 0.05
"""Share of a table's rows that one customer does not have in earnest ..."""

ABSURD_TIMES_EVEN = 10
"""... if it is also so many times what each would have if all had the same."""

PLACEHOLDER_TIMES_MEDIAN = 10
"""An id such as 0, -1 or 99999 is a placeholder if it has so many times the median of rows."""


def share_of_one(tables: Tables, name: str) -> float:
    """Return the largest share of a table's rows that belong to one customer, 0 to 1."""
    share = tables.connection.sql(
        f"SELECT max(n) / sum(n) FROM (SELECT count(*) AS n FROM {name} "
        f"WHERE customer_id IS NOT NULL GROUP BY customer_id)"
    ).fetchall()[0][0]
    return float(share or 0.0)


def suspicious_customers(tables: Tables, name: str) -> list[Finding]:
    """Return what is suspicious about the customers of a table.

    Parameters
    ----------
    tables : the typed tables.
    name : one of them, with its required columns.
    """
    n_rows, n_customers, top, n_placeholders, n_spellings = tables.connection.sql(
        f"""
        WITH per_customer AS (
            SELECT customer_id, count(*) AS n FROM {name}
            WHERE customer_id IS NOT NULL GROUP BY customer_id
        ), seen AS (SELECT quantile_disc(n, 0.5) AS median FROM per_customer)
        SELECT coalesce(sum(n), 0), count(*), coalesce(max(n), 0),
            coalesce(sum(n) FILTER (
                regexp_full_match(trim(customer_id), '0+|-[0-9]|9{{4,}}')
                AND n >= {PLACEHOLDER_TIMES_MEDIAN} * (SELECT median FROM seen)
            ), 0),
            count(*) - count(DISTINCT lower(trim(customer_id)))
        FROM per_customer
        """
    ).fetchall()[0]
    findings = []
    is_alone = n_customers == 1 and n_rows >= 100
    if is_alone or top >= max(ABSURD_SHARE, ABSURD_TIMES_EVEN / max(n_customers, 1)) * n_rows > 0:
        findings.append(
            Finding(
                severity="warning",
                table=name,
                column="customer_id",
                count=top,
                message=f"is one and the same in {top / n_rows:.0%} of the rows.",
                advice="If it stands for nobody (walk-in, guest, the shop itself), drop these rows "
                "in a query.",
            )
        )
    if n_placeholders:
        findings.append(
            Finding(
                severity="warning",
                table=name,
                column="customer_id",
                count=n_placeholders,
                message="is a placeholder such as 0, -1 or 9999, with many rows.",
                advice="All of them count as one customer; drop these rows in a query.",
            )
        )
    if n_spellings:
        findings.append(
            Finding(
                severity="advice",
                table=name,
                column="customer_id",
                message=f"has {n_spellings:,} more spelling(s) than without case and blanks.",
                advice="'A1' and 'a1 ' are two customers; bring them to one form in a query.",
            )
        )
    return findings


def shared_orders(tables: Tables, name: str) -> list[Finding]:
    """Return how many orders of the transactions belong to more than one customer."""
    if name != "transactions" or "order_id" not in tables.columns[name]:
        return []
    n_shared, n_rows = tables.connection.sql(
        """
        SELECT count(*), coalesce(sum(n), 0) FROM (
            SELECT count(*) AS n FROM transactions
            WHERE order_id IS NOT NULL AND customer_id IS NOT NULL
            GROUP BY order_id HAVING min(customer_id) <> max(customer_id)
        )
        """
    ).fetchall()[0]
    if not n_shared:
        return []
    return [
        Finding(
            severity="advice",
            table=name,
            column="order_id",
            count=int(n_rows),
            message=f"is shared by different customers, in {n_shared:,} order(s).",
            advice="Orders are counted for each customer. If numbers start again (each year, each "
            "shop), put the year or shop before them in a query.",
        )
    ]


def events_before_sign_up(tables: Tables, name: str) -> list[Finding]:
    """Return how many rows of a table lie a day or more before their customer signed up."""
    contract = table_contract(name)
    has_sign_up = "signed_up_at" in tables.columns.get("customers", frozenset())
    if not has_sign_up or name == "customers" or contract.clock not in contract.required:
        return []
    count = tables.connection.sql(
        f"""
        SELECT count(*) FROM {name} JOIN (
            SELECT customer_id, min(signed_up_at) AS signed_up_at FROM customers GROUP BY 1
        ) USING (customer_id)
        WHERE {contract.clock} < signed_up_at - INTERVAL 1 DAY
        """
    ).fetchall()[0][0]
    if not count:
        return []
    return [
        Finding(
            severity="warning",
            table=name,
            column=contract.clock,
            count=count,
            message="lies before its customer signed up.",
            advice="Check what signed_up_at means: a date of migration or of the last contract "
            "makes old customers look new.",
        )
    ]
