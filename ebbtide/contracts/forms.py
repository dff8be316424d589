"""How values of each kind are written, and which other ways of writing are known when they come.

Ways of writing are told apart by their shape, for the words of a finding; nothing is converted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

    from ebbtide.contracts.tables import ColumnKind

ACCEPTED: dict[ColumnKind, str] = {
    "instant": "2026-03-01 09:00:00, alone or with an offset such as +01:00",
    "money": "1234.50, a point for decimals and nothing else",
    "number": "1234.50, a point for decimals and nothing else",
    "flag": "true or false, 1 or 0",
}
"""How values are written as text; ids and texts are taken as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Another way of writing that people use, and the SQL that reads it."""

    name: str
    pattern: str
    """A regular expression of DuckDB's, which Spark's reads alike."""
    sql: str
    """An expression over ``{column}``."""
    note: str = ""
    """What else to mind, from the mark before it on."""


_NUMBERS = (
    Form(
        name="a decimal comma",
        # Three digits behind it are decimals only where no thousands can be before it.
        pattern=r"^ *[+-]?([0-9]+,([0-9]{1,2}|[0-9]{4,})|(0|[0-9]{4,}),[0-9]{3}"
        r"|[0-9]{1,3}([.][0-9]{3})+,[0-9]+) *$",
        sql="replace({column}, ',', '.')",
        note=", and take out points between thousands first where there are any",
    ),
    Form(
        name="commas between thousands",
        pattern=r"^ *[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+([.][0-9]*)? *$",
        sql="replace({column}, ',', '')",
        note=", unless the comma stands before decimals",
    ),
    Form(
        name="a currency beside the number",
        pattern=r"^ *[+-]? *([$€£¥]|[A-Z]{3}) *[+-]?[0-9][0-9., ]*$"
        r"|^ *[+-]?[0-9][0-9., ]*([$€£¥]|[A-Z]{3}) *$",
        sql="regexp_replace({column}, '[^0-9.,-]', '', 'g')",
        note="; sums of other currencies have to be converted",
    ),
)

_TIME = r"( +[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?)? *$"
_INSTANTS = (
    Form(
        name="day.month.year",
        pattern=r"^ *[0-9]{1,2}[.][0-9]{1,2}[.][0-9]{4}" + _TIME,
        sql="strptime({column}, ['%d.%m.%Y %H:%M:%S', '%d.%m.%Y %H:%M', '%d.%m.%Y'])",
    ),
    Form(
        name="month/day/year or day/month/year",
        pattern=r"^ *[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}" + _TIME,
        sql="strptime({column}, ['%m/%d/%Y %H:%M:%S', '%m/%d/%Y %H:%M', '%m/%d/%Y'])",
        note=", with %d/%m where the day comes first",
    ),
    Form(
        name="seconds since 1970",
        pattern=r"^ *[0-9]{9,10}([.][0-9]*)? *$",
        sql="to_timestamp(CAST({column} AS DOUBLE))",
    ),
    Form(
        name="milliseconds since 1970",
        pattern=r"^ *[0-9]{12,13}([.]0*)? *$",
        sql="to_timestamp(CAST({column} AS DOUBLE) / 1000)",
    ),
    Form(
        name="year, month and day as one number",
        pattern=r"^ *(19|20)[0-9]{6} *$",
        sql="strptime(CAST({column} AS VARCHAR), '%Y%m%d')",
    ),
)

FORMS: dict[ColumnKind, tuple[Form, ...]] = {
    "money": _NUMBERS,
    "number": _NUMBERS,
    "instant": _INSTANTS,
}


def forms_that_came(
    connection: DuckDBPyConnection, relation: str, *, column: str, kind: ColumnKind, broken: str
) -> list[tuple[Form, int]]:
    """Return the ways of writing that are known among the values that are none of a kind.

    Parameters
    ----------
    connection : where the relation can be read.
    relation : name of a table or view.
    column : whose values are looked at.
    kind : what they should be.
    broken : SQL that is true where they are not.

    Returns
    -------
    list of (Form, int)
        With the rows of each, the most frequent first.
    """
    forms = FORMS.get(kind, ())
    if not forms:
        return []
    text = f'CAST("{column}" AS VARCHAR)'
    counts = ", ".join(
        f"count(*) FILTER (regexp_matches({text}, '{form.pattern}'))" for form in forms
    )
    [found] = connection.sql(f"SELECT {counts} FROM {relation} WHERE {broken}").fetchall()
    came = [(form, int(count)) for form, count in zip(forms, found, strict=True) if count]
    return sorted(came, key=lambda one: -one[1])


def came_in_words(came: Sequence[tuple[Form, int]]) -> str:
    """Return what came, and how often.

    Examples
    --------
    >>> came_in_words([(FORMS["instant"][0], 1200), (FORMS["instant"][2], 1)])
    'day.month.year in 1,200 row(s), seconds since 1970 in 1 row(s)'
    """
    return ", ".join(f"{form.name} in {count:,} row(s)" for form, count in came)


def advice_on(forms: Sequence[Form], *, column: str) -> str:
    """Return what to do about a column that is written otherwise.

    Of several ways of writing none is read by the SQL of another: it could make another number.

    Parameters
    ----------
    forms : that came.
    column : its name by the contract; the file may have another.

    Examples
    --------
    >>> advice_on(FORMS["money"][1:2], column="amount")
    "Read them in a query, by the name in your file: replace(amount, ',', '') AS amount, unless \
the comma stands before decimals."
    >>> advice_on(FORMS["money"], column="amount")
    'They are written in several ways: tell them apart at the source.'
    """
    if len(forms) > 1:
        return "They are written in several ways: tell them apart at the source."
    [form] = forms
    read = f"{form.sql.format(column=column)} AS {column}{form.note}"
    return f"Read them in a query, by the name in your file: {read}."
