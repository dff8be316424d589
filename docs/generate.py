"""Write the pages of the reference that follow from declarations: features, tables, bad requests.

    python docs/generate.py

A test holds the committed pages to what this script returns. What a page says is mended where it
is declared: in ``features.catalogue``, ``ebbtide.contracts.tables`` and ``tests/bad_requests``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ebbtide.causes import CAUSES
from ebbtide.contracts.forms import ACCEPTED, FORMS
from ebbtide.contracts.tables import SQL_TYPES, TABLES
from ebbtide.contracts.together import STALE_AFTER_DAYS
from ebbtide.contracts.wording import plain_number
from features.catalogue.buy_till_you_die import FITTED_FROM
from features.catalogue.catalogue import CATALOGUE
from features.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ebbtide.contracts.tables import Column, TableContract
    from features.catalogue.feature import Feature

FOLDER = Path(__file__).parent / "reference"

_MADE = "<!-- Made by docs/generate.py from the declarations in the code. Do not edit. -->"


_RISK = {
    None: "no direction agreed",
    "rises": "rises with the value",
    "falls": "falls with the value",
}


def features_page() -> str:
    """Return the reference of the features as Markdown."""
    families = dict.fromkeys(feature.contract.family for feature in CATALOGUE)
    sections = [_family_section(name) for name in families]
    causes = _table(
        ("cause", "en", "zh"), ((f"`{cause}`", text.en, text.zh) for cause, text in CAUSES.items())
    )
    views = _table(
        ("view", "table", "SQL"),
        ((f"`{v.name}`", _table_link(v.table), _code(v.sql)) for v in VIEWS.values()),
    )
    return f"""{_MADE}

# Features

{len(CATALOGUE)} features in {len(families)} families: the whole catalogue of `features.catalogue`.
A feature is left out where the company lacks its table or a column that it needs. Nothing here
mentions a date: the views hold only what had happened and was known strictly before `as_of`, with
its age (see [the concepts](../concepts.md#no-feature-can-see-the-future)).

- **Unit**: `currency` is that of the project file.
- **Range**: both ends included; the service refuses what lies outside.
- **Null**: what a missing value means. A feature that is never null must be sent.
- **Cause**: what the evidence may point at, never a claim.
- **Reason**: the fact as an answer states it, in English and Chinese. `{{value}}` is the
  customer's, shares in percent; `{{s}}` falls away where it is 1. What is typical of stayers
  and of leavers is put behind it (see [explanation](../explanation.md#reasons)).

## All features

{_table(("feature", "family", "unit", "range", "table", "cause"), map(_overview, CATALOGUE))}

{chr(10).join(sections)}
## Causes

{causes}

## Views

The SQL of a feature is an aggregate over one of these views, a group for each customer; or, without
a view, an expression over other features. `seen_<table>` is the table behind the one filter of
`features/seen.py`, which adds `age_us`, `age_days` and `age_day` (civil days, 0 is the last one
before `as_of`).

{views}
"""


def tables_page() -> str:
    """Return the reference of the tables as Markdown."""
    sections = "\n".join(_table_section(contract) for contract in TABLES.values())
    kinds = ", ".join(f"{kind} `{sql}`" for kind, sql in SQL_TYPES.items())
    accepted = "\n".join(f"  - {kind}: {form}" for kind, form in ACCEPTED.items())
    others = "\n".join(
        f"  - {form.name}: {_code(form.sql.format(column=column))}{form.note}"
        for column, kind in (("amount", "money"), ("occurred_at", "instant"))
        for form in FORMS[kind]
    )
    return f"""{_MADE}

# Tables

What a company may bring; only `transactions` is required, or `subscriptions` where
[the end of a contract is churn](../churn-definitions.md). Where each table is, and how its columns
are called there, says [the project file](project-file.md#tablesname). Columns that are not listed
here are ignored, and the check says so.

- **Kind**: how a column is held: {kinds}.
  Money is decimal, so that sums do not depend on the order of rows. An instant without an offset is
  read in the project's time zone.
- **Accepted forms**: how text, as of a CSV, has to be written. Parquet may also hold instants as
  dates or timestamps, and money and numbers as any numbers; true and false are neither.
{accepted}

  Nothing else is guessed at. The check knows some other forms when it sees them, counts them and
  says by which SQL a query reads them:
{others}
- **Clock**: the column that says when a row happened. A row is seen at `as_of` if it had happened
  *and* was known strictly before. Without `known_at` the two are the same.
- **Filled in**: the column holds nothing until the instant that is named has passed as well. A case
  that is resolved later counts as open until then.

## What is checked

`ebbtide check-data` holds tables to this page and names everything that is wrong at once, with
counts and never with values. `train`, `score` and `features` check the same and stop at errors.

- **Errors**: a required column is missing or has nulls; a value does not fit its kind or range, or
  is 1e14 or more in size; the clock or `known_at` lies in the future (what is due may); none of a
  table's customers is in `transactions`.
- **Warnings**: rows repeat; ids look like numbers with `.0`; what is filled in later lies in the
  future (planned, or by a wrong clock) or before the row's clock; fewer than half of a table's
  customers are in `transactions`; a table ends more than {STALE_AFTER_DAYS} days before them.
- **Advice**: instants carry no time zone; `known_at` lies before the row's clock; columns that
  nobody reads.

## All tables

{_table(("table", "what", "clock", "features that read it"), map(_table_overview, TABLES.values()))}

{sections}"""


def bad_requests_page() -> str:
    """Return the reference of bad requests as Markdown; the tables are those of the tests."""
    sys.path.insert(0, str(FOLDER.parents[1] / "tests"))
    from bad_requests.page import page

    return f"{_MADE}\n\n{page()}"


PAGES: dict[str, Callable[[], str]] = {
    "features.md": features_page,
    "tables.md": tables_page,
    "bad-requests.md": bad_requests_page,
}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
        sys.stdout.write(f"{FOLDER.name}/{name}\n")


def _overview(feature: Feature) -> tuple[str, ...]:
    contract = feature.contract
    return (
        f"[`{contract.name}`](#{contract.name})",
        contract.family.replace("_", " "),
        contract.unit,
        _range(contract.low, contract.high),
        _table_link(contract.table),
        f"`{contract.cause}`",
    )


def _family_section(family: str) -> str:
    members = "\n".join(_feature_section(f) for f in CATALOGUE if f.contract.family == family)
    return f"## Family: {family.replace('_', ' ')}\n\n{members}"


def _feature_section(feature: Feature) -> str:
    contract = feature.contract
    null = contract.when_null
    needed = ", ".join(f"`{column}`" for column in feature.columns)
    no_rows = "" if feature.when_no_rows is None else f"; {feature.when_no_rows} without a row"
    return f"""### `{contract.name}`

{contract.meaning}

- Unit: {contract.unit}. Range: {_range(contract.low, contract.high)}.
- Table: {_table_link(contract.table)}{f" with {needed}" if needed else ""}.
- Null: {"never" if null is None else f"{null.en} / {null.zh}"}.
- Cause: `{contract.cause}`. Risk: {_RISK[contract.risk]}.
- Reason: {contract.reason.en} / {contract.reason.zh}

```sql
-- {_read_by(feature)}{no_rows}
{feature.sql}
```
"""


def _read_by(feature: Feature) -> str:
    if feature.view is not None:
        return f"view {feature.view}"
    words = set(re.findall(r"\w+", feature.sql))
    held = [each for each in FITTED_FROM if each.name in words]
    if not held:
        return "an expression over features"
    told = ", ".join(f"{each.name} = {each.sql}" for each in held)
    return f"with {told} of view {held[0].view}"


def _table_overview(contract: TableContract) -> tuple[str, ...]:
    readers = sum(feature.contract.table == contract.name for feature in CATALOGUE)
    return (
        f"[`{contract.name}`](#{contract.name})",
        contract.meaning,
        f"`{contract.clock}`",
        str(readers) if readers else "none yet",
    )


def _table_section(contract: TableContract) -> str:
    columns = _table(
        ("column", "kind", "required", "meaning", "values", "filled in"),
        map(_column, contract.columns),
    )
    said = f"Holds {contract.meaning}. Clock: `{contract.clock}`."
    if contract.runs_until is not None:
        said += (
            f" A row lasts until `{contract.runs_until}`: it is seen while it runs, however old."
        )
    return f"## `{contract.name}`\n\n{said}\n\n{columns}\n"


def _column(column: Column) -> tuple[str, ...]:
    return (
        f"`{column.name}`",
        column.kind,
        "yes" if column.is_required else "",
        column.meaning,
        _values(column),
        f"at `{column.completed_at}`" if column.completed_at else "",
    )


def _values(column: Column) -> str:
    if column.choices:
        return ", ".join(f"`{choice}`" for choice in column.choices)
    if column.limits_by is not None:
        by, limits = column.limits_by
        each = (f"{_range(low, high)} where `{by}` is `{choice}`" for choice, low, high in limits)
        return ", ".join(each)
    is_bounded = column.low is not None or column.high is not None
    return _range(column.low, column.high) if is_bounded else ""


def _table_link(name: str) -> str:
    return f"[`{name}`](tables.md#{name})"


def _range(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return "any"
    if high is None:
        return f"{plain_number(low or 0.0)} or more"
    start = "up to" if low is None else f"{plain_number(low)} to"
    return f"{start} {plain_number(high)}"


def _code(text: str) -> str:
    return "`" + text.replace("|", r"\|") + "`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("|" + "".join(f" {cell} |" for cell in line) for line in lines)


if __name__ == "__main__":
    main()
